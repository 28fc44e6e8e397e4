// SPDX-License-Identifier: Apache-2.0
// Work on cards through their reader's worker, against a PC/SC that plays every fault.
#include <atomic>
#include <stdexcept>

#include "tests/unit/desk/desk_fixture.h"

namespace insd::desk {
namespace {

TEST_F(DeskTest, WorkRunsInsideOneTransactionAndLeavesTheCard) {
  desk_.start();
  insert();
  EXPECT_EQ(run<int>(chosen(), touch), 2);
  // The connection is closed once the job is done and nobody holds the card.
  EXPECT_TRUE(pcsc_.wait_for_calls("Disconnect", 1));
  EXPECT_EQ(pcsc_.open_transactions(), 0);
  EXPECT_EQ(pcsc_.last_disposition(), static_cast<DWORD>(SCARD_LEAVE_CARD));
}

TEST_F(DeskTest, AHeldCardKeepsItsConnectionBetweenJobs) {
  desk_.start();
  insert();
  const auto card = chosen();
  auto hold = desk_.hold(card);
  run<int>(card, touch);
  run<int>(card, touch);
  EXPECT_EQ(pcsc_.calls("Connect"), 1);
  EXPECT_EQ(pcsc_.calls("Disconnect"), 0);
  hold.reset();
  EXPECT_TRUE(pcsc_.wait_for_calls("Disconnect", 1));
}

TEST_F(DeskTest, ACardThatWasVerifiedIsResetWhenNobodyHoldsItAnyMore) {
  desk_.start();
  insert();
  const auto card = chosen();
  auto hold = desk_.hold(card);
  run<int>(card, verify);
  run<int>(card, touch);
  EXPECT_EQ(pcsc_.calls("Disconnect"), 0);
  hold.reset();
  asio::co_spawn(io_, desk_.settle(card), asio::use_future).get();
  EXPECT_EQ(pcsc_.calls("Disconnect"), 1);
  EXPECT_EQ(pcsc_.last_disposition(), static_cast<DWORD>(SCARD_RESET_CARD));
}

TEST_F(DeskTest, ACardThatWasVerifiedIsResetWhenTheDeskStops) {
  desk_.start();
  insert();
  const auto card = chosen();
  const auto hold = desk_.hold(card);
  run<int>(card, verify);
  desk_.stop();
  EXPECT_EQ(pcsc_.last_disposition(), static_cast<DWORD>(SCARD_RESET_CARD));
  EXPECT_EQ(pcsc_.open_cards(), 0U);
}

TEST_F(DeskTest, ADisabledReaderIsLetGoOfBeforeTheOrderReturnsAndItsWorkIsCutShort) {
  desk_.start();
  insert();
  const auto card = chosen();
  const auto hold = desk_.hold(card);
  run<int>(card, touch);
  EXPECT_EQ(pcsc_.open_cards(), 1U);
  std::promise<void> under_way;
  std::function<int(pcsc::CardSession&)> endless = [&](pcsc::CardSession& session) {
    under_way.set_value();
    while (true) touch(session);
    return 0;
  };
  auto cut = asio::co_spawn(io_, desk_.with_card<int>(card, std::move(endless), {}), asio::use_future);
  under_way.get_future().wait();
  auto waiting = asio::co_spawn(io_, desk_.with_card<int>(card, touch, {}), asio::use_future);

  const Reader disabled = order("R", false);
  EXPECT_EQ(pcsc_.open_cards(), 0U);
  EXPECT_EQ(pcsc_.open_transactions(), 0);
  EXPECT_EQ(disabled.state, ReaderState::DISABLED);
  for (auto* refused : {&cut, &waiting}) {
    try {
      refused->get();
      ADD_FAILURE() << "the work went on";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::READER_DISABLED);
    }
  }
  EXPECT_EQ(order("R", false).state, ReaderState::DISABLED) << "said twice, nothing changes";

  const Reader enabled = order("R", true);
  EXPECT_EQ(enabled.state, ReaderState::CARD_PRESENT);
  EXPECT_NE(enabled.generation, card.generation);
  EXPECT_EQ(failure(card, touch), Code::CARD_CHANGED);
  EXPECT_EQ(run<int>(chosen(), touch), 2);
}

TEST_F(DeskTest, ACardThatWasVerifiedIsResetWhenItsReaderIsDisabled) {
  desk_.start();
  insert();
  const auto card = chosen();
  const auto hold = desk_.hold(card);
  run<int>(card, verify);
  order("R", false);
  EXPECT_EQ(pcsc_.last_disposition(), static_cast<DWORD>(SCARD_RESET_CARD));
  EXPECT_EQ(pcsc_.open_cards(), 0U);
}

TEST_F(DeskTest, NothingIsSentForAQuestionRefusedWhileItWaitedForAnotherProgram) {
  desk_.start();
  insert();
  const auto card = chosen();
  std::stop_source stop;
  pcsc_.fault([&](std::string_view call) -> std::optional<LONG> {
    if (call == "BeginTransaction") stop.request_stop();  // the caller gives up during the wait
    return std::nullopt;
  });
  EXPECT_EQ(failure(card, touch, stop.get_token()), Code::CANCELLED);
  EXPECT_EQ(pcsc_.calls("Transmit"), 0);
}

TEST_F(DeskTest, T_CARD_11_ACardThatWasSwappedBetweenChoiceAndWorkIsNotTouched) {
  desk_.start();
  insert();
  const auto card = chosen();
  pcsc_.eject("R");
  insert(kOtherAtr);
  EXPECT_EQ(failure(card, touch), Code::CARD_CHANGED);
  EXPECT_EQ(pcsc_.calls("Transmit"), 0);
}

TEST_F(DeskTest, T_CARD_11_ASwapWithoutAnEventIsSeenByTheAnswerToReset) {
  pcsc_.insert("R", kVitaleAtr, [](ByteView) { return from_hex("9000"); });
  desk_.start();
  wait_for([](const State& s) { return !s.readers.empty() && !s.readers[0].generation.empty(); });
  const auto card = chosen();
  pcsc_.announce_atr_length("R", 0);  // what the connection says differs from what the monitor saw
  EXPECT_EQ(failure(card, touch), Code::CARD_CHANGED);
  EXPECT_EQ(pcsc_.calls("Transmit"), 0);
  wait_for([&](const State& s) { return s.readers[0].generation != card.generation; });
}

TEST_F(DeskTest, T_CARD_10_AResetByAnotherProgramEndsTheGeneration) {
  desk_.start();
  insert();
  const auto card = chosen();
  pcsc_.fault([](std::string_view call) -> std::optional<LONG> {
    if (call == "BeginTransaction") return SCARD_W_RESET_CARD;
    return std::nullopt;
  });
  std::promise<GenerationEnd> ended;
  std::shared_ptr<void> watch;
  std::promise<void> watching;
  asio::post(io_, [&] {
    watch = desk_.watch_generations([&](const std::string& generation, GenerationEnd cause) {
      if (generation == card.generation) ended.set_value(cause);
    });
    watching.set_value();
  });
  watching.get_future().wait();
  EXPECT_EQ(failure(card, touch), Code::CARD_RESET);
  auto cause = ended.get_future();
  ASSERT_EQ(cause.wait_for(10s), std::future_status::ready);
  EXPECT_EQ(cause.get(), GenerationEnd::RESET);
  std::promise<void> unwatched;
  asio::post(io_, [&] {
    watch.reset();
    unwatched.set_value();
  });
  unwatched.get_future().wait();
}

TEST_F(DeskTest, AStatusWordOfTheCardDoesNotEndTheGeneration) {
  desk_.start();
  insert();
  const auto card = chosen();
  EXPECT_EQ(failure(card, [](pcsc::CardSession&) -> int { throw Error(Code::CARD_DATA_INVALID); }),
            Code::CARD_DATA_INVALID);
  EXPECT_EQ(run<int>(card, touch), 2);
}

TEST_F(DeskTest, CancelledWorkIsNotBegun) {
  desk_.start();
  insert();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(failure(chosen(), touch, stop.get_token()), Code::CANCELLED);
  EXPECT_EQ(pcsc_.calls("Connect"), 0);
}

TEST_F(DeskTest, T_PCSC_01_EachFaultOfTheServiceIsAStateAndItsEndAnEvent) {
  desk_.start();
  insert();
  using Service = test::ScriptedPcsc::Service;
  std::uint64_t heard = 0;
  for (const auto& [service, code] :
       {std::pair(Service::REFUSED, Code::PCSC_REFUSED), std::pair(Service::FULL, Code::PCSC_OUT_OF_CONTEXTS),
        std::pair(Service::ABSENT, Code::PCSC_ABSENT)}) {
    const auto card = chosen();
    const auto begin = std::chrono::steady_clock::now();
    pcsc_.service(service);
    const auto away = wait_for([code = code](const State& s) { return s.pcsc_fault == code; });
    EXPECT_TRUE(away->readers.empty());
    pcsc_.service(Service::RUNNING);
    const auto back = wait_for([](const State& s) { return !s.pcsc_fault && !s.readers.empty(); });
    const auto whole = std::chrono::steady_clock::now() - begin;
    ASSERT_EQ(back->service_events.size(), 3U);
    EXPECT_EQ(back->service_events[0].kind, ServiceEvent::Kind::LOST);
    EXPECT_EQ(back->service_events[1].kind, ServiceEvent::Kind::RECOVERING);
    EXPECT_EQ(back->service_events[2].kind, ServiceEvent::Kind::RECOVERED);
    EXPECT_EQ(back->service_events[0].number, heard + 1);
    heard = back->service_events[2].number;
    EXPECT_GT(back->service_events[2].outage, 0ms);
    EXPECT_LE(back->service_events[2].outage, whole + 1ms);
    EXPECT_EQ(failure(card, touch), Code::CARD_CHANGED) << "a card of the old world";
    EXPECT_EQ(run<int>(chosen(), touch), 2);
  }
}

TEST_F(DeskTest, T_PCSC_01_NoHandleOfTheOldWorldIsLeft) {
  desk_.start();
  insert();
  const auto hold = desk_.hold(chosen());  // as a login does
  run<int>(chosen(), touch);
  ASSERT_EQ(pcsc_.open_cards(), 1U);
  pcsc_.service(test::ScriptedPcsc::Service::ABSENT);
  wait_for([](const State& s) { return s.pcsc_fault.has_value(); });
  ASSERT_TRUE(pcsc_.wait_for_calls("ReleaseContext", 3));  // the monitor's, the locator's and the worker's
  EXPECT_EQ(pcsc_.open_cards(), 0U);
  EXPECT_EQ(pcsc_.open_contexts(), 0U);
  pcsc_.service(test::ScriptedPcsc::Service::RUNNING);
  wait_for([](const State& s) { return !s.pcsc_fault && !s.readers.empty(); });
  EXPECT_EQ(run<int>(chosen(), touch), 2);
}

TEST_F(DeskTest, AMonitorThatBreaksDownIsAStateAndComesBack) {
  desk_.start();
  insert();
  std::atomic<bool> armed = true;
  pcsc_.fault([&](std::string_view call) -> std::optional<LONG> {
    if (call == "ListReaders" && armed.exchange(false)) throw std::runtime_error("a fault of ours");
    return std::nullopt;
  });
  pcsc_.eject("R");  // it wakes
  const auto back = wait_for([](const State& s) { return !s.pcsc_fault && s.service_events.size() == 3; });
  EXPECT_EQ(back->service_events[0].cause, Code::INTERNAL);
  insert();
  EXPECT_EQ(run<int>(chosen(), touch), 2);
}

TEST_F(DeskTest, T_PCSC_03_AWorkerThatMeetsAHeldReaderHasItShown) {
  desk_.start();
  insert();
  const auto card = chosen();
  pcsc_.hold("R", true);  // which wakes nobody
  Patience short_patience;
  short_patience.until = std::chrono::steady_clock::now() + 400ms;
  EXPECT_EQ(failure(card, touch, short_patience), Code::READER_HELD);
  const auto held = wait_for([](const State& s) { return s.readers[0].state == ReaderState::HELD; });
  EXPECT_EQ(held->readers[0].problem, Code::READER_HELD);
  pcsc_.hold("R", false);  // nor does this
  wait_for([](const State& s) { return s.readers[0].state == ReaderState::CARD_PRESENT; });
  EXPECT_EQ(run<int>(card, touch), 2) << "it is still that card";
}

TEST_F(DeskTest, ALostServiceIsAStateAndItsReturnIsAnother) {
  desk_.start();
  insert();
  pcsc_.service(test::ScriptedPcsc::Service::ABSENT);
  const auto lost = wait_for([](const State& s) { return s.pcsc_fault.has_value(); });
  EXPECT_TRUE(lost->readers.empty());
  pcsc_.service(test::ScriptedPcsc::Service::RUNNING);
  const auto back = wait_for([](const State& s) { return !s.pcsc_fault && !s.readers.empty(); });
  EXPECT_GT(back->sequence, lost->sequence);
}

}  // namespace
}  // namespace insd::desk
