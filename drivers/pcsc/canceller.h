// SPDX-License-Identifier: Apache-2.0
// What ends the monitor's sleep in pcscd.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "drivers/pcsc/context.h"

namespace insd::pcsc {

/// Has the monitor look at every reader again. pcsc-lite wakes nobody when a program takes a reader for
/// itself: who meets that tells the monitor so.
class Bell {
 public:
  /// Any thread.
  void ring();

 private:
  friend class Canceller;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool rung_ = false;
};

/// While it lives, ends a blocked get_status_change once `stop` is requested or the bell rings. SCardCancel
/// is repeated until that is answered, because one that meets no blocked call is lost.
class Canceller {
 public:
  Canceller(const Context& context, std::stop_token stop, Bell& bell);
  ~Canceller();
  Canceller(const Canceller&) = delete;
  Canceller& operator=(const Canceller&) = delete;

  /// Did the bell ring since the last answer?
  bool answer_bell();

 private:
  void run();
  [[nodiscard]] bool wanted() const { return bell_.rung_ || stop_.stop_requested(); }

  const Context& context_;
  const std::stop_token stop_;
  Bell& bell_;
  bool ended_ = false;  // under the bell's mutex
  std::thread thread_;
};

}  // namespace insd::pcsc
