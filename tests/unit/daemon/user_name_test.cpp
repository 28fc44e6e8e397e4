// SPDX-License-Identifier: Apache-2.0
// Names of users come from databases that may hang: nobody waits for them.
#include "daemon/api/user_name.h"

#include <future>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

namespace insd::api {
namespace {

using namespace std::chrono_literals;

// The text that is shown after `patience`.
std::string shown(const std::shared_ptr<const UserName>& name, std::chrono::milliseconds patience = 20s) {
  boost::asio::io_context io;
  auto waited = boost::asio::co_spawn(io, wait_for(name, patience), boost::asio::use_future);
  io.run();
  waited.get();
  return name->text();
}

TEST(UserNames, TheSystemKnowsWhoWeAre) {
  const passwd* const self = getpwuid(getuid());
  const std::string expected = self != nullptr ? self->pw_name : "uid " + std::to_string(getuid());
  EXPECT_EQ(shown(UserNames().look_up(getuid())), expected);
  EXPECT_EQ(shown(UserNames().look_up(4'000'000'000U)), "uid 4000000000") << "nobody";
}

TEST(UserNames, WhatADatabaseSaysIsDataAndNoMarkup) {
  const UserNames names([](uid_t) { return "eve\n\x1b[2J" + std::string(100, 'x'); });
  const std::string text = shown(names.look_up(1));
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_LE(text.size(), 70U);
}

TEST(UserNames, ADatabaseThatHangsCostsTheNameAndNoMoreThanFourThreads) {
  // Outlived by nothing: the threads are let go before the test ends, but may be the last to hold it.
  const auto answer = std::make_shared<std::promise<void>>();
  const auto looked = std::make_shared<std::atomic<int>>(0);
  const UserNames names([hanging = answer->get_future().share(), looked](uid_t) {
    ++*looked;
    hanging.wait();
    return std::string("late");
  });
  std::vector<std::shared_ptr<const UserName>> asked;
  for (uid_t uid = 0; uid < 4; ++uid) asked.push_back(names.look_up(uid));
  EXPECT_EQ(shown(asked[3], 10ms), "uid 3");
  const auto beyond = names.look_up(1000);
  EXPECT_TRUE(beyond->told()) << "not even looked for";
  EXPECT_EQ(beyond->text(), "uid 1000");
  answer->set_value();
  for (const auto& name : asked) EXPECT_EQ(shown(name), "late");
  EXPECT_EQ(*looked, 4);
}

}  // namespace
}  // namespace insd::api
