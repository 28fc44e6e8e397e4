// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/rate_limit.h"

#include <algorithm>

namespace insd::api {
namespace {

// More users than this at once are not a care desk; then full buckets, which say nothing, are forgotten.
constexpr std::size_t kManyUsers = 1024;

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

}  // namespace insd::api
