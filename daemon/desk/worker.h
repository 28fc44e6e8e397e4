// SPDX-License-Identifier: Apache-2.0
// One thread per reader, with a PC/SC context of its own: a slow card never delays another reader.
#pragma once

#include <any>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "drivers/base/error.h"
#include "drivers/pcsc/card_session.h"

namespace insd::desk {

class Worker : public std::enable_shared_from_this<Worker> {
 public:
  using Steady = std::chrono::steady_clock;

  struct Job {
    std::string generation;  ///< the card that is meant
    Bytes atr;               ///< its answer to reset
    /// Nothing: only looks whether the open connection is still wanted, and closes it if not.
    std::function<std::any(pcsc::CardSession&)> work;
    std::stop_token stop;
    /// Called once, on the worker's thread or by stop().
    std::function<void(std::any result, std::exception_ptr failure)> done;
  };

  /// What the worker asks the desk; all are called on the worker's thread.
  struct Desk {
    std::function<bool(const std::string& generation)> is_current;
    std::function<bool(const std::string& generation)> is_held;  ///< keep the connection between jobs?
    std::function<void(const std::string& generation, const Error& error)> card_failed;
    std::function<void()> look_again;  ///< the reader is not as the monitor last saw it, which woke nobody
  };

  static std::shared_ptr<Worker> start(const pcsc::PcscApi& api, std::string reader, Desk desk);

  /// Throws BUSY when too many jobs wait.
  void post(Job job);

  /// Refuses what waits, and ends the thread after the job under way, whose next card command is refused too.
  /// Never joined: a card call cannot be cancelled.
  void stop();

  /// Waits until the stopped thread has closed its connection; false when it has not by then.
  bool wait_ended(Steady::time_point until);

  /// Looks at the open connection again: it is closed when nobody holds it any more.
  void wake();

  /// How long the job under way has been running; nothing when idle.
  [[nodiscard]] std::optional<Steady::duration> busy_for() const;

 private:
  Worker(const pcsc::PcscApi& api, std::string reader, Desk desk);
  struct Connection;

  void loop();
  void run_job(Job& job);
  std::any execute(Job& job);
  void check_still_meant(const Job& job) const;
  pcsc::CardConnection& connect(const Job& job);
  void drop_unheld();

  const pcsc::PcscApi& api_;
  const std::string reader_;
  const Desk desk_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> queue_;
  bool stopping_ = false;
  bool woken_ = false;
  bool ended_ = false;
  std::optional<Steady::time_point> running_since_;
  std::stop_source stop_;
  // The thread's own:
  std::unique_ptr<Connection> connection_;
  bool session_broken_ = false;
};

}  // namespace insd::desk
