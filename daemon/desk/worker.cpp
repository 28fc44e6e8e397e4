// SPDX-License-Identifier: Apache-2.0
#include "daemon/desk/worker.h"

#include <thread>
#include <utility>

namespace insd::desk {
namespace {

constexpr std::size_t kMaxWaiting = 64;
constexpr std::chrono::milliseconds kPatience{3000};  // for a program that holds the reader for itself

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
  pcsc::CardConnection card;

  Connection(const pcsc::PcscApi& api, std::string current, const std::string& reader,
             const std::stop_token& stop)
      : generation(std::move(current)), context(api), card(context, reader, kPatience, stop) {}
};

Worker::Worker(const pcsc::PcscApi& api, std::string reader, Desk desk)
    : api_(api), reader_(std::move(reader)), desk_(std::move(desk)) {}

std::shared_ptr<Worker> Worker::start(const pcsc::PcscApi& api, std::string reader, Desk desk) {
  std::shared_ptr<Worker> worker(new Worker(api, std::move(reader), std::move(desk)));
  // Detached on purpose, and owning itself: a thread inside SCardTransmit may outlive the desk.
  std::thread([worker] { worker->loop(); }).detach();
  return worker;
}

void Worker::post(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) throw Error(Code::SHUTTING_DOWN);
    if (queue_.size() >= kMaxWaiting) throw Error(Code::BUSY, printable(reader_));
    queue_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void Worker::stop() {
  stop_.request_stop();
  std::deque<Job> refused;  // a thread that never comes back must not keep them, nor a PIN in them
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    refused.swap(queue_);
  }
  changed_.notify_all();
  for (Job& job : refused) {
    job.work = nullptr;
    job.done({}, std::make_exception_ptr(Error(Code::SHUTTING_DOWN)));
  }
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

std::optional<Worker::Steady::duration> Worker::busy_for() const {
  const std::lock_guard lock(mutex_);
  if (!running_since_) return std::nullopt;
  return Steady::now() - *running_since_;
}

void Worker::loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stopping_ || woken_ || !queue_.empty(); });
    woken_ = false;
    // Closing a connection with a reset waits for other programs' transactions: it counts as work.
    running_since_ = Steady::now();
    if (stopping_) break;
    std::optional<Job> job;
    if (!queue_.empty()) {
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    lock.unlock();
    if (job) {
      run_job(*job);
    } else {
      drop_unheld();
    }
    job.reset();
    lock.lock();
    running_since_.reset();
  }
  lock.unlock();
  connection_.reset();
  lock.lock();
  running_since_.reset();
  ended_ = true;
  changed_.notify_all();
}

void Worker::run_job(Job& job) {
  std::any result;
  std::exception_ptr failure;
  try {
    if (job.work) result = execute(job);
  } catch (Error& error) {
    if (ends_generation(error.code()) || std::exchange(session_broken_, false)) {
      connection_.reset();
      desk_.card_failed(job.generation, error);
    }
    if (shows_another_state(error.code())) desk_.look_again();
    error.prefix(printable(reader_));
    failure = std::current_exception();
  } catch (...) {
    failure = std::current_exception();
  }
  job.work = nullptr;  // what it captured (a PIN) ends before the caller goes on
  drop_unheld();
  job.done(std::move(result), failure);
}

void Worker::check_still_meant(const Job& job) const {
  if (job.stop.stop_requested() || stop_.stop_requested()) throw Error(Code::CANCELLED);
  if (!desk_.is_current(job.generation)) throw Error(Code::CARD_CHANGED);
}

std::any Worker::execute(Job& job) {
  check_still_meant(job);
  pcsc::CardConnection& card = connect(job);
  // A swap between two polls of pcscd shows no event, but the answer to reset may tell.
  if (card.atr() != job.atr) throw Error(Code::CARD_CHANGED, "another card answers");
  // Ends with the caller's patience and with the worker's.
  std::stop_source either;
  const auto end = [&either] { either.request_stop(); };
  const std::stop_callback by_caller(job.stop, end);
  const std::stop_callback by_desk(stop_.get_token(), end);
  std::any result;
  {
    pcsc::CardSession session(card, either.get_token());
    // The wait for another program's transaction may have been long: nothing is sent for a question long
    // refused.
    check_still_meant(job);
    try {
      result = job.work(session);
    } catch (...) {
      session_broken_ = session.broken();
      throw;
    }
  }
  if (!desk_.is_current(job.generation)) throw Error(Code::CARD_CHANGED);
  return result;
}

pcsc::CardConnection& Worker::connect(const Job& job) {
  if (!connection_ || connection_->generation != job.generation) {
    connection_.reset();
    try {
      connection_ = std::make_unique<Connection>(api_, job.generation, reader_, job.stop);
    } catch (const Error& error) {
      // It was there when it was chosen; the monitor may hear of its leaving later than we do.
      if (error.code() == Code::CARD_ABSENT) throw Error(Code::CARD_CHANGED, "the card has left");
      throw;
    }
  }
  return connection_->card;
}

void Worker::drop_unheld() {
  if (connection_ && !(desk_.is_current(connection_->generation) && desk_.is_held(connection_->generation))) {
    connection_.reset();
  }
}

}  // namespace insd::desk
