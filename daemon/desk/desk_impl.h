// SPDX-License-Identifier: Apache-2.0
// The desk's inside, for the files that make it up: desk_monitor.cpp follows pcscd, desk_work.cpp has the
// cards worked on, desk.cpp is the face.
#pragma once

#include <any>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "daemon/desk/board.h"
#include "daemon/desk/desk.h"
#include "daemon/desk/locator.h"
#include "daemon/desk/subscribers.h"
#include "daemon/desk/worker.h"
#include "drivers/pcsc/canceller.h"

namespace insd::desk {
namespace asio = boost::asio;

class Desk::Impl : public std::enable_shared_from_this<Desk::Impl> {
 public:
  Impl(asio::any_io_executor executor, const pcsc::PcscApi& api, std::vector<ReaderConfig> readers,
       std::string start_id, const Clock& clock, Orders orders, pcsc::UsbBus usb)
      : executor_(std::move(executor)),
        api_(api),
        orders_(std::move(orders)),
        sysfs_(usb.sysfs),
        usb_bus_(std::move(usb)),
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
  void leave(const std::string& generation) {
    change([&](Board& board) { return board.leave(generation); });
  }
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
  void change(const std::function<Board::Ended(Board&)>& make);
  void announce(Board::Ended ended);
  void log_service_events();
  asio::awaitable<void> let_go(std::string reader);
  void warn_of_contradictions();
  void have_usb_looked_at(const pcsc::Snapshot& snapshot);
  void follow(const pcsc::Snapshot& snapshot);
  void release(const std::string& generation, const std::string& reader);
  bool is_held(const std::string& generation) const;
  std::shared_ptr<Worker> worker_for(const std::string& reader);
  struct Outcome;
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
  pcsc::UsbBus usb_bus_;  // until start()
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
  // The monitor's own: the readers that it last saw, with their arrivals; nothing while pcscd is away.
  std::optional<std::vector<std::pair<std::string, std::uint32_t>>> attached_;
  std::optional<pcsc::UsbWatch> usb_watch_;
  std::set<std::string> warned_;  // what the journal has been told of the configuration
  // Touched on the executor only.
  Subscribers<Watcher> watchers_;
  Subscribers<GenerationWatcher> generation_watchers_;
  std::uint64_t told_ = 0;  // sequence of the state the watchers know
};

}  // namespace insd::desk
