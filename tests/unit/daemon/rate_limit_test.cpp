// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/rate_limit.h"

#include <gtest/gtest.h>

namespace insd::api {
namespace {

class TestClock : public Clock {
 public:
  [[nodiscard]] Steady steady() const override { return now; }
  Steady now{};
};

TEST(RateLimiter, OneMinutesWorthThenEvenly) {
  TestClock clock;
  RateLimiter limiter(60, clock);
  for (int i = 0; i < 60; ++i) EXPECT_TRUE(limiter.admit(1)) << i;
  EXPECT_FALSE(limiter.admit(1));
  clock.now += std::chrono::milliseconds(999);
  EXPECT_FALSE(limiter.admit(1));
  clock.now += std::chrono::milliseconds(2);
  EXPECT_TRUE(limiter.admit(1));
  EXPECT_FALSE(limiter.admit(1));
}

TEST(RateLimiter, UsersDoNotDisturbEachOther) {
  TestClock clock;
  RateLimiter limiter(1, clock);
  EXPECT_TRUE(limiter.admit(1));
  EXPECT_FALSE(limiter.admit(1));
  EXPECT_TRUE(limiter.admit(2));
}

TEST(RateLimiter, ALongPauseSavesNoMoreThanAMinute) {
  TestClock clock;
  RateLimiter limiter(2, clock);
  EXPECT_TRUE(limiter.admit(1));
  clock.now += std::chrono::hours(10);
  EXPECT_TRUE(limiter.admit(1));
  EXPECT_TRUE(limiter.admit(1));
  EXPECT_FALSE(limiter.admit(1));
}

TEST(RateLimiter, ManyUsersDoNotResetASpentOne) {
  TestClock clock;
  RateLimiter limiter(2, clock);
  EXPECT_TRUE(limiter.admit(1));
  EXPECT_TRUE(limiter.admit(1));
  for (uid_t uid = 2; uid < 3000; ++uid) EXPECT_TRUE(limiter.admit(uid));
  EXPECT_FALSE(limiter.admit(1));
}

}  // namespace
}  // namespace insd::api
