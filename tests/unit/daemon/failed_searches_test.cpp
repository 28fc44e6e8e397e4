// SPDX-License-Identifier: Apache-2.0
#include "daemon/failed_searches.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "drivers/base/error.h"

namespace insd {
namespace {

using std::chrono::seconds;

class TestClock : public Clock {
 public:
  [[nodiscard]] Steady steady() const override { return now; }
  Steady now{std::chrono::hours(1)};
};

class FailedSearchesTest : public ::testing::Test {
 protected:
  void keep(std::uint32_t uid, const std::string& request_id, const std::string& message_id = "uuid:1",
            seconds ttl = seconds(60)) {
    SearchAttempt attempt;
    attempt.message_id = message_id;
    failed.keep(uid, request_id, {attempt}, ttl);
  }
  /// The message of the only attempt; empty when nothing is known.
  std::string message_of(const std::string& request_id, std::uint32_t uid) {
    try {
      const auto& attempts = failed.find(request_id, uid);
      return attempts.size() == 1 ? attempts.front().message_id : "not one";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::NOT_FOUND);
      return {};
    }
  }
  TestClock clock;
  boost::asio::io_context io;
  FailedSearches failed{io.get_executor(), clock};
};

TEST_F(FailedSearchesTest, AreOfTheUserWhoAsked) {
  keep(1, "r-1", "uuid:of 1");
  keep(2, "r-1", "uuid:of 2");
  EXPECT_EQ(message_of("r-1", 1), "uuid:of 1");
  EXPECT_EQ(message_of("r-1", 2), "uuid:of 2");
  EXPECT_EQ(message_of("r-1", 3), "");
  EXPECT_EQ(message_of("r-2", 1), "");
}

TEST_F(FailedSearchesTest, TheNewestOfARequestCountsAndNoneWithoutAQuestion) {
  keep(1, "r-1", "uuid:old");
  keep(1, "r-1", "uuid:new");
  failed.keep(1, "r-2", {}, seconds(60));
  EXPECT_EQ(message_of("r-1", 1), "uuid:new");
  EXPECT_EQ(message_of("r-2", 1), "");
  EXPECT_EQ(failed.size(), 1U);
}

TEST_F(FailedSearchesTest, EndWithTheirTime) {
  keep(1, "r-1");
  clock.now += seconds(59);
  EXPECT_EQ(message_of("r-1", 1), "uuid:1");
  clock.now += seconds(1);
  EXPECT_EQ(message_of("r-1", 1), "");
  EXPECT_EQ(failed.size(), 0U);
}

TEST_F(FailedSearchesTest, GoWithoutBeingAskedFor) {
  keep(1, "r-1", "uuid:1", seconds(0));
  EXPECT_EQ(failed.size(), 0U);
  keep(1, "r-2", "uuid:2", seconds(1));
  ASSERT_EQ(failed.size(), 1U);
  clock.now += seconds(1);
  io.run_for(seconds(20));  // returns when its timer has gone off
  EXPECT_EQ(failed.size(), 0U);
}

TEST_F(FailedSearchesTest, OneUserTakesNothingFromTheOthers) {
  keep(2, "r-1");
  for (int i = 0; i < 65; ++i) keep(1, "r-" + std::to_string(i));
  EXPECT_EQ(failed.size(), 65U);
  EXPECT_EQ(message_of("r-0", 1), "") << "its own oldest made room";
  EXPECT_EQ(message_of("r-1", 1), "uuid:1");
  EXPECT_EQ(message_of("r-1", 2), "uuid:1");
}

TEST_F(FailedSearchesTest, AllTogetherAreBounded) {
  for (std::uint32_t uid = 0; uid < 1030; ++uid) keep(uid, "r-1");
  EXPECT_EQ(failed.size(), 1024U);
  EXPECT_EQ(message_of("r-1", 5), "");
  EXPECT_EQ(message_of("r-1", 6), "uuid:1");
}

}  // namespace
}  // namespace insd
