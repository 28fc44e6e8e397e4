// SPDX-License-Identifier: Apache-2.0
#include "daemon/desk/worker.h"

#include <thread>
#include <utility>
#include <vector>

namespace insd::desk {
namespace {

constexpr std::size_t kMaxWaiting = 64;
constexpr std::size_t kMaxWaitingOfOne = 8;

// After these the card in the reader may be another one, or have lost its state. Status words are not among
// them.
bool ends_generation(Code code) {
  switch (code) {
    case Code::CARD_CHANGED:  // a serial or a content that is not this generation's
    case Code::CARD_REMOVED:
    case Code::CARD_RESET:
    case Code::CARD_ABSENT:
    case Code::CARD_MUTE:
    case Code::PCSC_LOST:
    case Code::PCSC_ABSENT:
    case Code::READER_FAILED:
    case Code::READER_NOT_FOUND:
      return true;
    default:
      return false;
  }
}

// Met before pcscd has told the monitor: it may never tell.
bool shows_another_state(Code code) {
  return code == Code::READER_HELD || code == Code::CARD_MUTE || code == Code::READER_FAILED;
}

}  // namespace

struct Worker::Connection {
  std::string generation;
  pcsc::Context context;
  std::optional<pcsc::CardConnection> card;

  Connection(const pcsc::PcscApi& api, std::string current) : generation(std::move(current)), context(api) {}
};

Worker::Worker(const pcsc::PcscApi& api, std::string reader, Desk desk)
    : api_(api), reader_(std::move(reader)), desk_(std::move(desk)) {}

std::shared_ptr<Worker> Worker::start(const pcsc::PcscApi& api, std::string reader, Desk desk) {
  std::shared_ptr<Worker> worker(new Worker(api, std::move(reader), std::move(desk)));
  // Detached on purpose, and owning itself: a thread inside SCardTransmit may outlive the desk.
  std::thread([worker] { worker->loop(); }).detach();
  return worker;
}

std::uint64_t Worker::post(Job job) {
  std::uint64_t ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) throw Error(*stopping_, printable(reader_));
    // A job without work gives a card back: nobody's eagerness keeps that from being done.
    if (job.work && (queue_.size() >= kMaxWaiting || queue_.size_of(job.patience.uid) >= kMaxWaitingOfOne)) {
      throw Error(Code::BUSY, printable(reader_));
    }
    ticket = ++last_ticket_;
    const auto [uid, pid] = std::pair(job.patience.uid, job.patience.pid);
    queue_.push(uid, pid, {ticket, std::move(job)});
  }
  changed_.notify_one();
  return ticket;
}

bool Worker::withdraw(std::uint64_t ticket) {
  std::optional<Ticket> withdrawn;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  if (current_ && current_->number == ticket) {
    if (current_->begun) return false;
    withdrawn.swap(current_);
    return true;
  }
  withdrawn = queue_.take([ticket](const Ticket& waiting) { return waiting.number == ticket; });
  return withdrawn.has_value();
}

void Worker::stop(Code why, std::function<void()> ended) {
  std::vector<Ticket> refused;  // a thread that never comes back must not keep them, nor a PIN in them
  {
    const std::lock_guard lock(mutex_);
    stopping_ = why;
    while (auto waiting = queue_.pop()) refused.push_back(std::move(*waiting));
    if (current_ && !current_->begun) {
      refused.push_back(std::move(*current_));
      current_.reset();
    }
    if (!ended_) when_ended_ = std::exchange(ended, nullptr);
  }
  stop_.request_stop();
  changed_.notify_all();
  for (Ticket& ticket : refused) {
    ticket.job.work = nullptr;
    ticket.job.done({}, std::make_exception_ptr(Error(why, printable(reader_))));
  }
  if (ended) ended();
}

std::optional<Code> Worker::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

bool Worker::wait_ended(Steady::time_point until) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, until, [this] { return ended_; });
}

void Worker::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_one();
}

void Worker::held_by_others() {
  {
    const std::lock_guard lock(mutex_);
    held_by_others_ = true;
  }
  changed_.notify_one();
}

Worker::Status Worker::status() const {
  const std::lock_guard lock(mutex_);
  Status now{phase_, Steady::now() - phase_since_};
  if (current_) now.ticket = current_->number;
  if (current_ && current_->begun) now.silence = current_->job.patience.silence;
  return now;
}

void Worker::enter(Phase phase) {
  const std::lock_guard lock(mutex_);
  phase_ = phase;
  phase_since_ = Steady::now();
}

void Worker::loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stopping_ || woken_ || held_by_others_ || !queue_.empty(); });
    woken_ = false;
    phase_since_ = Steady::now();
    if (stopping_) break;
    current_ = queue_.pop();
    std::optional<Job> meant;
    if (current_) {
      // The work stays where it can be withdrawn.
      meant = Job{current_->job.generation, current_->job.atr,   nullptr,
                  current_->job.patience,   current_->job.until, nullptr};
      phase_ = current_->job.work ? Phase::CONNECTING : Phase::WORKING;
    }
    lock.unlock();
    if (meant) {
      run_job(*meant);
    } else {
      drop_unheld();
      past_others();
    }
    lock.lock();
    phase_ = Phase::IDLE;
  }
  lock.unlock();
  end_connection();
  lock.lock();
  phase_ = Phase::IDLE;
  ended_ = true;
  const auto tell = std::exchange(when_ended_, nullptr);
  changed_.notify_all();
  lock.unlock();
  if (tell) tell();
}

void Worker::run_job(const Job& meant) {
  std::any result;
  std::exception_ptr failure;
  try {
    result = execute(meant);
  } catch (Error& error) {
    if (ends_generation(error.code()) || std::exchange(session_broken_, false)) {
      end_connection();
      desk_.card_failed(meant.generation, error);
    }
    if (shows_another_state(error.code())) desk_.look_again();
    error.prefix(printable(reader_));
    failure = std::current_exception();
    // The caller hears why its work was cut short, not how.
    const bool cut = error.code() == Code::CANCELLED || error.code() == Code::CARD_CHANGED;
    if (const auto why = stopped(); cut && why && !meant.patience.stop.stop_requested()) {
      failure = std::make_exception_ptr(Error(*why, printable(reader_)));
    }
  } catch (...) {
    failure = std::current_exception();
  }
  drop_unheld();
  std::optional<Ticket> finished;
  {
    const std::lock_guard lock(mutex_);
    finished.swap(current_);
  }
  if (!finished) return;
  finished->job.work = nullptr;  // what it captured (a PIN) ends before the caller goes on
  finished->job.done(std::move(result), failure);
}

void Worker::check_still_meant(const Job& meant) const {
  if (meant.patience.stop.stop_requested() || stop_.stop_requested()) throw Error(Code::CANCELLED);
  if (!desk_.is_current(meant.generation)) throw Error(Code::CARD_CHANGED);
}

// From here on the job cannot be withdrawn.
std::function<std::any(pcsc::CardSession&)> Worker::begin_work() {
  const std::lock_guard lock(mutex_);
  if (!current_) throw Error(Code::CANCELLED, "given up while it waited");
  current_->begun = true;
  phase_ = Phase::WORKING;
  phase_since_ = Steady::now();
  return std::exchange(current_->job.work, nullptr);
}

std::any Worker::execute(const Job& meant) {
  {
    const std::lock_guard lock(mutex_);
    if (!current_ || !current_->job.work) return {};
  }
  check_still_meant(meant);
  // Ends with the caller's patience and with the worker's.
  std::stop_source either;
  const auto end = [&either] { either.request_stop(); };
  const std::stop_callback by_caller(meant.patience.stop, end);
  const std::stop_callback by_desk(stop_.get_token(), end);
  connect(meant, either.get_token());
  // A swap between two polls of pcscd shows no event, but the answer to reset may tell.
  if (connection_->card->atr() != meant.atr) throw Error(Code::CARD_CHANGED, "another card answers");
  std::any result;
  {
    enter(Phase::WAITING);
    pcsc::CardSession session(*connection_->card, either.get_token());
    past_others();
    // The wait for another program's transaction may have been long: nothing is sent for a question long
    // refused.
    check_still_meant(meant);
    const auto work = begin_work();
    try {
      result = work(session);
    } catch (...) {
      session_broken_ = session.broken();
      throw;
    }
  }
  if (!desk_.is_current(meant.generation)) throw Error(Code::CARD_CHANGED);
  return result;
}

void Worker::connect(const Job& meant, const std::stop_token& stop) {
  if (connection_ && connection_->generation == meant.generation) return;
  end_connection();
  enter(Phase::CONNECTING);
  auto connection = std::make_unique<Connection>(api_, meant.generation);
  // SCardConnect waits inside pcscd for another program's transaction, and says nothing meanwhile.
  if (pcsc::sharing(connection->context, reader_) != pcsc::Sharing::FREE) enter(Phase::WAITING);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(meant.until - Steady::now());
  try {
    connection->card.emplace(connection->context, reader_, left, stop);
  } catch (const Error& error) {
    // It was there when it was chosen; the monitor may hear of its leaving later than we do.
    if (error.code() == Code::CARD_ABSENT) throw Error(Code::CARD_CHANGED, "the card has left");
    throw;
  }
  connection_ = std::move(connection);
}

void Worker::end_connection() {
  if (!connection_) return;
  enter(Phase::WAITING);
  connection_->card->await_others();
  enter(Phase::WORKING);
  connection_.reset();
}

void Worker::drop_unheld() {
  if (connection_ && !(desk_.is_current(connection_->generation) && desk_.is_held(connection_->generation))) {
    end_connection();
  }
}

void Worker::past_others() {
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(held_by_others_, false)) return;
  }
  desk_.let_go();
}

}  // namespace insd::desk
