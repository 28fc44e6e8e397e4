// SPDX-License-Identifier: Apache-2.0
#include "daemon/answer_store.h"

#include <gtest/gtest.h>

#include "drivers/base/error.h"

namespace insd {
namespace {

class TestClock : public Clock {
 public:
  [[nodiscard]] Wall wall() const override { return Wall(now.time_since_epoch()); }
  [[nodiscard]] Steady steady() const override { return now; }
  Steady now{std::chrono::hours(1)};
};

class AnswerStoreTest : public ::testing::Test {
 protected:
  AnswerStore::Named keep(std::uint32_t uid, std::string name = "A") {
    insi::Answer answer;
    answer.birth_name = std::move(name);
    return store.keep(uid, answer, InsiEnvironment::TEST, std::chrono::seconds(60));
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
  AnswerStore store{clock};
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

TEST_F(AnswerStoreTest, IsBoundedForEachUserAndForAll) {
  const auto other = keep(2);
  const auto first = keep(1);
  for (int i = 0; i < 256; ++i) keep(1);
  EXPECT_FALSE(known(first.id, 1));
  EXPECT_TRUE(known(other.id, 2));  // a busy user pushes out nobody else's answers
  for (std::uint32_t uid = 10; uid < 6000; ++uid) keep(uid);
  EXPECT_EQ(store.size(), 4096U);
}

TEST_F(AnswerStoreTest, IdsDiffer) {
  EXPECT_NE(keep(1).id, keep(1).id);
  EXPECT_EQ(keep(1).id.size(), 32U);
}

}  // namespace
}  // namespace insd
