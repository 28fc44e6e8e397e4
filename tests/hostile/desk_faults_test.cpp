// SPDX-License-Identifier: Apache-2.0
// The desk while a card leaves in the middle of its work, a worker does not come back, and the clock jumps.
#include <algorithm>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "daemon/desk/board.h"
#include "daemon/desk/leases.h"
#include "daemon/desk/vitale_desk.h"
#include "tests/unit/drivers/card_double.h"
#include "tests/unit/drivers/expect_error.h"
#include "tests/unit/drivers/scripted_pcsc.h"

namespace insd::desk {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

const Bytes kVitaleAtr = from_hex("3B751300004509EA9000");
const std::string kReader = "Reader A";

pcsc::Snapshot vitale_in() {
  pcsc::Snapshot snapshot;
  snapshot.slots.push_back(
      {.reader = kReader, .state = pcsc::SlotState::PRESENT, .atr = kVitaleAtr, .insertions = 1});
  return snapshot;
}

// A desk on a scripted pcscd, and all that it says, in its order.
class DeskStage {
 public:
  DeskStage() : thread_([this] { io_.run(); }) {
    pcscd.add_reader(kReader);
    on_executor([this] {
      watch_ = desk_.watch([this](const std::shared_ptr<const State>& state) {
        if (state->readers.empty()) return;
        const Reader& reader = state->readers.front();
        note(reader.generation.empty() ? "empty" : "card " + reader.generation);
      });
      generations_ = desk_.watch_generations(
          [this](const std::string& generation, const auto&...) { note("end " + generation); });
    });
    desk_.start();
  }
  ~DeskStage() {
    on_executor([this] {
      watch_.reset();
      generations_.reset();
      vitale_.reset();
    });
    desk_.stop();
    work_.reset();
    io_.stop();
    thread_.join();
  }
  DeskStage(const DeskStage&) = delete;
  DeskStage& operator=(const DeskStage&) = delete;

  /// A Vitale that calls `at` before each answer, with its number from 1.
  void insert(std::function<void(std::size_t)> at) {
    card_ = std::make_unique<test::FakeVitale>();
    card_->sfi_2 = test::vitale_person("DURAND", "NATHALIE", "19690527");
    card_->nirs = test::vitale_nir("269054958815780");
    const std::string last = said().empty() ? std::string() : said().back();
    // Shared: the scripted pcscd plays a copy of the card.
    const auto number = std::make_shared<std::size_t>(0);
    pcscd.insert(kReader, kVitaleAtr, [this, at = std::move(at), number](ByteView command) {
      at(++*number);
      return card_->exchange(command);
    });
    EXPECT_TRUE(wait_until([&](const auto& all) {
      return !all.empty() && all.back() != last && all.back().starts_with("card");
    }));
    const std::lock_guard lock(mutex_);
    said_.erase(said_.begin(), said_.end() - 1);  // what was said before this card
  }

  std::optional<Code> read() {
    auto future = asio::co_spawn(io_, vitale_->read({}, {}, {}), asio::use_future);
    if (future.wait_for(20s) != std::future_status::ready)
      throw std::runtime_error("the reading did not end");
    return test::code_of([&] { EXPECT_EQ(future.get().content.beneficiaries.size(), 1U); });
  }

  bool wait_until(const std::function<bool(const std::vector<std::string>&)>& wanted) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [&] { return wanted(said_); });
  }
  std::vector<std::string> said() {
    const std::lock_guard lock(mutex_);
    return said_;
  }
  [[nodiscard]] std::size_t exchanges() const { return card_->log.size(); }

  test::ScriptedPcsc pcscd;

 private:
  void note(const std::string& what) {
    {
      const std::lock_guard lock(mutex_);
      if (said_.empty() || said_.back() != what) said_.push_back(what);
    }
    changed_.notify_all();
  }
  void on_executor(std::function<void()> action) {
    std::promise<void> done;
    asio::post(io_, [&] {
      action();
      done.set_value();
    });
    done.get_future().wait();
  }

  std::unique_ptr<test::FakeVitale> card_;
  Clock clock_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{asio::make_work_guard(io_)};
  Desk desk_{io_.get_executor(), pcscd.api(), {}, "start", clock_};
  std::unique_ptr<VitaleDesk> vitale_ = std::make_unique<VitaleDesk>(desk_, clock_);
  std::shared_ptr<void> watch_, generations_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> said_;
  std::thread thread_;
};

TEST(HostileDesk, T_CARD_09_ARemovalInTheMiddleIsToldOnceAndInItsOrder) {
  std::size_t answers = 0;
  {
    DeskStage whole;
    whole.insert([](std::size_t) {});
    ASSERT_EQ(whole.read(), std::nullopt);
    answers = whole.exchanges();
  }
  for (std::size_t k = 1; k < answers; ++k) {
    DeskStage desk;
    desk.insert([&](std::size_t number) {
      if (number == k) desk.pcscd.eject(kReader);
    });
    const std::string generation = desk.said().back().substr(5);
    EXPECT_EQ(desk.read(), Code::CARD_REMOVED) << k;
    ASSERT_TRUE(desk.wait_until([](const auto& all) { return std::ranges::count(all, "empty") == 1; }))
        << k << ": " << testing::PrintToString(desk.said());
    const auto said = desk.said();
    EXPECT_EQ(std::ranges::count(said, "end " + generation), 1) << "its end is told once";
    const auto end = std::ranges::find(said, "end " + generation);
    EXPECT_EQ(std::find(end, said.end(), "card " + generation), said.end()) << "and nothing of it after that";
    EXPECT_LT(end, std::ranges::find(said, "empty"))
        << "what was read is void before the reader is called empty";
    EXPECT_EQ(desk.pcscd.open_transactions(), 0);
    // Back again: another generation, and it is read.
    desk.insert([](std::size_t) {});
    EXPECT_NE(desk.said().back(), "card " + generation);
    EXPECT_EQ(desk.read(), std::nullopt) << k;
  }
}

TEST(HostileDesk, T_PCSC_04_AReaderThatWasStuckHealsWhenItsWorkerComesBack) {
  const Clock clock;
  Board board({}, "start", clock);
  EXPECT_TRUE(board.mark_unstuck(kReader).empty()) << "of a reader that is gone";
  const pcsc::Snapshot snapshot = vitale_in();
  board.apply(snapshot);
  const std::string first = board.state()->readers.at(0).generation;
  EXPECT_TRUE(board.mark_unstuck(kReader).empty());
  EXPECT_EQ(board.state()->readers.at(0).generation, first) << "it was not stuck";
  board.mark_stuck(kReader);
  board.apply(snapshot);
  EXPECT_EQ(board.state()->readers.at(0).problem, Code::READER_STUCK) << "a repeated picture heals nothing";
  const auto stuck = board.state()->readers.at(0).generation;
  board.mark_unstuck(kReader);
  const Reader healed = board.state()->readers.at(0);
  EXPECT_EQ(healed.state, ReaderState::CARD_PRESENT);
  EXPECT_EQ(healed.problem, std::nullopt);
  EXPECT_FALSE(healed.generation.empty() || healed.generation == first || healed.generation == stuck)
      << "what was read before the freeze is void";
}

// The time of day is moved by a person or by NTP; the time that limits is not.
class JumpingClock : public Clock {
 public:
  [[nodiscard]] Wall wall() const override { return std::chrono::system_clock::now() + jump; }
  std::chrono::hours jump{0};
};

TEST(HostileDesk, T_PCSC_04_AClockThatJumpsAnHourEndsNoLeaseAndNoGeneration) {
  asio::io_context io;
  JumpingClock clock;
  Board board({}, "start", clock);
  const pcsc::Snapshot snapshot = vitale_in();
  board.apply(snapshot);
  const Reader before = board.state()->readers.at(0);
  Leases leases(io.get_executor(), 60s, 120s, clock);
  const auto token = leases.add({});
  for (const auto jump : {1h, -1h, 24h, 0h}) {
    clock.jump = jump;
    board.apply(snapshot);
    EXPECT_EQ(board.state()->readers.at(0), before) << jump.count();
    io.restart();
    io.poll();
    EXPECT_EQ(test::code_of([&] { leases.find(token, 0); }), std::nullopt) << jump.count();
    leases.used(leases.find(token, 0));
  }
  // What begins while it is wrong says the wrong time of day, and is none the worse for it.
  clock.jump = -1h;
  board.end_generation(before.generation, GenerationEnd::RESET);
  EXPECT_LT(board.state()->readers.at(0).since, before.since);
  EXPECT_NE(board.state()->readers.at(0).generation, before.generation);
}

}  // namespace
}  // namespace insd::desk
