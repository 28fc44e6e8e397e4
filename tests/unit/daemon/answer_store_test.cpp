// SPDX-License-Identifier: Apache-2.0
#include "daemon/answer_store.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "drivers/base/error.h"

namespace insd {
namespace {

class TestClock : public Clock {
 public:
  [[nodiscard]] Wall wall() const override { return Wall(now.time_since_epoch()) + jump; }
  [[nodiscard]] Steady steady() const override { return now; }
  Steady now{std::chrono::hours(1)};
  std::chrono::hours jump{0};  ///< what somebody did to the wall clock
};

class AnswerStoreTest : public ::testing::Test {
 protected:
  AnswerStore::Named keep(std::uint32_t uid, std::string name = "A",
                          std::chrono::seconds ttl = std::chrono::seconds(60)) {
    insi::Answer answer;
    answer.birth_name = std::move(name);
    return store.keep(uid, {answer, InsiEnvironment::TEST}, ttl);
  }
  bool known(const std::string& id, std::uint32_t uid) {
    try {
      store.find(id, uid);
      return true;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::NOT_FOUND);
      return false;
    }
  }
  TestClock clock;
  boost::asio::io_context io;
  AnswerStore store{io.get_executor(), clock};
};

TEST_F(AnswerStoreTest, BelongsToTheUserWhoAsked) {
  const auto named = keep(1, "DUPONT");
  EXPECT_EQ(store.find(named.id, 1).answer.birth_name, "DUPONT");
  EXPECT_FALSE(known(named.id, 2));
  EXPECT_FALSE(known("", 1));
}

TEST_F(AnswerStoreTest, EndsWithItsTime) {
  const auto named = keep(1);
  EXPECT_EQ(named.expires, clock.wall() + std::chrono::seconds(60));
  clock.now += std::chrono::seconds(59);
  EXPECT_TRUE(known(named.id, 1));
  clock.now += std::chrono::seconds(1);
  EXPECT_FALSE(known(named.id, 1));
  EXPECT_EQ(store.size(), 0U);
}

TEST_F(AnswerStoreTest, AnExpiredAnswerGoesWithoutBeingAskedFor) {
  const auto run_until_left = [&](std::size_t left) {
    while (store.size() > left && io.run_one_for(std::chrono::seconds(20)) > 0) {
    }
    return store.size();
  };
  keep(1, "A", std::chrono::hours(1));
  keep(1, "B", std::chrono::seconds(0));
  ASSERT_EQ(store.size(), 2U);
  EXPECT_EQ(run_until_left(1), 1U);
  keep(1, "C", std::chrono::seconds(1));
  clock.now += std::chrono::seconds(1);
  EXPECT_EQ(run_until_left(1), 1U);
}

TEST_F(AnswerStoreTest, T_PCSC_04_AClockThatJumpsNeitherEndsAnAnswerNorKeepsIt) {
  for (const int hours : {1, -1}) {
    clock.jump = {};
    const auto named = keep(1);
    clock.jump = std::chrono::hours(hours);
    clock.now += std::chrono::seconds(59);
    EXPECT_TRUE(known(named.id, 1)) << hours;
    clock.now += std::chrono::seconds(1);
    EXPECT_FALSE(known(named.id, 1)) << hours;
  }
}

TEST_F(AnswerStoreTest, IsBoundedForEachUserAndForAll) {
  const auto other = keep(2);
  const auto first = keep(1);
  for (int i = 0; i < 256; ++i) keep(1);
  EXPECT_FALSE(known(first.id, 1));
  EXPECT_TRUE(known(other.id, 2));  // a busy user pushes out nobody else's answers
  for (std::uint32_t uid = 10; uid < 6000; ++uid) keep(uid);
  EXPECT_EQ(store.size(), 4096U);
}

TEST_F(AnswerStoreTest, IsForgottenByItsUserOnly) {
  const auto named = keep(1);
  EXPECT_THROW(store.forget(named.id, 2), Error);
  EXPECT_TRUE(known(named.id, 1));
  store.forget(named.id, 1);
  EXPECT_FALSE(known(named.id, 1));
  EXPECT_THROW(store.forget(named.id, 1), Error);
}

TEST_F(AnswerStoreTest, AKiosksAnswerEndsWithItsCardADesksDoesNot) {
  const auto ttl = std::chrono::seconds(60);
  KeptAnswer answer;
  answer.generations = {"g-1", "g-2"};
  const auto desk = store.keep(1, answer, ttl);
  answer.ends_with_card = true;
  const auto kiosk = store.keep(1, answer, ttl);
  store.card_left("g-3");
  EXPECT_TRUE(known(kiosk.id, 1));
  store.card_left("g-2");
  EXPECT_FALSE(known(kiosk.id, 1));
  EXPECT_TRUE(known(desk.id, 1));
}

TEST_F(AnswerStoreTest, IdsDiffer) {
  EXPECT_NE(keep(1).id, keep(1).id);
  EXPECT_EQ(keep(1).id.size(), 32U);
}

}  // namespace
}  // namespace insd
