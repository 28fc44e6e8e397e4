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
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
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
    if (stopping_) break;
    if (!queue_.empty()) {
      Job job = std::move(queue_.front());
      queue_.pop_front();
      running_since_ = Steady::now();
      lock.unlock();
      run_job(job);
      lock.lock();
      running_since_.reset();
    }
    lock.unlock();
    drop_unheld();
    lock.lock();
  }
  const auto left = std::exchange(queue_, {});
  lock.unlock();
  connection_.reset();
  for (const Job& job : left) job.done({}, std::make_exception_ptr(Error(Code::SHUTTING_DOWN)));
}

void Worker::run_job(Job& job) {
  std::any result;
  std::exception_ptr failure;
  try {
    result = execute(job);
  } catch (Error& error) {
    if (ends_generation(error.code())) {
      connection_.reset();
      desk_.card_failed(job.generation, error);
    }
    error.prefix(printable(reader_));
    failure = std::current_exception();
  } catch (...) {
    failure = std::current_exception();
  }
  job.work = nullptr;  // what it captured (a PIN) ends before the caller goes on
  job.done(std::move(result), failure);
}

std::any Worker::execute(Job& job) {
  if (job.stop.stop_requested() || stop_.stop_requested()) throw Error(Code::CANCELLED);
  if (!desk_.is_current(job.generation)) throw Error(Code::CARD_CHANGED);
  pcsc::CardConnection& card = connect(job);
  if (job.reset_card) {
    card.at_end(pcsc::AtEnd::RESET);
    connection_.reset();
    return {};
  }
  // A swap between two polls of pcscd shows no event, but the answer to reset may tell.
  if (card.atr() != job.atr) throw Error(Code::CARD_REMOVED, "another card answers");
  std::any result;
  {
    pcsc::CardSession session(card, job.stop);
    result = job.work(session);
  }
  if (!desk_.is_current(job.generation)) throw Error(Code::CARD_CHANGED);
  return result;
}

pcsc::CardConnection& Worker::connect(const Job& job) {
  if (!connection_ || connection_->generation != job.generation) {
    connection_.reset();
    connection_ = std::make_unique<Connection>(api_, job.generation, reader_, job.stop);
  }
  return connection_->card;
}

void Worker::drop_unheld() {
  if (connection_ && !(desk_.is_current(connection_->generation) && desk_.is_held(connection_->generation))) {
    connection_.reset();
  }
}

}  // namespace insd::desk
