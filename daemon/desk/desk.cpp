// SPDX-License-Identifier: Apache-2.0
#include "daemon/desk/desk.h"

#include <algorithm>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "daemon/desk/board.h"
#include "daemon/desk/entries.h"
#include "daemon/desk/locator.h"
#include "daemon/desk/subscribers.h"
#include "daemon/desk/worker.h"
#include "drivers/base/error.h"

namespace insd::desk {
namespace asio = boost::asio;

namespace {

// For the connection to close when a reader is disabled: less than callers wait.
constexpr std::chrono::seconds kLetGo{10};
// For the connections to close when the desk stops.
constexpr std::chrono::seconds kLastMoment{1};
constexpr std::size_t kMaxWarnings = 200;

/// What a coroutine waits for. The coroutine alone owns it: a worker that is left behind must not keep a
/// timer of an executor that may be gone.
struct Outcome {
  explicit Outcome(const asio::any_io_executor& executor) : ready(executor) {}
  asio::steady_timer ready;  // cancelled when the result is there
  bool finished = false;
  std::any result;
  std::exception_ptr failure;
};

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

bool is_current(const State& state, const std::string& generation) {
  return !generation.empty() &&
         std::ranges::find(state.readers, generation, &Reader::generation) != state.readers.end();
}

// Not while another program is: that is none of the reader's faults.
bool at_work(const Worker::Status& worker) {
  return worker.phase == Worker::Phase::WORKING || worker.phase == Worker::Phase::CONNECTING;
}

// When the wait for a job must be looked at again, unless it ends: at the end of the caller's patience, and
// when the reader has been silent for too long.
Worker::Steady::time_point next_look(const Worker::Status& worker, Worker::Steady::time_point until) {
  const auto now = Worker::Steady::now();
  const auto silent = now + (at_work(worker) ? worker.silence - worker.lasted : kSilence);
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

class Desk::Impl : public std::enable_shared_from_this<Desk::Impl> {
 public:
  Impl(asio::any_io_executor executor, const pcsc::PcscApi& api, std::vector<ReaderConfig> readers,
       std::string start_id, const Clock& clock, Orders orders, std::filesystem::path sysfs)
      : executor_(std::move(executor)),
        api_(api),
        orders_(std::move(orders)),
        sysfs_(std::move(sysfs)),
        board_(std::move(readers), std::move(start_id), clock, orders_.load()) {}

  void start();
  bool stop();
  std::shared_ptr<const State> state() const {
    const std::lock_guard lock(mutex_);
    return board_.state();
  }
  asio::any_io_executor executor() const { return executor_; }
  std::shared_ptr<void> watch(Watcher watcher);
  void tell_again() {
    watchers_.each([now = state()](const Watcher& watcher) { watcher(now); });
  }
  std::shared_ptr<void> watch_generations(GenerationWatcher watcher);
  std::vector<Reader> meant_by(const std::string& name_or_alias) const {
    const std::lock_guard lock(mutex_);
    return board_.meant_by(name_or_alias);
  }
  asio::awaitable<Reader> set_enabled(std::string name_or_alias, bool enabled);
  std::shared_ptr<void> hold(const std::string& generation, const std::string& reader);
  asio::awaitable<std::any> run(Chosen card, std::function<std::any(pcsc::CardSession&)> work,
                                Patience patience);
  asio::awaitable<void> settle(Chosen card);

 private:
  template <class Change>
  void change(Change&& make);
  void announce(Board::Ended ended);
  void log_service_events();
  asio::awaitable<void> let_go(std::string reader);
  void warn_of_contradictions();
  void follow(const pcsc::Snapshot& snapshot);
  void release(const std::string& generation, const std::string& reader);
  bool is_held(const std::string& generation) const;
  std::shared_ptr<Worker> worker_for(const std::string& reader);
  void deliver(const std::weak_ptr<Outcome>& outcome, std::any result, std::exception_ptr failure);
  void abandon(const std::string& reader, const std::shared_ptr<Worker>& worker);
  void mark_held(const std::string& reader, bool held);
  void wake(const std::weak_ptr<Outcome>& outcome);
  static std::optional<Code> why_over(Worker& worker, std::uint64_t ticket, const Patience& patience,
                                      Worker::Steady::time_point until);

  const asio::any_io_executor executor_;
  const pcsc::PcscApi& api_;
  const Orders orders_;
  const std::filesystem::path sysfs_;
  mutable std::mutex mutex_;
  Board board_;
  std::map<std::string, std::shared_ptr<Worker>> workers_;
  std::map<std::string, int> holds_;
  bool stopped_ = false;
  pcsc::Bell bell_;           // rung when a worker meets another state than the monitor saw
  std::uint64_t logged_ = 0;  // the monitor's own: number of the last event in the log
  std::jthread monitor_;
  std::future<void> monitor_ended_;
  std::shared_ptr<Locator> locator_;
  std::set<std::string> warned_;  // what the journal has been told of the configuration
  // Touched on the executor only.
  Subscribers<Watcher> watchers_;
  Subscribers<GenerationWatcher> generation_watchers_;
  std::uint64_t told_ = 0;  // sequence of the state the watchers know
};

template <class Change>
void Desk::Impl::change(Change&& make) {
  const std::lock_guard lock(mutex_);
  Board::Ended ended = make(board_);
  warn_of_contradictions();
  // After stop() nobody runs the executor, and it may be gone.
  if (!stopped_) announce(std::move(ended));
}

void Desk::Impl::announce(Board::Ended ended) {
  asio::post(executor_, [self = shared_from_this(), ended = std::move(ended)] {
    for (const auto& end : ended) {
      self->generation_watchers_.each(
          [&](const GenerationWatcher& watcher) { watcher(end.first, end.second); });
    }
    // Two threads announce: what is told is the newest, once.
    const auto state = self->state();
    if (state->sequence <= self->told_) return;
    self->told_ = state->sequence;
    self->watchers_.each([&](const Watcher& watcher) { watcher(state); });
  });
}

void Desk::Impl::log_service_events() {
  const auto now = state();
  for (const ServiceEvent& event : now->service_events) {
    if (event.number <= logged_) continue;
    logged_ = event.number;
    if (event.kind == ServiceEvent::Kind::RECOVERED) {
      spdlog::info("smart card service: recovered after {} ms", event.outage.count());
    } else {
      spdlog::warn("smart card service: {}: {}",
                   event.kind == ServiceEvent::Kind::LOST ? "lost" : "recovering",
                   catalogue_entry(event.cause.value_or(Code::INTERNAL)).name);
    }
  }
}

// The configuration says something of these readers that cannot all be meant.
void Desk::Impl::warn_of_contradictions() {
  for (auto& warning : contradictions(*board_.state())) {
    if (warned_.size() >= kMaxWarnings) return;
    const auto [said, is_new] = warned_.insert(std::move(warning));
    if (is_new) spdlog::warn("configuration: {}", *said);
  }
}

void Desk::Impl::follow(const pcsc::Snapshot& snapshot) {
  locator_->follow(snapshot);
  change([&](Board& board) { return board.apply(snapshot); });
  log_service_events();
  const std::lock_guard lock(mutex_);
  for (const auto& [reader, worker] : workers_) worker->wake();
}

void Desk::Impl::start() {
  const auto found = [weak = weak_from_this()](const std::string& reader, std::uint32_t arrival,
                                               const pcsc::ReaderPlace& place) {
    const auto self = weak.lock();
    if (self) self->change([&](Board& board) { return board.locate(reader, arrival, place); });
  };
  locator_ = Locator::make(api_, sysfs_, found);
  std::packaged_task<void(std::stop_token)> monitor([self = shared_from_this()](const std::stop_token& stop) {
    pcsc::run_monitor(
        self->api_, stop, [&](const pcsc::Snapshot& snapshot) { self->follow(snapshot); }, self->bell_);
  });
  monitor_ended_ = monitor.get_future();
  monitor_ = std::jthread(std::move(monitor));
}

bool Desk::Impl::stop() {
  bool clean = true;
  if (locator_) locator_->stop();
  if (monitor_.joinable()) {
    monitor_.request_stop();
    // Cancelling its wait needs pcscd's help, which a frozen one does not give.
    clean = monitor_ended_.wait_for(kLastMoment) == std::future_status::ready;
    if (clean) {
      monitor_.join();
      monitor_ended_ = {};  // it shares the task, and the task this object
    } else {
      spdlog::warn("pcscd does not answer: its monitor is left behind");
      monitor_.detach();
    }
  }
  std::map<std::string, std::shared_ptr<Worker>> workers;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    workers.swap(workers_);
  }
  for (const auto& [reader, worker] : workers) worker->stop(Code::SHUTTING_DOWN);
  const auto until = Worker::Steady::now() + kLastMoment;
  if (locator_ && !locator_->wait_ended(until)) {
    spdlog::warn("a reader does not say where it is: left behind");
    clean = false;
  }
  for (const auto& [reader, worker] : workers) {
    if (worker->wait_ended(until)) continue;
    spdlog::warn("reader {} does not let go: left behind", printable(reader));
    clean = false;
  }
  return clean;
}

std::shared_ptr<void> Desk::Impl::watch(Watcher watcher) {
  watcher(state());
  const auto id = watchers_.add(std::move(watcher));
  return {nullptr, [weak = weak_from_this(), id](void*) {
            if (const auto self = weak.lock()) self->watchers_.remove(id);
          }};
}

std::shared_ptr<void> Desk::Impl::watch_generations(GenerationWatcher watcher) {
  const auto id = generation_watchers_.add(std::move(watcher));
  return {nullptr, [weak = weak_from_this(), id](void*) {
            if (const auto self = weak.lock()) self->generation_watchers_.remove(id);
          }};
}

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
    outcome->ready.expires_at(next_look(worker->status(), until));
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

Desk::Desk(asio::any_io_executor executor, const pcsc::PcscApi& api, std::vector<ReaderConfig> readers,
           std::string start_id, const Clock& clock, Orders orders, std::filesystem::path sysfs)
    : impl_(std::make_shared<Impl>(std::move(executor), api, std::move(readers), std::move(start_id), clock,
                                   std::move(orders), std::move(sysfs))) {}
Desk::~Desk() {
  impl_->stop();
}
void Desk::start() {
  impl_->start();
}
bool Desk::stop() {
  return impl_->stop();
}
std::shared_ptr<const State> Desk::state() const {
  return impl_->state();
}
asio::any_io_executor Desk::executor() const {
  return impl_->executor();
}
std::shared_ptr<void> Desk::watch(Watcher watcher) {
  return impl_->watch(std::move(watcher));
}
void Desk::tell_again() {
  impl_->tell_again();
}
std::shared_ptr<void> Desk::watch_generations(GenerationWatcher watcher) {
  return impl_->watch_generations(std::move(watcher));
}
std::vector<Reader> Desk::meant_by(const std::string& name_or_alias) const {
  return impl_->meant_by(name_or_alias);
}
asio::awaitable<Reader> Desk::set_enabled(std::string name_or_alias, bool enabled) {
  return impl_->set_enabled(std::move(name_or_alias), enabled);
}
std::shared_ptr<void> Desk::hold(const Chosen& card) {
  return impl_->hold(card.generation, card.reader);
}

Chosen Desk::choose(const Selection& selection, Wanted wanted, const ReaderFilter& allowed) const {
  return choose_card(*impl_->state(), selection, wanted, allowed);
}

void Desk::require_current(const std::vector<std::string>& generations) const {
  const auto state = impl_->state();
  for (const auto& generation : generations) {
    if (!is_current(*state, generation)) {
      throw Error(Code::CARD_CHANGED, "a card named in the request is no longer there");
    }
  }
}

asio::awaitable<std::any> Desk::run(Chosen card, std::function<std::any(pcsc::CardSession&)> work,
                                    Patience patience) {
  return impl_->run(std::move(card), std::move(work), std::move(patience));
}

asio::awaitable<void> Desk::settle(Chosen card) {
  return impl_->settle(std::move(card));
}

}  // namespace insd::desk
