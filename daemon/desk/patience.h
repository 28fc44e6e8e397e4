// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <utility>

namespace insd::desk {

/// A contact card answers within seconds; a reader silent for longer has lost it (design: workers).
inline constexpr std::chrono::seconds kSilence{30};

/// On whose behalf work waits for a card, and how long.
struct Patience {
  std::stop_token stop;                                        ///< requested when the caller has gone
  std::uint32_t uid = 0;                                       ///< turns are taken by user
  std::int32_t pid = 0;                                        ///< and, among a user's, by program
  std::optional<std::chrono::steady_clock::time_point> until;  ///< the caller's deadline; nothing = none
  /// How long this work may take before the reader counts as stuck. A person at a PIN pad needs more.
  std::chrono::seconds silence = kSilence;

  Patience() = default;
  Patience(std::stop_token token) : stop(std::move(token)) {}  // NOLINT(google-explicit-constructor)
  Patience(std::stop_token token, std::uint32_t user, std::int32_t program)
      : stop(std::move(token)), uid(user), pid(program) {}
};

/// The longest wait for a card that other programs or other callers use, whatever the caller's deadline.
inline constexpr std::chrono::seconds kLongestWait{20};

/// When somebody who asked at `now` is told that the card is not free: a quarter of the caller's time, 2 s at
/// most, is left for the work and for the answer. Otherwise the caller would only see its own deadline pass.
inline std::chrono::steady_clock::time_point wait_ends(const Patience& patience,
                                                       std::chrono::steady_clock::time_point now) {
  using Duration = std::chrono::steady_clock::duration;
  Duration wait = kLongestWait;
  if (patience.until) {
    const Duration left = std::max(*patience.until - now, Duration::zero());
    wait = std::min(wait, left - std::min<Duration>(left / 4, std::chrono::seconds(2)));
  }
  return now + wait;
}

}  // namespace insd::desk
