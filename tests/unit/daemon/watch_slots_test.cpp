// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/watch_slots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace insd::api {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

desk::Reader reader(const std::string& name, desk::ReaderState state = desk::ReaderState::EMPTY) {
  desk::Reader made;
  made.name = name;
  made.state = state;
  return made;
}

desk::State state(std::uint64_t sequence, std::vector<desk::Reader> readers,
                  std::optional<Code> fault = std::nullopt) {
  desk::State made;
  made.sequence = sequence;
  made.readers = std::move(readers);
  made.pcsc_fault = fault;
  return made;
}

std::string text(const v1::WatchReadersResponse& message) {
  switch (message.event_case()) {
    case v1::WatchReadersResponse::kReader:
      return message.reader().name() +
             (message.reader().state() == v1::READER_STATE_CARD_PRESENT ? "+" : "-");
    case v1::WatchReadersResponse::kSnapshotEnd:
      return "end";
    case v1::WatchReadersResponse::kReaderRemoved:
      return "gone " + message.reader_removed();
    case v1::WatchReadersResponse::kPcsc:
      return message.pcsc().state() == v1::PCSC_STATE_AVAILABLE ? "pcsc" : "no pcsc";
    case v1::WatchReadersResponse::kPcscEvent:
      return v1::PcscEventKind_Name(message.pcsc_event().kind());
    case v1::WatchReadersResponse::EVENT_NOT_SET:
      return "?";
  }
  return "?";
}

class WatchSlotsTest : public ::testing::Test {
 protected:
  std::vector<std::string> rest() {
    std::vector<std::string> all;
    while (auto message = slots.next()) {
      EXPECT_GE(message->sequence(), last_sequence);
      last_sequence = message->sequence();
      missed += message->missed();
      all.push_back(text(*message));
    }
    return all;
  }
  static constexpr auto kCard = desk::ReaderState::CARD_PRESENT;
  WatchSlots slots{[](const desk::Reader& each) { return each.name != "hidden"; }, Language::FRENCH};
  std::uint64_t last_sequence = 0;
  std::uint64_t missed = 0;
};

TEST_F(WatchSlotsTest, SnapshotThenItsEndThenChanges) {
  EXPECT_THAT(rest(), IsEmpty());
  slots.update(state(7, {reader("a"), reader("b", kCard)}));
  EXPECT_THAT(rest(), ElementsAre("pcsc", "a-", "b+", "end"));
  EXPECT_EQ(last_sequence, 7U);
  slots.update(state(8, {reader("a", kCard), reader("b", kCard)}));
  EXPECT_THAT(rest(), ElementsAre("a+"));
  EXPECT_EQ(last_sequence, 8U);
  slots.update(state(9, {reader("a", kCard), reader("b", kCard)}));
  EXPECT_THAT(rest(), IsEmpty());
  EXPECT_EQ(missed, 0U);
}

TEST_F(WatchSlotsTest, ASlowWatcherGetsTheNewestStateAndACount) {
  slots.update(state(1, {reader("a"), reader("b")}));
  rest();
  for (std::uint64_t i = 0; i < 1000; ++i) {
    slots.update(state(2 + i, {reader("a", i % 2 == 0 ? kCard : desk::ReaderState::EMPTY), reader("b")}));
  }
  EXPECT_THAT(rest(), ElementsAre("a-"));
  EXPECT_EQ(missed, 999U);
  EXPECT_EQ(last_sequence, 1001U);
}

TEST_F(WatchSlotsTest, AChangeDuringTheSnapshotKeepsItsShape) {
  slots.update(state(1, {reader("a"), reader("b")}));
  EXPECT_EQ(text(*slots.next()), "pcsc");
  EXPECT_EQ(text(*slots.next()), "a-");
  slots.update(state(2, {reader("a", kCard), reader("b", kCard)}));
  EXPECT_THAT(rest(), ElementsAre("b+", "end", "a+"));
  EXPECT_EQ(missed, 1U);
}

TEST_F(WatchSlotsTest, ReadersGoAndComeBack) {
  slots.update(state(1, {reader("a"), reader("b")}));
  rest();
  slots.update(state(2, {reader("a")}));
  EXPECT_THAT(rest(), ElementsAre("gone b"));
  slots.update(state(3, {}));
  slots.update(state(4, {reader("a", kCard)}));
  EXPECT_THAT(rest(), ElementsAre("a+"));
  slots.update(state(5, {reader("a", kCard), reader("c")}));
  slots.update(state(6, {reader("a", kCard)}));
  EXPECT_THAT(rest(), IsEmpty());  // it heard of neither
}

TEST_F(WatchSlotsTest, PcscIsASlotToo) {
  slots.update(state(1, {}, Code::PCSC_ABSENT));
  EXPECT_THAT(rest(), ElementsAre("no pcsc", "end"));
  slots.update(state(2, {}));
  slots.update(state(3, {}, Code::PCSC_LOST));
  slots.update(state(4, {reader("a")}));
  EXPECT_THAT(rest(), ElementsAre("pcsc", "a-"));
  EXPECT_EQ(missed, 2U);
}

TEST_F(WatchSlotsTest, AReaderThatMayNotBeUsedIsNotThere) {
  slots.update(state(1, {reader("hidden", kCard), reader("a")}));
  EXPECT_THAT(rest(), ElementsAre("pcsc", "a-", "end"));
  slots.update(state(2, {reader("hidden"), reader("a")}));
  EXPECT_THAT(rest(), IsEmpty());
}

}  // namespace
}  // namespace insd::api
