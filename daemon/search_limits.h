// SPDX-License-Identifier: Apache-2.0
// How many questions INSi is asked in a minute, for each user and for all: retrieval is for the patient who
// is there, never a loop over a base (specs: ins-rules 8).
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "daemon/clock.h"
#include "daemon/config.h"

namespace insd {

/// On the executor only, bounded. A search that has begun is finished: what it asks beyond the limit delays
/// the next one.
class SearchLimits {
 public:
  explicit SearchLimits(const Clock& clock) : clock_(clock) {}

  /// Throws RATE_LIMITED; takes nothing.
  void admit(std::uint32_t uid, const InsiConfig& config);
  /// One question goes out.
  void count(std::uint32_t uid, const InsiConfig& config);

 private:
  /// Holds a minute's worth and fills evenly; below zero, down to a minute's worth, is owed.
  struct Bucket {
    double tokens = 0;
    Clock::Steady filled{};
  };
  void fill(Bucket& bucket, std::size_t per_minute, Clock::Steady now) const;
  Bucket& of(std::uint32_t uid, const InsiConfig& config, Clock::Steady now);

  const Clock& clock_;
  std::map<std::uint32_t, Bucket> users_;
  std::optional<Bucket> all_;
};

}  // namespace insd
