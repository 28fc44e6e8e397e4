// SPDX-License-Identifier: Apache-2.0
#include "daemon/search_limits.h"

#include <algorithm>

#include "drivers/base/error.h"

namespace insd {
namespace {

constexpr std::size_t kManyUsers = 1024;

}  // namespace

void SearchLimits::fill(Bucket& bucket, std::size_t per_minute, Clock::Steady now) const {
  const auto rate = static_cast<double>(per_minute);
  const double minutes = std::chrono::duration<double, std::ratio<60>>(now - bucket.filled).count();
  bucket.tokens = std::clamp(bucket.tokens + minutes * rate, -rate, rate);
  bucket.filled = now;
}

SearchLimits::Bucket& SearchLimits::of(std::uint32_t uid, const InsiConfig& config, Clock::Steady now) {
  if (users_.size() >= kManyUsers) {
    // After two minutes a bucket is full whatever was owed, and says nothing.
    std::erase_if(users_,
                  [&](const auto& each) { return now - each.second.filled > std::chrono::minutes(2); });
  }
  const auto full = static_cast<double>(config.searches_per_minute);
  Bucket& bucket = users_.try_emplace(uid, Bucket{full, now}).first->second;
  fill(bucket, config.searches_per_minute, now);
  if (!all_) all_ = Bucket{static_cast<double>(config.searches_per_minute_all), now};
  fill(*all_, config.searches_per_minute_all, now);
  return bucket;
}

void SearchLimits::admit(std::uint32_t uid, const InsiConfig& config) {
  const Bucket& user = of(uid, config, clock_.steady());
  if (user.tokens < 1) throw Error(Code::RATE_LIMITED, "insi.searches_per_minute");
  if (all_->tokens < 1) throw Error(Code::RATE_LIMITED, "insi.searches_per_minute_all");
}

void SearchLimits::count(std::uint32_t uid, const InsiConfig& config) {
  of(uid, config, clock_.steady()).tokens -= 1;
  all_->tokens -= 1;
}

}  // namespace insd
