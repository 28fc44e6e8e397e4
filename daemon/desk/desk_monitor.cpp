// SPDX-License-Identifier: Apache-2.0
// The desk follows pcscd: the monitor, the board that it changes, and who is told.
#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "daemon/desk/desk_impl.h"
#include "daemon/desk/entries.h"
#include "drivers/base/error.h"

namespace insd::desk {
namespace {

// For the connections to close when the desk stops.
constexpr std::chrono::seconds kLastMoment{1};
constexpr std::size_t kMaxWarnings = 200;

}  // namespace

void Desk::Impl::change(const std::function<Board::Ended(Board&)>& make) {
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
  have_usb_looked_at(snapshot);
  const std::lock_guard lock(mutex_);
  for (const auto& [reader, worker] : workers_) worker->wake();
}

// A reader came or went, or pcscd did: what has no driver may be another thing now.
void Desk::Impl::have_usb_looked_at(const pcsc::Snapshot& snapshot) {
  decltype(attached_) attached;
  if (!snapshot.service_fault) attached.emplace();
  for (const pcsc::Slot& slot : snapshot.slots) attached->emplace_back(slot.reader, slot.arrival);
  if (attached == attached_) return;
  attached_ = std::move(attached);
  usb_watch_->knock();
}

void Desk::Impl::start() {
  const auto found = [weak = weak_from_this()](const std::string& reader, std::uint32_t arrival,
                                               const pcsc::ReaderPlace& place) {
    const auto self = weak.lock();
    if (self) self->change([&](Board& board) { return board.locate(reader, arrival, place); });
  };
  locator_ = Locator::make(api_, sysfs_, found);
  usb_watch_.emplace(std::move(usb_bus_), [this](const pcsc::UsbView& view) {
    change([&](Board& board) { return board.see_usb(view); });
  });
  std::packaged_task<void(std::stop_token)> monitor([self = shared_from_this()](const std::stop_token& stop) {
    pcsc::run_monitor(
        self->api_, stop, [&](const pcsc::Snapshot& snapshot) { self->follow(snapshot); }, self->bell_);
  });
  monitor_ended_ = monitor.get_future();
  monitor_ = std::jthread(std::move(monitor));
}

bool Desk::Impl::stop() {
  bool clean = true;
  if (usb_watch_) usb_watch_->end();
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

}  // namespace insd::desk
