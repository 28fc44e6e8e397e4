// SPDX-License-Identifier: Apache-2.0
// Callers who wait: for other programs, for each other, and those who give up.
#include <atomic>
#include <mutex>
#include <vector>

#include "tests/unit/desk/desk_fixture.h"

namespace insd::desk {
namespace {

/// A card whose first answer waits for the test.
class SlowCard {
 public:
  test::ScriptedPcsc::Card card() {
    return [this](ByteView) {
      if (!asked_.exchange(true)) {
        begun_.set_value();
        go_on_.get_future().wait();
      }
      return from_hex("9000");
    };
  }
  bool wait_asked() { return begun_.get_future().wait_for(20s) == std::future_status::ready; }
  void answer() { go_on_.set_value(); }

 private:
  std::atomic<bool> asked_ = false;
  std::promise<void> begun_, go_on_;
};

class WaitingTest : public DeskTest {
 protected:
  void start_with(test::ScriptedPcsc::Card card) {
    desk_.start();
    pcsc_.insert("R", kVitaleAtr, std::move(card));
    wait_for([](const State& s) { return !s.readers.empty() && !s.readers[0].generation.empty(); });
  }
  void start_with_card() {
    start_with([](ByteView) { return from_hex("9000"); });
  }
  static Patience of_user(std::uint32_t uid) { return {{}, uid, static_cast<std::int32_t>(uid)}; }
  static Patience until(std::chrono::milliseconds length) {
    Patience patience;
    patience.until = std::chrono::steady_clock::now() + length;
    return patience;
  }
  void wait_for_state(ReaderState wanted) {
    wait_for([&](const State& s) { return !s.readers.empty() && s.readers[0].state == wanted; });
  }
  // Waits until what was begun before has reached the worker or has been refused.
  void let_the_executor_catch_up() {
    for (int i = 0; i < 3; ++i) asio::post(io_, asio::use_future([] {})).get();
  }
};

TEST_F(WaitingTest, T_PCSC_03_ATransactionOfAnotherProgramIsWaitedFor) {
  start_with_card();
  pcsc_.take("R", true);
  auto ours = begin<int>(chosen(), touch);
  ASSERT_TRUE(pcsc_.wait_for_calls("Connect", 1));
  pcsc_.take("R", false);
  EXPECT_EQ(result(std::move(ours)), 2);
  EXPECT_FALSE(pcsc_.share_modes().contains(SCARD_SHARE_EXCLUSIVE));
}

TEST_F(WaitingTest, AReaderIsStuckWhenItIsSilentForLongerThanTheWorkMayBe) {
  SlowCard slow;
  start_with(slow.card());
  const auto card = chosen();
  Patience patience;
  patience.silence = 1s;  // a person at a PIN pad is given more
  EXPECT_EQ(failure(card, touch, patience), Code::READER_STUCK);
  wait_for_state(ReaderState::UNUSABLE);
  slow.answer();
  wait_for_state(ReaderState::CARD_PRESENT);
}

TEST_F(WaitingTest, T_PCSC_03_AReaderHeldForEverIsHeldAndNotStuck) {
  start_with_card();
  const auto card = chosen();
  pcsc_.take("R", true);
  EXPECT_EQ(failure(card, touch, until(400ms)), Code::READER_HELD);
  EXPECT_EQ(failure(card, touch, until(200ms)), Code::READER_HELD);
  const auto held = wait_for([](const State& s) { return s.readers[0].state == ReaderState::HELD; });
  EXPECT_EQ(held->readers[0].problem, Code::READER_HELD);
  EXPECT_EQ(held->readers[0].generation, card.generation);

  pcsc_.take("R", false);
  wait_for_state(ReaderState::CARD_PRESENT);
  EXPECT_EQ(desk_.state()->readers[0].problem, std::nullopt);
  EXPECT_EQ(pcsc_.calls("Transmit"), 0) << "something was sent for a caller who had been refused";
  EXPECT_EQ(run<int>(card, touch), 2);
  EXPECT_TRUE(pcsc_.wait_for_calls("Disconnect", 2));
  EXPECT_EQ(pcsc_.open_transactions(), 0);
}

TEST_F(WaitingTest, T_PCSC_03_AHeldCardIsWaitedForInsideItsConnection) {
  start_with_card();
  const auto card = chosen();
  const auto hold = desk_.hold(card);
  run<int>(card, touch);
  pcsc_.take("R", true);
  EXPECT_EQ(failure(card, touch, until(400ms)), Code::READER_HELD);
  pcsc_.take("R", false);
  wait_for_state(ReaderState::CARD_PRESENT);
  EXPECT_EQ(run<int>(card, touch), 2);
  EXPECT_EQ(pcsc_.calls("Connect"), 1);
}

TEST_F(WaitingTest, T_PCSC_03_AnExclusiveProgramIsWaitedForAndItsEndIsNoticed) {
  start_with_card();
  const auto card = chosen();
  pcsc_.hold("R", true);
  EXPECT_EQ(failure(card, touch, until(400ms)), Code::READER_HELD);
  wait_for_state(ReaderState::HELD);
  pcsc_.hold("R", false);
  wait_for_state(ReaderState::CARD_PRESENT);
  EXPECT_EQ(run<int>(card, touch), 2);
}

TEST_F(WaitingTest, T_PCSC_03_AHeldReaderHoldsUpNoOther) {
  pcsc_.add_reader("Q");
  start_with_card();
  const auto held = chosen();
  pcsc_.insert("Q", kVitaleAtr, [](ByteView) { return from_hex("9000"); });
  wait_for([](const State& s) { return s.readers.size() == 2 && !s.readers[1].generation.empty(); });
  pcsc_.take("R", true);
  auto waiting = begin<int>(held, touch, until(20s));
  ASSERT_TRUE(pcsc_.wait_for_calls("Connect", 1));
  EXPECT_EQ(run<int>(desk_.choose({.reader = "Q", .generation = {}}, Wanted::VITALE, {}), touch), 2);
  pcsc_.take("R", false);
  EXPECT_EQ(result(std::move(waiting)), 2);
}

TEST_F(WaitingTest, AVerifiedCardIsResetOnceTheOtherProgramLetsGo) {
  start_with_card();
  const auto card = chosen();
  auto hold = desk_.hold(card);
  run<int>(card, [](pcsc::CardSession& session) {
    session.reset_at_end();
    return touch(session);
  });
  pcsc_.take("R", true);
  hold.reset();
  // The worker waits to end the connection: that is the other program's doing as well.
  EXPECT_EQ(failure(card, touch, until(400ms)), Code::READER_HELD);
  EXPECT_EQ(pcsc_.calls("Disconnect"), 0);
  pcsc_.take("R", false);
  ASSERT_TRUE(pcsc_.wait_for_calls("Disconnect", 1));
  EXPECT_EQ(pcsc_.last_disposition(), static_cast<DWORD>(SCARD_RESET_CARD));
}

TEST_F(WaitingTest, UsersTakeTurnsAtAReader) {
  SlowCard slow;
  start_with(slow.card());
  const auto card = chosen();
  std::mutex mutex;
  std::vector<std::string> order;
  const auto work = [&](std::string name) -> std::function<int(pcsc::CardSession&)> {
    return [&, name = std::move(name)](pcsc::CardSession& session) {
      {
        const std::lock_guard lock(mutex);
        order.push_back(name);
      }
      return touch(session);
    };
  };
  std::vector<std::future<int>> all;
  all.push_back(begin<int>(card, work("a0"), of_user(1)));
  ASSERT_TRUE(slow.wait_asked());
  for (const char* name : {"a1", "a2", "a3"}) all.push_back(begin<int>(card, work(name), of_user(1)));
  for (const char* name : {"b1", "b2"}) all.push_back(begin<int>(card, work(name), of_user(2)));
  let_the_executor_catch_up();
  slow.answer();
  for (auto& one : all) EXPECT_EQ(result(std::move(one)), 2);
  EXPECT_EQ(order, (std::vector<std::string>{"a0", "a1", "b1", "a2", "b2", "a3"}));
}

TEST_F(WaitingTest, OneUserHasEightPlacesInTheLine) {
  SlowCard slow;
  start_with(slow.card());
  const auto card = chosen();
  std::vector<std::future<int>> all;
  all.push_back(begin<int>(card, touch, of_user(1)));
  ASSERT_TRUE(slow.wait_asked());
  for (int i = 0; i < 8; ++i) all.push_back(begin<int>(card, touch, of_user(1)));
  let_the_executor_catch_up();
  EXPECT_EQ(failure(card, touch, of_user(1)), Code::BUSY);
  all.push_back(begin<int>(card, touch, of_user(2)));
  let_the_executor_catch_up();
  slow.answer();
  for (auto& one : all) EXPECT_EQ(result(std::move(one)), 2);
}

TEST_F(WaitingTest, WhoWaitsTooLongForAnotherCallerIsToldBusy) {
  SlowCard slow;
  start_with(slow.card());
  const auto card = chosen();
  auto first = begin<int>(card, touch);
  ASSERT_TRUE(slow.wait_asked());
  EXPECT_EQ(failure(card, touch, until(300ms)), Code::BUSY);
  slow.answer();
  EXPECT_EQ(result(std::move(first)), 2);
  EXPECT_EQ(run<int>(card, touch), 2);
  EXPECT_EQ(pcsc_.calls("Transmit"), 2) << "something was sent for a caller who had been refused";
}

TEST_F(WaitingTest, WhoGivesUpLeavesTheLineAtOnce) {
  SlowCard slow;
  start_with(slow.card());
  const auto card = chosen();
  auto first = begin<int>(card, touch, of_user(1));
  ASSERT_TRUE(slow.wait_asked());
  std::stop_source stop;
  std::vector<std::future<int>> waiting;
  for (int i = 0; i < 8; ++i) waiting.push_back(begin<int>(card, touch, {stop.get_token(), 1, 1}));
  let_the_executor_catch_up();
  stop.request_stop();
  for (auto& one : waiting) EXPECT_EQ(code_of(std::move(one)), Code::CANCELLED);
  auto last = begin<int>(card, touch, of_user(1));  // their places are free
  slow.answer();
  EXPECT_EQ(result(std::move(first)), 2);
  EXPECT_EQ(result(std::move(last)), 2);
  EXPECT_EQ(pcsc_.calls("Transmit"), 2);
}

TEST_F(WaitingTest, WhoGivesUpWhileAnotherProgramHoldsTheReaderIsNotKept) {
  start_with_card();
  const auto card = chosen();
  pcsc_.take("R", true);
  std::stop_source stop;
  auto ours = begin<int>(card, touch, stop.get_token());
  ASSERT_TRUE(pcsc_.wait_for_calls("Connect", 1));
  stop.request_stop();
  EXPECT_EQ(code_of(std::move(ours)), Code::CANCELLED);
  pcsc_.take("R", false);
  EXPECT_EQ(run<int>(card, touch), 2);
  EXPECT_EQ(pcsc_.calls("Transmit"), 1);
}

TEST_F(WaitingTest, ACancelInMidWorkLeavesTheCardClean) {
  std::stop_source stop;
  int commands = 0;
  start_with([&](ByteView) {
    if (++commands == 2) stop.request_stop();
    return from_hex("9000");
  });
  const auto card = chosen();
  const std::function<int(pcsc::CardSession&)> four = [](pcsc::CardSession& session) {
    for (int i = 0; i < 4; ++i) touch(session);
    return 4;
  };
  EXPECT_EQ(failure(card, four, stop.get_token()), Code::CANCELLED);
  // The command under way was let finish, none followed, and the transaction is over.
  EXPECT_EQ(pcsc_.calls("Transmit"), 2);
  EXPECT_TRUE(pcsc_.wait_for_calls("Disconnect", 1));
  EXPECT_EQ(pcsc_.open_transactions(), 0);
  EXPECT_EQ(pcsc_.last_disposition(), static_cast<DWORD>(SCARD_LEAVE_CARD));
  EXPECT_EQ(run<int>(card, four), 4);
}

TEST_F(WaitingTest, AStoppingDeskRefusesWhoWaitsForAnotherProgram) {
  start_with_card();
  const auto card = chosen();
  pcsc_.take("R", true);
  auto secret = std::make_shared<int>(1);
  const std::weak_ptr<int> kept = secret;
  std::function<int(pcsc::CardSession&)> work = [secret = std::move(secret)](pcsc::CardSession& session) {
    return *secret + touch(session);
  };
  auto ours = begin<int>(card, std::move(work), until(20s));
  ASSERT_TRUE(pcsc_.wait_for_calls("Connect", 1));
  EXPECT_FALSE(desk_.stop()) << "the thread inside pcscd cannot have ended";
  EXPECT_TRUE(kept.expired()) << "what the job captured is kept by a thread that may never come back";
  pcsc_.take("R", false);
  EXPECT_TRUE(pcsc_.wait_for_calls("Disconnect", 1));
}

}  // namespace
}  // namespace insd::desk
