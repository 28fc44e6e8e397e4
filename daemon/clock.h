// SPDX-License-Identifier: Apache-2.0
// Time is passed in, so that tests can move it.
#pragma once

#include <chrono>

namespace insd {

class Clock {
 public:
  using Wall = std::chrono::system_clock::time_point;
  using Steady = std::chrono::steady_clock::time_point;

  virtual ~Clock() = default;
  [[nodiscard]] virtual Wall wall() const { return std::chrono::system_clock::now(); }
  [[nodiscard]] virtual Steady steady() const { return std::chrono::steady_clock::now(); }
};

}  // namespace insd
