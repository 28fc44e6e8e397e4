// SPDX-License-Identifier: Apache-2.0
// How an answer travels: properly, or as the fault asks.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "tests/simulators/insi/answer.h"
#include "tests/simulators/insi/config.h"
#include "tests/simulators/insi/connection.h"

namespace sim {

/// Set once, when the program ends; waits end with it.
class Stop {
 public:
  void set();
  /// True when the program ends before the time is over.
  bool wait_for(std::chrono::milliseconds time);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool set_ = false;
};

/// True when the connection may serve another request. Throws ConnectionEnded.
bool deliver(Connection& connection, Answer answer, Fault fault, bool keep_alive, Stop& stop);

}  // namespace sim
