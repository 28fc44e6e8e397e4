// SPDX-License-Identifier: Apache-2.0
// The desk has cards worked on: a worker for each reader, who waits how long, and what a failure means.
#include <algorithm>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "daemon/desk/desk_impl.h"
#include "drivers/base/error.h"

namespace insd::desk {
namespace {

// For the connection to close when a reader is disabled: less than callers wait.
constexpr std::chrono::seconds kLetGo{10};

GenerationEnd cause_of(Code code) {
  switch (code) {
    case Code::CARD_RESET:
      return GenerationEnd::RESET;
    case Code::CARD_REMOVED:
    case Code::CARD_ABSENT:
    case Code::CARD_CHANGED:
      return GenerationEnd::REMOVED;
    case Code::PCSC_LOST:
    case Code::PCSC_ABSENT:
      return GenerationEnd::SERVICE;
    default:
      return GenerationEnd::FAILED;
  }
}

// Not while another program is: that is none of the reader's faults.
bool at_work(const Worker::Status& worker) {
  return worker.phase == Worker::Phase::WORKING || worker.phase == Worker::Phase::CONNECTING;
}

// When the wait for a job must be looked at again, unless it ends: at the end of the caller's patience, and
// when the reader has been silent for too long, by what is under way now or by the job's own measure.
Worker::Steady::time_point next_look(const Worker::Status& worker, const Patience& patience,
                                     Worker::Steady::time_point until) {
  const auto now = Worker::Steady::now();
  const Worker::Steady::duration own = std::min(patience.silence, kSilence);
  const auto silent = now + (at_work(worker) ? std::min(worker.silence - worker.lasted, own) : own);
  return now < until ? std::min(until, silent) : silent;
}

std::optional<Code> code_of(const std::exception_ptr& failure) {
  try {
    if (failure) std::rethrow_exception(failure);
  } catch (const Error& error) {
    return error.code();
  } catch (...) {
    return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

/// What a coroutine waits for. The coroutine alone owns it: a worker that is left behind must not keep a
/// timer of an executor that may be gone.
struct Desk::Impl::Outcome {
  explicit Outcome(const asio::any_io_executor& executor) : ready(executor) {}
  asio::steady_timer ready;  // cancelled when the result is there
  bool finished = false;
  std::any result;
  std::exception_ptr failure;
};

asio::awaitable<Reader> Desk::Impl::set_enabled(std::string name_or_alias, bool enabled) {
  const auto self = shared_from_this();
  std::set<std::string> disabled;
  change([&](Board& board) {
    auto ended = board.set_enabled(name_or_alias, enabled);
    disabled = board.disabled();
    return ended;
  });
  orders_.save(disabled);
  const auto changed = meant_by(name_or_alias);
  for (const Reader& reader : changed) {
    if (!reader.enabled) co_await let_go(reader.name);
  }
  // It was there when the order was given, and may have left meanwhile.
  co_return changed.empty() ? throw Error(Code::READER_NOT_FOUND, printable(name_or_alias)) : changed.front();
}

asio::awaitable<void> Desk::Impl::let_go(std::string reader) {
  const auto self = shared_from_this();
  std::shared_ptr<Worker> worker;
  {
    const std::lock_guard lock(mutex_);
    const auto found = workers_.extract(reader);
    if (found.empty()) co_return;
    worker = found.mapped();
  }
  const auto outcome = std::make_shared<Outcome>(executor_);
  outcome->ready.expires_after(kLetGo);
  std::function<void()> ended = [weak = weak_from_this(), waiting = std::weak_ptr(outcome)] {
    if (const auto desk = weak.lock()) desk->deliver(waiting, {}, {});
  };
  worker->stop(Code::READER_DISABLED, std::move(ended));
  boost::system::error_code ignored;
  co_await outcome->ready.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (!outcome->finished) {
    spdlog::error("reader {} is disabled, but does not let go", printable(reader));
    throw Error(Code::READER_STUCK, printable(reader));
  }
}

std::shared_ptr<void> Desk::Impl::hold(const std::string& generation, const std::string& reader) {
  const std::lock_guard lock(mutex_);
  ++holds_[generation];
  return {nullptr, [weak = weak_from_this(), generation, reader](void*) {
            if (const auto self = weak.lock()) self->release(generation, reader);
          }};
}

void Desk::Impl::release(const std::string& generation, const std::string& reader) {
  const std::lock_guard lock(mutex_);
  if (--holds_[generation] <= 0) holds_.erase(generation);
  const auto worker = workers_.find(reader);
  if (worker != workers_.end()) worker->second->wake();
}

bool Desk::Impl::is_held(const std::string& generation) const {
  const std::lock_guard lock(mutex_);
  return holds_.contains(generation);
}

std::shared_ptr<Worker> Desk::Impl::worker_for(const std::string& reader) {
  const std::lock_guard lock(mutex_);
  if (stopped_) throw Error(Code::SHUTTING_DOWN);
  auto& worker = workers_[reader];
  if (!worker) {
    const auto weak = weak_from_this();
    worker =
        Worker::start(api_, reader,
                      {[weak](const std::string& generation) {
                         const auto self = weak.lock();
                         return self && is_current(*self->state(), generation);
                       },
                       [weak](const std::string& generation) {
                         const auto self = weak.lock();
                         return self && self->is_held(generation);
                       },
                       [weak](const std::string& generation, const Error& error) {
                         const auto self = weak.lock();
                         if (!self) return;
                         const GenerationEnd cause = cause_of(error.code());
                         self->change([&](Board& board) { return board.end_generation(generation, cause); });
                       },
                       [weak] {
                         if (const auto self = weak.lock()) self->bell_.ring();
                       },
                       [weak, reader] {
                         if (const auto self = weak.lock()) self->mark_held(reader, false);
                       }});
  }
  return worker;
}

void Desk::Impl::abandon(const std::string& reader, const std::shared_ptr<Worker>& worker) {
  spdlog::error("reader {} does not answer any more; its worker is left behind", printable(reader));
  {
    const std::lock_guard lock(mutex_);
    const auto found = workers_.find(reader);
    if (found == workers_.end() || found->second != worker) return;
    workers_.erase(found);
  }
  change([&](Board& board) { return board.mark_stuck(reader); });
  // It may come back after all, as after a suspend: then nobody has to take the card out.
  worker->stop(Code::READER_STUCK, [weak = weak_from_this(), reader] {
    if (const auto self = weak.lock()) {
      self->change([&](Board& board) { return board.mark_unstuck(reader); });
    }
  });
}

void Desk::Impl::deliver(const std::weak_ptr<Outcome>& outcome, std::any result, std::exception_ptr failure) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  asio::post(executor_, [outcome, result = std::move(result), failure = std::move(failure)]() mutable {
    const auto waiting = outcome.lock();
    if (!waiting) return;
    waiting->result = std::move(result);
    waiting->failure = std::move(failure);
    waiting->finished = true;
    waiting->ready.cancel();
  });
}

// Any thread.
void Desk::Impl::wake(const std::weak_ptr<Outcome>& outcome) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  asio::post(executor_, [outcome] {
    if (const auto waiting = outcome.lock()) waiting->ready.cancel();
  });
}

void Desk::Impl::mark_held(const std::string& reader, bool held) {
  change([&](Board& board) { return board.mark_held(reader, held); });
}

// Why the wait for this job is over although it has no result.
std::optional<Code> Desk::Impl::why_over(Worker& worker, std::uint64_t ticket, const Patience& patience,
                                         Worker::Steady::time_point until) {
  const Worker::Status now = worker.status();
  if (at_work(now) && now.lasted >= now.silence) return Code::READER_STUCK;
  if (patience.stop.stop_requested() && worker.withdraw(ticket)) return Code::CANCELLED;
  // A card that is being switched on for this job may take its time.
  const bool own_connection = now.ticket == ticket && now.phase == Worker::Phase::CONNECTING;
  if (Worker::Steady::now() < until || own_connection || !worker.withdraw(ticket)) return std::nullopt;
  return now.phase == Worker::Phase::WAITING ? Code::READER_HELD : Code::BUSY;
}

asio::awaitable<std::any> Desk::Impl::run(Chosen card, std::function<std::any(pcsc::CardSession&)> work,
                                          Patience patience) {
  const auto self = shared_from_this();
  const auto outcome = std::make_shared<Outcome>(executor_);
  const auto now = state();
  const Reader* reader = find_reader(*now, card.reader);
  if (reader == nullptr || reader->generation != card.generation || card.generation.empty()) {
    throw Error(Code::CARD_CHANGED, printable(card.reader));
  }
  const auto worker = worker_for(card.reader);
  const auto until = wait_ends(patience, Worker::Steady::now());
  Worker::Job job;
  job.generation = card.generation;
  job.atr = reader->atr;
  job.work = std::move(work);
  job.patience = patience;
  job.until = until;
  job.done = [weak = weak_from_this(), waiting = std::weak_ptr(outcome)](std::any result,
                                                                         std::exception_ptr failure) {
    if (const auto desk = weak.lock()) desk->deliver(waiting, std::move(result), std::move(failure));
  };
  const auto ticket = worker->post(std::move(job));
  const std::stop_callback wake_up(patience.stop,
                                   [this, waiting = std::weak_ptr(outcome)] { wake(waiting); });
  while (!outcome->finished) {
    if (const auto reason = why_over(*worker, ticket, patience, until)) {
      if (*reason == Code::READER_STUCK) abandon(card.reader, worker);
      outcome->failure = std::make_exception_ptr(Error(*reason, printable(card.reader)));
      break;
    }
    outcome->ready.expires_at(next_look(worker->status(), patience, until));
    boost::system::error_code ignored;
    co_await outcome->ready.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (code_of(outcome->failure) == Code::READER_HELD) {
    mark_held(card.reader, true);
    worker->held_by_others();
  }
  if (outcome->failure) std::rethrow_exception(outcome->failure);
  co_return std::move(outcome->result);
}

asio::awaitable<void> Desk::Impl::settle(Chosen card) {
  try {
    co_await run(std::move(card), nullptr, {});
  } catch (const Error&) {
    // The card or the reader has gone, and the connection with it.
  }
}

}  // namespace insd::desk
