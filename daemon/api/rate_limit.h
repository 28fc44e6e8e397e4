// SPDX-License-Identifier: Apache-2.0
// So many requests a minute for each user, so that one busy program leaves the cards to the others.
#pragma once

#include <map>
#include <mutex>

#include <sys/types.h>

#include "daemon/clock.h"

namespace insd::api {

/// A token bucket for each user id: it holds one minute's worth and fills evenly. Thread safe, bounded.
class RateLimiter {
 public:
  RateLimiter(std::size_t requests_per_minute, const Clock& clock);

  /// Takes one token. False: too fast.
  bool admit(uid_t uid);

  void set_rate(std::size_t requests_per_minute);

 private:
  struct Bucket {
    double tokens;
    Clock::Steady filled;
  };
  void forget_full_buckets(Clock::Steady now);

  const Clock& clock_;
  std::mutex mutex_;
  double per_minute_;
  std::map<uid_t, Bucket> buckets_;
};

/// A question for a PIN keeps its card from everybody. Who leaves three of them in a row unanswered, or
/// answered with what no card can judge (a malformed PIN, a refused consent), waits before the next, twice as
/// long each time. On the executor only, bounded.
class UnansweredPrompts {
 public:
  explicit UnansweredPrompts(const Clock& clock) : clock_(clock) {}

  /// Throws RATE_LIMITED while the user has to wait.
  void check(uid_t uid) const;
  /// A question expired, was cancelled or got an answer that is none.
  void unanswered(uid_t uid);
  void answered(uid_t uid) { users_.erase(uid); }

 private:
  struct User {
    unsigned in_a_row = 0;
    Clock::Steady refused_until;
    Clock::Steady forgotten_at;
  };
  const Clock& clock_;
  std::map<uid_t, User> users_;
};

}  // namespace insd::api
