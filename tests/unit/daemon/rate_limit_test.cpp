// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/rate_limit.h"

#include <gtest/gtest.h>

#include "drivers/base/error.h"

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

bool refused(const UnansweredPrompts& prompts, uid_t uid) {
  try {
    prompts.check(uid);
    return false;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::RATE_LIMITED);
    return true;
  }
}

TEST(UnansweredPrompts, WaitGrowsAfterThreeInARow) {
  TestClock clock;
  UnansweredPrompts prompts(clock);
  for (int i = 0; i < 2; ++i) prompts.unanswered(1);
  EXPECT_FALSE(refused(prompts, 1));
  for (const int wait : {5, 10, 20, 40, 80, 160, 320, 320}) {
    prompts.unanswered(1);
    clock.now += std::chrono::seconds(wait - 1);
    EXPECT_TRUE(refused(prompts, 1)) << wait;
    EXPECT_FALSE(refused(prompts, 2));
    clock.now += std::chrono::seconds(1);
    EXPECT_FALSE(refused(prompts, 1)) << wait;
  }
}

TEST(UnansweredPrompts, AnAnswerOrTimeForgivesThem) {
  TestClock clock;
  UnansweredPrompts prompts(clock);
  for (int i = 0; i < 2; ++i) prompts.unanswered(1);
  prompts.answered(1);
  prompts.unanswered(1);
  EXPECT_FALSE(refused(prompts, 1));
  prompts.unanswered(1);
  clock.now += std::chrono::minutes(10);
  prompts.unanswered(1);
  EXPECT_FALSE(refused(prompts, 1));
}

}  // namespace
}  // namespace insd::api
