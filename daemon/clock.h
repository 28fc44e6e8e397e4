// SPDX-License-Identifier: Apache-2.0
// Time is passed in, so that tests can move it.
#pragma once

#include <chrono>

#include <time.h>

namespace insd {

class Clock {
 public:
  using Wall = std::chrono::system_clock::time_point;
  using Steady = std::chrono::steady_clock::time_point;

  virtual ~Clock() = default;
  [[nodiscard]] virtual Wall wall() const { return std::chrono::system_clock::now(); }
  [[nodiscard]] virtual Steady steady() const { return std::chrono::steady_clock::now(); }

  /// How long the machine has slept since it was started (suspend, hibernation): steady() stands still
  /// meanwhile. Right to a few milliseconds.
  [[nodiscard]] virtual std::chrono::nanoseconds asleep() const {
    constexpr int kAttempts = 10;  // this thread itself may lose the processor between two looks
    std::chrono::nanoseconds slept{};
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      const std::chrono::nanoseconds before = now(CLOCK_MONOTONIC);
      const std::chrono::nanoseconds with_sleep = now(CLOCK_BOOTTIME);
      const std::chrono::nanoseconds after = now(CLOCK_MONOTONIC);
      slept = with_sleep - after;
      if (after - before < std::chrono::milliseconds(5)) break;
    }
    return slept;
  }

 private:
  static std::chrono::nanoseconds now(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }
};

}  // namespace insd
