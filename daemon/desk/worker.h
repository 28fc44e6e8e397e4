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
    std::function<std::any(pcsc::CardSession&)> work;
    std::stop_token stop;
    /// Called once, on the worker's thread.
    std::function<void(std::any result, std::exception_ptr failure)> done;
    bool reset_card = false;  ///< instead of work: drop the card's verified state
  };

  /// What the worker asks the desk; both are called on the worker's thread.
  struct Desk {
    std::function<bool(const std::string& generation)> is_current;
    std::function<bool(const std::string& generation)> is_held;  ///< keep the connection between jobs?
    std::function<void(const std::string& generation, const Error& error)> card_failed;
  };

  static std::shared_ptr<Worker> start(const pcsc::PcscApi& api, std::string reader, Desk desk);

  /// Throws BUSY when too many jobs wait.
  void post(Job job);

  /// Ends the thread after the job under way. It is never joined: a card call cannot be cancelled.
  void stop();

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
  std::optional<Steady::time_point> running_since_;
  std::stop_source stop_;
  std::unique_ptr<Connection> connection_;  // the thread's own
};

}  // namespace insd::desk
