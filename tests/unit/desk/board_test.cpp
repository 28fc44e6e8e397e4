// SPDX-License-Identifier: Apache-2.0
// Generations: one insertion, one name; nothing outlives a change it could not see through.
#include "daemon/desk/board.h"

#include <tuple>

#include <gtest/gtest.h>

#include "drivers/base/error.h"
#include "tests/unit/desk/desk_support.h"

namespace insd::desk {
namespace {

class HandClock final : public Clock {
 public:
  [[nodiscard]] Wall wall() const override { return wall_; }
  [[nodiscard]] Steady steady() const override { return steady_; }
  /// Time goes on; `jump` is what somebody does to the wall clock besides.
  void pass(std::chrono::milliseconds time, std::chrono::hours jump = {}) {
    steady_ += time;
    wall_ += time + jump;
  }

 private:
  Wall wall_{std::chrono::seconds(1'700'000'000)};
  Steady steady_{std::chrono::seconds(1000)};
};

class BoardTest : public ::testing::Test {
 protected:
  HandClock clock_;
  Board board_{{{"Desk 1*", "desk-1-vitale", ReaderRole::PATIENT}}, "abc", clock_};

  Reader reader(const std::string& name) { return board_.meant_by(name).at(0); }
};

TEST_F(BoardTest, BeforeTheMonitorHasSpokenTheConnectionIsBeingMade) {
  EXPECT_EQ(board_.state()->pcsc_fault, Code::PCSC_RESTARTING);
  EXPECT_TRUE(board_.state()->readers.empty());
}

TEST_F(BoardTest, AnInsertionGetsAGenerationThatBeginsWithTheStartId) {
  board_.apply({std::nullopt, {slot("Desk 1 Reader", kVitaleAtr)}});
  EXPECT_EQ(reader("Desk 1 Reader").generation, "abc-1");
  EXPECT_EQ(reader("desk-1-vitale").kind, CardKind::VITALE_2);
  EXPECT_EQ(reader("desk-1-vitale").role, ReaderRole::PATIENT);
}

TEST_F(BoardTest, ARepeatedPictureKeepsTheGeneration) {
  board_.apply({std::nullopt, {slot("R", kVitaleAtr)}});
  EXPECT_TRUE(board_.apply({std::nullopt, {slot("R", kVitaleAtr), slot("S", {})}}).empty());
  EXPECT_EQ(reader("R").generation, "abc-1");
}

TEST_F(BoardTest, ACardLeftBehindEndsItsGenerationAndIsSaidUntilItGoes) {
  board_.apply({std::nullopt, {slot("R", kVitaleAtr, 1)}});
  const auto ended = board_.leave("abc-1");
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0], (std::pair<std::string, GenerationEnd>("abc-1", GenerationEnd::LEFT)));
  board_.apply({std::nullopt, {slot("R", kVitaleAtr, 1)}});
  EXPECT_TRUE(reader("R").card_left);
  EXPECT_EQ(reader("R").generation, "abc-2");
  EXPECT_TRUE(board_.leave("abc-1").empty());
  board_.apply({std::nullopt, {slot("R", {}, 2)}});
  EXPECT_FALSE(reader("R").card_left);
}

TEST_F(BoardTest, TheEventCounterEndsAGenerationEvenWhenTheCardLooksTheSame) {
  board_.apply({std::nullopt, {slot("R", kVitaleAtr, 1)}});
  const auto ended = board_.apply({std::nullopt, {slot("R", kVitaleAtr, 3)}});
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0], (std::pair<std::string, GenerationEnd>("abc-1", GenerationEnd::REMOVED)));
  EXPECT_EQ(reader("R").generation, "abc-2");
}

TEST_F(BoardTest, AnotherAnswerToResetEndsAGeneration) {
  board_.apply({std::nullopt, {slot("R", kVitaleAtr)}});
  EXPECT_EQ(board_.apply({std::nullopt, {slot("R", kCpsAtr)}}).size(), 1U);
}

TEST_F(BoardTest, ALostServiceEndsEveryGenerationAndSaysSo) {
  board_.apply({std::nullopt, {slot("R", kVitaleAtr), slot("S", kCpsAtr)}});
  const auto ended = board_.apply({Code::PCSC_LOST, {}});
  ASSERT_EQ(ended.size(), 2U);
  EXPECT_EQ(ended[0].second, GenerationEnd::SERVICE);
  EXPECT_EQ(board_.state()->pcsc_fault, Code::PCSC_LOST);
}

std::string story(const State& state) {
  std::string text;
  for (const ServiceEvent& event : state.service_events) {
    text += std::to_string(event.number);
    switch (event.kind) {
      case ServiceEvent::Kind::LOST:
        text += " lost ";
        break;
      case ServiceEvent::Kind::RECOVERING:
        text += " recovering ";
        break;
      case ServiceEvent::Kind::RECOVERED:
        text += " recovered after " + std::to_string(event.outage.count()) + " ";
        break;
    }
    text += event.cause ? std::string(catalogue_entry(*event.cause).name) + "; " : "; ";
  }
  return text;
}

TEST_F(BoardTest, T_PCSC_01_AnOutageIsLostRecoveringRecovered) {
  board_.apply({std::nullopt, {slot("R", kVitaleAtr)}});
  EXPECT_EQ(story(*board_.state()), "") << "it was there at the start";
  board_.apply({Code::PCSC_LOST, {}});
  clock_.pass(std::chrono::milliseconds(50));
  board_.apply({Code::PCSC_RESTARTING, {}});
  clock_.pass(std::chrono::milliseconds(1000));
  board_.apply({Code::PCSC_ABSENT, {}});
  clock_.pass(std::chrono::milliseconds(184));
  EXPECT_EQ(story(*board_.state()), "1 lost PCSC_LOST; 2 recovering PCSC_RESTARTING; ");
  board_.apply({std::nullopt, {slot("R", kVitaleAtr)}});
  EXPECT_EQ(story(*board_.state()),
            "1 lost PCSC_LOST; 2 recovering PCSC_RESTARTING; 3 recovered after 1234 ; ");
  board_.apply({std::nullopt, {slot("R", {}, 2)}});
  EXPECT_EQ(board_.state()->service_events.size(), 3U) << "a card is no event of the service";
  board_.apply({Code::INTERNAL, {}});
  EXPECT_EQ(story(*board_.state()), "4 lost INTERNAL; ") << "the newest outage only";
}

TEST_F(BoardTest, T_PCSC_01_AServiceThatComesAfterTheDaemonRecovers) {
  clock_.pass(std::chrono::milliseconds(7));
  board_.apply({Code::PCSC_ABSENT, {}});
  clock_.pass(std::chrono::milliseconds(20));
  board_.apply({std::nullopt, {}});
  EXPECT_EQ(story(*board_.state()), "1 recovering PCSC_ABSENT; 2 recovered after 27 ; ");
}

TEST_F(BoardTest, T_PCSC_04_AnOutageIsMeasuredByAClockThatNobodySets) {
  board_.apply({std::nullopt, {}});
  board_.apply({Code::PCSC_LOST, {}});
  clock_.pass(std::chrono::milliseconds(10), std::chrono::hours(-1));
  board_.apply({Code::PCSC_RESTARTING, {}});
  board_.apply({std::nullopt, {}});
  EXPECT_EQ(board_.state()->service_events.back().outage, std::chrono::milliseconds(10));
}

TEST_F(BoardTest, AnOutageTooShortToMeasureStillHasALength) {
  board_.apply({std::nullopt, {}});
  board_.apply({Code::PCSC_LOST, {}});
  board_.apply({std::nullopt, {}});
  EXPECT_EQ(story(*board_.state()), "1 lost PCSC_LOST; 2 recovered after 1 ; ");
}

TEST_F(BoardTest, NothingOfTheOldWorldSurvivesAnOutage) {
  board_.apply({std::nullopt, {slot("R", kVitaleAtr, 1)}});
  board_.mark_stuck("R");
  board_.apply({Code::PCSC_LOST, {}});
  EXPECT_TRUE(board_.state()->readers.empty());
  // The same card, and a counter that happens to be the same.
  board_.apply({std::nullopt, {slot("R", kVitaleAtr, 1)}});
  EXPECT_EQ(reader("R").state, ReaderState::CARD_PRESENT);
  EXPECT_EQ(reader("R").generation, "abc-3");
}

TEST_F(BoardTest, WhatCannotBeReadSaysWhy) {
  pcsc::Slot broken = slot("R", {});
  for (const auto& [seen, state, why] :
       {std::tuple(pcsc::SlotState::MUTE, ReaderState::CARD_MUTE, Code::CARD_MUTE),
        std::tuple(pcsc::SlotState::UNUSABLE, ReaderState::UNUSABLE, Code::READER_FAILED)}) {
    broken.state = seen;
    board_.apply({std::nullopt, {broken}});
    EXPECT_EQ(reader("R").state, state);
    EXPECT_EQ(reader("R").problem, why);
    EXPECT_TRUE(reader("R").generation.empty()) << "nothing is read of it";
  }
  board_.apply({std::nullopt, {slot("R", {})}});
  EXPECT_EQ(reader("R").problem, std::nullopt);
}

TEST_F(BoardTest, EachStateSaysSinceWhen) {
  board_.apply({std::nullopt, {slot("R", {})}});
  const auto begin = reader("R").since;
  clock_.pass(std::chrono::seconds(5));
  board_.apply({std::nullopt, {slot("R", {}), slot("S", {})}});
  EXPECT_EQ(reader("R").since, begin);
  pcsc::Slot held = slot("R", kVitaleAtr, 2);
  board_.apply({std::nullopt, {held}});
  EXPECT_EQ(reader("R").since, begin + std::chrono::seconds(5));
  clock_.pass(std::chrono::seconds(5));
  held.held_exclusively = true;
  board_.apply({std::nullopt, {held}});
  EXPECT_EQ(reader("R").state, ReaderState::HELD);
  EXPECT_EQ(reader("R").problem, Code::READER_HELD);
  EXPECT_EQ(reader("R").since, begin + std::chrono::seconds(10));
  EXPECT_EQ(reader("R").generation, "abc-1") << "it is still that card";
}

TEST_F(BoardTest, AFailureGivesTheCardThatIsStillSeenANewGeneration) {
  board_.apply({std::nullopt, {slot("R", kVitaleAtr)}});
  const auto before = board_.state()->sequence;
  EXPECT_EQ(board_.end_generation("abc-1", GenerationEnd::FAILED).size(), 1U);
  EXPECT_EQ(reader("R").generation, "abc-2");
  EXPECT_GT(board_.state()->sequence, before);
  EXPECT_TRUE(board_.end_generation("abc-1", GenerationEnd::FAILED).empty()) << "it had ended already";
}

TEST_F(BoardTest, ADisabledReaderShowsNothingOfItsCard) {
  board_.apply({std::nullopt, {slot("R", kVitaleAtr)}});
  const auto ended = board_.set_enabled("R", false);
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].second, GenerationEnd::RELEASED);
  EXPECT_EQ(reader("R").state, ReaderState::DISABLED);
  EXPECT_TRUE(reader("R").generation.empty());
  board_.apply({std::nullopt, {slot("R", kVitaleAtr)}});
  EXPECT_EQ(reader("R").state, ReaderState::DISABLED) << "a new picture does not enable it";
  board_.set_enabled("R", true);
  EXPECT_EQ(reader("R").state, ReaderState::CARD_PRESENT);
  EXPECT_FALSE(reader("R").generation.empty());
}

TEST_F(BoardTest, AnEnabledReaderThatAnotherProgramOpenedMeanwhileIsHeld) {
  board_.apply({std::nullopt, {slot("R", kVitaleAtr)}});
  board_.set_enabled("R", false);
  pcsc::Slot held = slot("R", kVitaleAtr);
  held.held_exclusively = true;
  board_.apply({std::nullopt, {held}});
  board_.set_enabled("R", true);
  EXPECT_EQ(reader("R").state, ReaderState::HELD);
}

TEST_F(BoardTest, AnOrderForAnAliasIsOneAboutWhicheverReaderHasIt) {
  const auto away = board_.meant_by("desk-1-vitale");
  ASSERT_EQ(away.size(), 1U);
  EXPECT_EQ(away[0].name, "");
  EXPECT_EQ(away[0].problem, Code::READER_NOT_FOUND);
  EXPECT_TRUE(board_.set_enabled("desk-1-vitale", false).empty());
  EXPECT_FALSE(board_.meant_by("desk-1-vitale")[0].enabled);

  board_.apply({std::nullopt, {slot("Desk 1 00", kVitaleAtr), slot("Other", kCpsAtr)}});
  EXPECT_EQ(board_.meant_by("desk-1-vitale")[0].state, ReaderState::DISABLED);
  EXPECT_EQ(board_.meant_by("Other")[0].state, ReaderState::CARD_PRESENT);
  // By its name the same reader is enabled as well.
  board_.set_enabled("Desk 1 00", true);
  EXPECT_EQ(board_.meant_by("desk-1-vitale")[0].state, ReaderState::CARD_PRESENT);
  EXPECT_THROW(board_.set_enabled("desk-2-vitale", false), Error);
  EXPECT_THROW(board_.set_enabled("", false), Error);
}

TEST_F(BoardTest, AStuckReaderStaysUnusableUntilPcscdReportsAChange) {
  board_.apply({std::nullopt, {slot("R", kVitaleAtr, 1)}});
  EXPECT_EQ(board_.mark_stuck("R").size(), 1U);
  board_.apply({std::nullopt, {slot("R", kVitaleAtr, 1)}});
  EXPECT_EQ(reader("R").problem, Code::READER_STUCK);
  board_.apply({std::nullopt, {slot("R", kVitaleAtr, 3)}});
  EXPECT_EQ(reader("R").state, ReaderState::CARD_PRESENT);
}

TEST_F(BoardTest, T_CARD_01_APresentCardWithoutAnAnswerToResetIsMute) {
  pcsc::Slot silent = slot("R", {});
  silent.state = pcsc::SlotState::PRESENT;
  board_.apply({std::nullopt, {silent}});
  EXPECT_EQ(reader("R").state, ReaderState::CARD_MUTE);
  EXPECT_TRUE(reader("R").generation.empty());
}

TEST_F(BoardTest, T_PCSC_02_AnotherReaderUnderTheSameNameEndsTheGeneration) {
  pcsc::Slot first = slot("R", kVitaleAtr);
  board_.apply({std::nullopt, {first}});
  first.arrival = 1;
  EXPECT_EQ(board_.apply({std::nullopt, {first}}).size(), 1U);
}

TEST_F(BoardTest, T_PCSC_02_TwinNamesShowOneReader) {
  board_.apply({std::nullopt, {slot("R", kVitaleAtr), slot("R", kCpsAtr)}});
  ASSERT_EQ(board_.state()->readers.size(), 1U);
  EXPECT_EQ(reader("R").kind, CardKind::VITALE_2);
}

pcsc::UsbDevice sesam_terminal(const std::string& path) {
  pcsc::UsbDevice device;
  device.path = path;
  device.vendor = 0x0B00;
  device.product = 0x0090;
  return device;
}

TEST_F(BoardTest, AReaderWithoutADriverIsOneOfTheReadersAndHasNoGeneration) {
  board_.see_usb({{sesam_terminal("1-1")}, {}});
  EXPECT_TRUE(board_.state()->readers.empty()) << "nothing is known of pcscd yet";
  board_.apply({std::nullopt, {slot("R", kVitaleAtr)}});
  EXPECT_EQ(board_.state()->readers.size(), 1U) << "what was seen before pcscd answered is not believed";
  board_.see_usb({{sesam_terminal("1-1")}, {}});
  ASSERT_EQ(board_.state()->readers.size(), 2U);
  const Reader terminal = board_.state()->readers[1];
  EXPECT_EQ(terminal.name, "INGENICO Lecteur SESAM VITALE (USB 1-1)");
  EXPECT_EQ(terminal.problem, Code::READER_NO_DRIVER);
  const auto sequence = board_.state()->sequence;
  board_.see_usb({{sesam_terminal("1-1")}, {}});
  EXPECT_EQ(board_.state()->sequence, sequence) << "nothing new, nobody told";
  clock_.pass(std::chrono::seconds(5));
  board_.apply({std::nullopt, {slot("R", {}, 2)}});
  EXPECT_EQ(board_.state()->readers.at(1), terminal) << "since the same moment";
  board_.see_usb({});
  EXPECT_EQ(board_.state()->readers.size(), 1U);
}

TEST_F(BoardTest, AReaderWithoutADriverMayBeDisabledLikeAnyOther) {
  board_.apply({std::nullopt, {}});
  board_.see_usb({{sesam_terminal("1-1")}, {}});
  const std::string name = board_.state()->readers.at(0).name;
  board_.set_enabled(name, false);
  EXPECT_EQ(reader(name).state, ReaderState::DISABLED);
  EXPECT_EQ(reader(name).problem, Code::READER_DISABLED);
  board_.set_enabled(name, true);
  EXPECT_EQ(reader(name).problem, Code::READER_NO_DRIVER);
}

}  // namespace
}  // namespace insd::desk
