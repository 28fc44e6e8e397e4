// SPDX-License-Identifier: Apache-2.0
#include "daemon/desk/fair_queue.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/desk/patience.h"

namespace insd::desk {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> drained(FairQueue<std::string>& queue) {
  std::vector<std::string> order;
  while (auto item = queue.pop()) order.push_back(*item);
  return order;
}

TEST(FairQueue, UsersTakeTurns) {
  FairQueue<std::string> queue;
  for (const char* name : {"a1", "a2", "a3", "a4"}) queue.push(1, 10, name);
  queue.push(2, 20, "b1");
  queue.push(3, 30, "c1");
  queue.push(3, 30, "c2");
  EXPECT_EQ(queue.size(), 7U);
  EXPECT_EQ(queue.size_of(1), 4U);
  EXPECT_EQ(drained(queue), (std::vector<std::string>{"a1", "b1", "c1", "a2", "c2", "a3", "a4"}));
  EXPECT_TRUE(queue.empty());
}

TEST(FairQueue, ManyProgramsOfOneUserGainNothing) {
  FairQueue<std::string> queue;
  for (std::int32_t pid = 10; pid < 15; ++pid) queue.push(1, pid, "a" + std::to_string(pid));
  queue.push(2, 20, "b1");
  queue.push(2, 20, "b2");
  const auto order = drained(queue);
  EXPECT_EQ(order[1], "b1");
  EXPECT_EQ(order[3], "b2");
}

TEST(FairQueue, ProgramsOfOneUserTakeTurns) {
  FairQueue<std::string> queue;
  for (const char* name : {"a1", "a2", "a3"}) queue.push(1, 10, name);
  queue.push(1, 11, "b1");
  EXPECT_EQ(drained(queue), (std::vector<std::string>{"a1", "b1", "a2", "a3"}));
}

TEST(FairQueue, WhoeverComesBackGoesToTheEndOfTheLine) {
  FairQueue<std::string> queue;
  queue.push(1, 10, "a1");
  queue.push(2, 20, "b1");
  queue.push(2, 20, "b2");
  EXPECT_EQ(queue.pop(), "a1");
  queue.push(1, 10, "a2");
  EXPECT_EQ(drained(queue), (std::vector<std::string>{"b1", "a2", "b2"}));
}

TEST(FairQueue, WhatIsTakenOutLeavesNobodyBehind) {
  FairQueue<std::string> queue;
  queue.push(1, 10, "a1");
  queue.push(2, 20, "b1");
  const auto is = [](const std::string& name) {
    return [name](const std::string& item) { return item == name; };
  };
  EXPECT_EQ(queue.take(is("a1")), "a1");
  EXPECT_EQ(queue.take(is("a1")), std::nullopt);
  EXPECT_EQ(queue.size(), 1U);
  EXPECT_EQ(queue.size_of(1), 0U);
  EXPECT_EQ(drained(queue), (std::vector<std::string>{"b1"}));
  EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(Patience, LeavesTheCallerTimeToHearTheAnswer) {
  const auto now = std::chrono::steady_clock::now();
  Patience patience;
  EXPECT_EQ(wait_ends(patience, now), now + kLongestWait);
  patience.until = now + 1s;
  EXPECT_EQ(wait_ends(patience, now), now + 750ms);
  patience.until = now + 10s;
  EXPECT_EQ(wait_ends(patience, now), now + 8s);
  patience.until = now + 24h;
  EXPECT_EQ(wait_ends(patience, now), now + kLongestWait);
  patience.until = now - 1s;
  EXPECT_EQ(wait_ends(patience, now), now);
}

}  // namespace
}  // namespace insd::desk
