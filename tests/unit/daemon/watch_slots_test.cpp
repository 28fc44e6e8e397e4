// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/watch_slots.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/api/no_driver_words.h"

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

class WatchEventsTest : public WatchSlotsTest {
 protected:
  using Kind = desk::ServiceEvent::Kind;

  // An outage as the board tells it: each state has the events so far.
  void lose() {
    events_.clear();
    tell(Kind::LOST, Code::PCSC_LOST);
    tell(Kind::RECOVERING, Code::PCSC_RESTARTING);
  }
  void recover(int outage_ms) {
    add(Kind::RECOVERED, std::nullopt);
    events_.back().outage = std::chrono::milliseconds(outage_ms);
    update(std::nullopt, {reader("a")});
  }
  void update(std::optional<Code> fault, std::vector<desk::Reader> readers) {
    desk::State made = state(++sequence_, std::move(readers), fault);
    made.service_events = events_;
    slots.update(made);
  }

 private:
  void add(Kind kind, std::optional<Code> cause) {
    events_.push_back({.number = ++number_, .kind = kind, .time = {}, .cause = cause});
  }
  void tell(Kind kind, Code cause) {
    add(kind, cause);
    update(cause, {});
  }

  std::vector<desk::ServiceEvent> events_;
  std::uint64_t number_ = 0;
  std::uint64_t sequence_ = 0;
};

TEST_F(WatchEventsTest, AnOutageIsToldInItsOrderBetweenTheStates) {
  update(std::nullopt, {reader("a")});
  rest();
  lose();
  recover(101);
  std::vector<std::string> events;
  while (auto message = slots.next()) {
    if (!message->has_pcsc_event()) continue;
    const auto& event = message->pcsc_event();
    events.push_back(v1::PcscEventKind_Name(event.kind()) + " " + event.problem_code());
    EXPECT_EQ(event.has_outage(), event.kind() == v1::PCSC_EVENT_KIND_RECOVERED);
    EXPECT_EQ(event.outage().nanos(), event.has_outage() ? 101'000'000 : 0);
  }
  EXPECT_THAT(events,
              ElementsAre("PCSC_EVENT_KIND_LOST PCSC_LOST", "PCSC_EVENT_KIND_RECOVERING PCSC_RESTARTING",
                          "PCSC_EVENT_KIND_RECOVERED "));
}

TEST_F(WatchEventsTest, TheLossComesBeforeWhatItTakesAway) {
  update(std::nullopt, {reader("a")});
  rest();
  lose();
  EXPECT_THAT(rest(), ElementsAre("PCSC_EVENT_KIND_LOST", "no pcsc", "gone a", "PCSC_EVENT_KIND_RECOVERING"));
  recover(1);
  EXPECT_THAT(rest(), ElementsAre("PCSC_EVENT_KIND_RECOVERED", "pcsc", "a-"));
}

TEST_F(WatchEventsTest, ASlowWatcherHearsTheNewestOutageWholeAndHowMuchItMissed) {
  update(std::nullopt, {reader("a")});
  rest();
  for (int i = 1; i <= 100; ++i) {
    lose();
    recover(i);
  }
  std::vector<std::int64_t> outages;
  std::size_t messages = 0;
  std::uint64_t missed_events = 0;
  while (auto message = slots.next()) {
    ++messages;
    missed_events += message->missed();
    if (message->pcsc_event().has_outage()) outages.push_back(message->pcsc_event().outage().nanos());
  }
  EXPECT_THAT(outages, ElementsAre(100'000'000));
  EXPECT_LE(messages, 5U);  // three events, the service, the reader
  EXPECT_GE(missed_events, 297U);
}

TEST_F(WatchEventsTest, EventsTheDeskItselfPassedOverAreCounted) {
  WatchSlots late{[](const desk::Reader&) { return true; }, Language::FRENCH};
  desk::State then = state(50, {});
  late.update(then);
  while (late.next()) {
  }
  then.service_events = {{.number = 7, .kind = Kind::RECOVERED, .time = {}, .cause = {}}};
  late.update(then);
  const auto message = late.next();
  ASSERT_TRUE(message && message->has_pcsc_event());
  EXPECT_EQ(message->missed(), 6U);
}

TEST_F(WatchEventsTest, TheSnapshotHasNoEventOfThePast) {
  lose();
  WatchSlots fresh{[](const desk::Reader&) { return true; }, Language::FRENCH};
  desk::State now = state(9, {}, Code::PCSC_RESTARTING);
  now.service_events = {{.number = 1, .kind = Kind::LOST, .time = {}, .cause = Code::PCSC_LOST}};
  fresh.update(now);
  std::vector<std::string> all;
  while (auto message = fresh.next()) all.push_back(text(*message));
  EXPECT_THAT(all, ElementsAre("no pcsc", "end"));
}

TEST_F(WatchSlotsTest, AReaderWithoutADriverSaysWhichOfTheCausesItIs) {
  std::set<std::string> problems, remedies;
  std::uint64_t sequence = 0;
  for (const auto why : {pcsc::NoDriver::SESAM_MODE, pcsc::NoDriver::OLD_LIBCCID,
                         pcsc::NoDriver::DRIVER_MISSING, pcsc::NoDriver::NOT_TAKEN_UP}) {
    desk::Reader now = reader("a", desk::ReaderState::UNUSABLE);
    now.problem = Code::READER_NO_DRIVER;
    now.no_driver = why;
    slots.update(state(++sequence, {now}));
    while (const auto message = slots.next()) {
      if (!message->has_reader()) continue;
      EXPECT_EQ(message->reader().problem_code(), "READER_NO_DRIVER");
      EXPECT_FALSE(message->reader().remedy().empty());
      problems.insert(message->reader().problem());
      remedies.insert(message->reader().remedy());
    }
  }
  EXPECT_EQ(problems.size(), 4U);
  EXPECT_EQ(remedies.size(), 4U);
  EXPECT_NE(no_driver_words(pcsc::NoDriver::SESAM_MODE, Language::ENGLISH).problem,
            no_driver_words(pcsc::NoDriver::SESAM_MODE, Language::FRENCH).problem);
}

TEST_F(WatchSlotsTest, APinPadIsUnknownUntilTheDriverHasBeenAsked) {
  const auto told = [&](std::uint64_t sequence, const std::optional<pcsc::Features>& features) {
    desk::Reader now = reader("a");
    now.features = features;
    slots.update(state(sequence, {now}));
    v1::PinPad last = v1::PIN_PAD_UNSPECIFIED;
    while (const auto message = slots.next()) {
      if (message->has_reader()) last = message->reader().pin_pad();
    }
    return last;
  };
  EXPECT_EQ(told(1, std::nullopt), v1::PIN_PAD_UNSPECIFIED);
  EXPECT_EQ(told(2, pcsc::Features()), v1::PIN_PAD_NONE);
  EXPECT_EQ(told(3, pcsc::Features{.verify_pin_direct = 0x42330006}), v1::PIN_PAD_PRESENT);
}

TEST_F(WatchSlotsTest, AReaderThatMayNotBeUsedIsNotThere) {
  slots.update(state(1, {reader("hidden", kCard), reader("a")}));
  EXPECT_THAT(rest(), ElementsAre("pcsc", "a-", "end"));
  slots.update(state(2, {reader("hidden"), reader("a")}));
  EXPECT_THAT(rest(), IsEmpty());
}

}  // namespace
}  // namespace insd::api
