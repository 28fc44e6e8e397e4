// SPDX-License-Identifier: Apache-2.0
// One thread per reader, with a PC/SC context of its own: a slow card never delays another reader.
#pragma once

#include <any>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "daemon/desk/fair_queue.h"
#include "daemon/desk/patience.h"
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
    Patience patience;
    Steady::time_point until;  ///< when a program that has the reader for itself is no longer waited for
    /// Called once, on the worker's thread or by stop(); never for a job that was withdrawn.
    std::function<void(std::any result, std::exception_ptr failure)> done;
  };

  /// What the worker asks and tells the desk, all on the worker's thread.
  struct Desk {
    std::function<bool(const std::string& generation)> is_current;
    std::function<bool(const std::string& generation)> is_held;  ///< keep the connection between jobs?
    std::function<void(const std::string& generation, const Error& error)> card_failed;
    std::function<void()> look_again;  ///< the reader is not as the monitor last saw it, which woke nobody
    std::function<void()> let_go;      ///< after held_by_others(): this thread has got past the other program
  };

  enum class Phase : std::uint8_t {
    IDLE,
    CONNECTING,  ///< pcscd or the reader is at work, and nobody else had the reader open when that began
    WAITING,     ///< for another program to let go
    WORKING      ///< the card is at work, or a connection is being ended
  };
  struct Status {
    Phase phase = Phase::IDLE;
    Steady::duration lasted{};
    std::uint64_t ticket = 0;             ///< the job under way
    Steady::duration silence = kSilence;  ///< how long that may last
  };

  static std::shared_ptr<Worker> start(const pcsc::PcscApi& api, std::string reader, Desk desk);

  /// Gives the job's ticket. Throws BUSY when too many jobs wait, of one user (8) or of all (64).
  std::uint64_t post(Job job);

  /// True when the job's work has not begun: it never will, and what it captured is gone. The wait of the
  /// thread itself for pcscd cannot be ended.
  bool withdraw(std::uint64_t ticket);

  /// Refuses what has not begun with `why`, and ends the thread after the job under way, whose next card
  /// command is refused too. Never joined: a card call cannot be cancelled. `ended` is called once when the
  /// connection is closed, on the worker's thread or at once.
  void stop(Code why, std::function<void()> ended = {});

  /// Waits until the stopped thread has closed its connection; false when it has not by then.
  bool wait_ended(Steady::time_point until);

  /// Looks at the open connection again: it is closed when nobody holds it any more.
  void wake();

  /// Somebody was told that another program holds the reader: let_go() follows as soon as this thread no
  /// longer waits for that program. One that has the reader for itself is the monitor's to watch.
  void held_by_others();

  [[nodiscard]] Status status() const;

 private:
  struct Ticket {
    std::uint64_t number = 0;
    Job job;
    bool begun = false;  ///< something may have been sent for it
  };
  Worker(const pcsc::PcscApi& api, std::string reader, Desk desk);
  struct Connection;

  void loop();
  void run_job(const Job& meant);
  std::any execute(const Job& meant);
  void check_still_meant(const Job& meant) const;
  [[nodiscard]] std::optional<Code> stopped() const;
  void connect(const Job& meant, const std::stop_token& stop);
  std::function<std::any(pcsc::CardSession&)> begin_work();
  void enter(Phase phase);
  void end_connection();
  void drop_unheld();
  void past_others();

  const pcsc::PcscApi& api_;
  const std::string reader_;
  const Desk desk_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  FairQueue<Ticket> queue_;
  std::optional<Ticket> current_;  // nothing once it was withdrawn
  std::uint64_t last_ticket_ = 0;
  Phase phase_ = Phase::IDLE;
  Steady::time_point phase_since_{};
  std::optional<Code> stopping_;  // why
  std::function<void()> when_ended_;
  bool woken_ = false;
  bool ended_ = false;
  bool held_by_others_ = false;
  std::stop_source stop_;
  // The thread's own:
  std::unique_ptr<Connection> connection_;
  bool session_broken_ = false;
};

}  // namespace insd::desk
