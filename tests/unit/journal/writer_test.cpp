// SPDX-License-Identifier: Apache-2.0
// The thread that writes: who waits for it, who does not, and what is written when it ends.
#include "daemon/journal/writer.h"

#include <atomic>
#include <future>
#include <semaphore>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/base/error.h"

namespace insd::journal {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using ::testing::ElementsAre;

/// A disk that takes as long as the test wants.
class SlowJournal final : public Journal {
 public:
  std::uint64_t begin(const Begin& record) override { return begin_all({record}).front(); }
  std::vector<std::uint64_t> begin_all(const std::vector<Begin>& records) override {
    at_work.release();
    if (!go_on.try_acquire_for(20s)) throw Error(Code::INTERNAL, "the test never let go");
    writes.push_back(records.size());
    if (broken) throw Error(Code::JOURNAL_UNAVAILABLE);
    std::vector<std::uint64_t> ids;
    for (const Begin& each : records) {
      said.push_back("begin " + each.operation);
      ids.push_back(said.size());
    }
    return ids;
  }
  void end(std::uint64_t id, const End& record) noexcept override {
    said.push_back("end " + std::to_string(id) + " " + record.code);
  }

  std::counting_semaphore<1024> at_work{0}, go_on{0};
  std::atomic<bool> broken = false;
  // Of the writer's thread; read them when it has ended.
  std::vector<std::size_t> writes;
  std::vector<std::string> said;
};

Begin record(std::string operation) {
  Begin made;
  made.operation = std::move(operation);
  return made;
}

std::optional<Code> failure(std::future<std::uint64_t>& begun) {
  try {
    begun.get();
    return std::nullopt;
  } catch (const Error& error) {
    return error.code();
  }
}

class WriterTest : public ::testing::Test {
 protected:
  std::future<std::uint64_t> begin(std::string operation) {
    return asio::co_spawn(io_, writer_.begin(record(std::move(operation))), asio::use_future);
  }
  void let_go(int times = 1) { disk_.go_on.release(times); }
  void at_work() { ASSERT_TRUE(disk_.at_work.try_acquire_for(20s)); }

  SlowJournal disk_;
  Writer writer_{disk_};
  asio::io_context io_;
};

TEST_F(WriterTest, TheExecutorWorksOnWhileTheDiskDoes) {
  auto begun = begin("one");
  io_.poll();
  at_work();
  bool other_work = false;
  asio::post(io_, [&] { other_work = true; });
  io_.poll();
  EXPECT_TRUE(other_work);
  EXPECT_EQ(begun.wait_for(0s), std::future_status::timeout) << "nothing may be signed before it is durable";
  let_go();
  io_.run();
  EXPECT_EQ(begun.get(), 1U);
}

TEST_F(WriterTest, WhatBeginsWhileTheDiskIsAtWorkBecomesDurableTogether) {
  auto first = begin("one");
  io_.poll();
  at_work();
  auto second = begin("two"), third = begin("three");
  io_.poll();
  let_go(2);
  io_.run();
  EXPECT_EQ(first.get(), 1U);
  EXPECT_EQ(second.get(), 2U);
  EXPECT_EQ(third.get(), 3U);
  writer_.stop();
  EXPECT_THAT(disk_.writes, ElementsAre(1U, 2U));
  EXPECT_THAT(disk_.said, ElementsAre("begin one", "begin two", "begin three"));
}

TEST_F(WriterTest, ADiskThatFailsFailsAllThatWaitedForIt) {
  disk_.broken = true;
  auto first = begin("one");
  io_.poll();
  at_work();
  auto second = begin("two"), third = begin("three");
  io_.poll();
  let_go(2);
  io_.run();
  EXPECT_EQ(failure(first), Code::JOURNAL_UNAVAILABLE);
  EXPECT_EQ(failure(second), Code::JOURNAL_UNAVAILABLE);
  EXPECT_EQ(failure(third), Code::JOURNAL_UNAVAILABLE);
  disk_.broken = false;
  let_go();
  auto later = begin("later");
  io_.restart();
  io_.run();
  EXPECT_EQ(later.get(), 1U) << "and the next is a new attempt";
}

TEST_F(WriterTest, ADiskThatHangsIsToldOnceTooManyWait) {
  std::vector<std::future<std::uint64_t>> waiting;
  waiting.push_back(begin("at the disk"));
  io_.poll();
  at_work();
  for (int i = 0; i < 256; ++i) waiting.push_back(begin("waits"));
  auto refused = begin("one too many");
  io_.poll();
  ASSERT_EQ(refused.wait_for(0s), std::future_status::ready);
  EXPECT_EQ(failure(refused), Code::JOURNAL_UNAVAILABLE);
  let_go(2);
  io_.run();
  for (auto& each : waiting) EXPECT_EQ(failure(each), std::nullopt);
}

TEST_F(WriterTest, NobodyWaitsForAnEndAndItIsWrittenBeforeTheThreadEnds) {
  auto first = begin("one");
  auto second = begin("two");
  io_.poll();
  at_work();
  writer_.end(7, {"00", 1});
  let_go(2);
  writer_.stop();
  writer_.end(8, {"01", 1});
  EXPECT_THAT(disk_.said, ElementsAre("begin one", "begin two", "end 7 00", "end 8 01"))
      << "also what comes after it: the daemon's last coroutines";
}

TEST_F(WriterTest, WhoAsksIsToldWhenAllIsWritten) {
  let_go();
  begin("one");
  io_.poll();
  at_work();
  writer_.end(1, {"00", 1});
  asio::co_spawn(io_, writer_.written(), asio::use_future);
  io_.run();
  EXPECT_EQ(disk_.said.size(), 2U);
}

}  // namespace
}  // namespace insd::journal
