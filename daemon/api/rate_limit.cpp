// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/rate_limit.h"

#include <algorithm>

#include "drivers/base/error.h"

namespace insd::api {
namespace {

// More users than this at once are not a care desk; then full buckets, which say nothing, are forgotten.
constexpr std::size_t kManyUsers = 1024;

constexpr unsigned kFreePrompts = 3;
constexpr std::chrono::seconds kFirstWait{5};
constexpr std::chrono::seconds kLongestWait{320};
constexpr std::chrono::minutes kForgotten{10};

double minutes_between(Clock::Steady from, Clock::Steady to) {
  return std::chrono::duration<double, std::ratio<60>>(to - from).count();
}

}  // namespace

RateLimiter::RateLimiter(std::size_t requests_per_minute, const Clock& clock)
    : clock_(clock), per_minute_(static_cast<double>(requests_per_minute)) {}

bool RateLimiter::admit(uid_t uid) {
  const Clock::Steady now = clock_.steady();
  const std::lock_guard lock(mutex_);
  if (buckets_.size() >= kManyUsers) forget_full_buckets(now);
  auto [found, created] = buckets_.try_emplace(uid, Bucket{per_minute_, now});
  Bucket& bucket = found->second;
  bucket.tokens = std::min(per_minute_, bucket.tokens + minutes_between(bucket.filled, now) * per_minute_);
  bucket.filled = now;
  if (bucket.tokens < 1.0) return false;
  bucket.tokens -= 1.0;
  return true;
}

void RateLimiter::set_rate(std::size_t requests_per_minute) {
  const std::lock_guard lock(mutex_);
  per_minute_ = static_cast<double>(requests_per_minute);
}

void RateLimiter::forget_full_buckets(Clock::Steady now) {
  std::erase_if(buckets_, [&](const auto& entry) {
    return entry.second.tokens + minutes_between(entry.second.filled, now) * per_minute_ >= per_minute_;
  });
}

void UnansweredPrompts::check(uid_t uid) const {
  const auto found = users_.find(uid);
  if (found != users_.end() && clock_.steady() < found->second.refused_until) {
    throw Error(Code::RATE_LIMITED, "too many questions for a PIN were left unanswered");
  }
}

void UnansweredPrompts::unanswered(uid_t uid) {
  const Clock::Steady now = clock_.steady();
  std::erase_if(users_, [&](const auto& entry) { return entry.second.forgotten_at <= now; });
  User& user = users_[uid];
  if (++user.in_a_row >= kFreePrompts) {
    std::chrono::seconds wait = kFirstWait;
    for (unsigned i = kFreePrompts; i < user.in_a_row && wait < kLongestWait; ++i) wait *= 2;
    user.refused_until = now + std::min(wait, kLongestWait);
  }
  user.forgotten_at = now + kForgotten;
}

}  // namespace insd::api
