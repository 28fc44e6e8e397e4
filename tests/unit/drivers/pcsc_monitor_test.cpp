// SPDX-License-Identifier: Apache-2.0
#include <atomic>

#include <gtest/gtest.h>

#include "tests/unit/drivers/expect_error.h"
#include "tests/unit/drivers/monitor_run.h"
#include "tests/unit/drivers/scripted_pcsc.h"

namespace insd::pcsc {
namespace {

using test::fault_is;
using test::MonitorRun;
using test::reader_is;
using test::readers_are;
using test::ScriptedPcsc;
using test::slot_in;

const Bytes kAtr = from_hex("3B 75 13 00 00 45 09 EA 90 00");

TEST(Monitor, TellsTheWorldAtTheStart) {
  ScriptedPcsc pcscd;
  pcscd.add_reader("Reader A");
  pcscd.add_reader("Reader B");
  pcscd.insert("Reader B", kAtr);
  MonitorRun monitor(pcscd.api());
  const auto snapshot = monitor.wait_for(readers_are(2));
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(slot_in(*snapshot, "Reader A")->state, SlotState::EMPTY);
  EXPECT_EQ(slot_in(*snapshot, "Reader B")->state, SlotState::PRESENT);
  EXPECT_EQ(slot_in(*snapshot, "Reader B")->atr, kAtr);
}

TEST(Monitor, NoReaderIsAnOrdinaryState) {
  ScriptedPcsc pcscd;
  MonitorRun monitor(pcscd.api());
  ASSERT_TRUE(monitor.wait_for(readers_are(0)));
  pcscd.add_reader("Reader A");
  ASSERT_TRUE(monitor.wait_for(readers_are(1)));
  pcscd.remove_reader("Reader A");
  ASSERT_TRUE(monitor.wait_for(readers_are(0), 2));
}

TEST(Monitor, PushesInsertionRemovalAndMute) {
  ScriptedPcsc pcscd;
  pcscd.add_reader("Reader A");
  MonitorRun monitor(pcscd.api());
  const auto empty = monitor.wait_for(reader_is("Reader A", SlotState::EMPTY));
  ASSERT_TRUE(empty);
  pcscd.insert("Reader A", kAtr);
  const auto full = monitor.wait_for(reader_is("Reader A", SlotState::PRESENT));
  ASSERT_TRUE(full);
  EXPECT_NE(full->slots[0].insertions, empty->slots[0].insertions);
  pcscd.eject("Reader A");
  const auto gone = monitor.wait_for(reader_is("Reader A", SlotState::EMPTY), 2);
  ASSERT_TRUE(gone);
  EXPECT_TRUE(gone->slots[0].atr.empty());
  pcscd.insert_mute("Reader A");
  ASSERT_TRUE(monitor.wait_for(reader_is("Reader A", SlotState::MUTE)));
}

TEST(Monitor, AnotherCardOfTheSameKindIsAChange) {
  ScriptedPcsc pcscd;
  pcscd.add_reader("Reader A");
  pcscd.insert("Reader A", kAtr);
  MonitorRun monitor(pcscd.api());
  const auto first = monitor.wait_for(reader_is("Reader A", SlotState::PRESENT));
  ASSERT_TRUE(first);
  pcscd.insert("Reader A", kAtr);  // only the event counter tells
  ASSERT_TRUE(monitor.wait_for(
      [&](const Snapshot& now) { return now.slots[0].insertions != first->slots[0].insertions; }));
}

TEST(Monitor, TellsWhenAnotherProgramHoldsTheReader) {
  ScriptedPcsc pcscd;
  pcscd.add_reader("Reader A");
  MonitorRun monitor(pcscd.api());
  ASSERT_TRUE(monitor.wait_for(readers_are(1)));
  pcscd.hold("Reader A", true);
  ASSERT_TRUE(monitor.wait_for([](const Snapshot& now) { return now.slots[0].held_exclusively; }));
}

TEST(Monitor, RecoversFromEachServiceFaultAndSaysWhich) {
  const struct {
    ScriptedPcsc::Service state;
    Code code;
  } cases[] = {{ScriptedPcsc::Service::ABSENT, Code::PCSC_ABSENT},
               {ScriptedPcsc::Service::REFUSED, Code::PCSC_REFUSED},
               {ScriptedPcsc::Service::FULL, Code::PCSC_OUT_OF_CONTEXTS}};
  for (const auto& expected : cases) {
    ScriptedPcsc pcscd;
    pcscd.add_reader("Reader A");
    MonitorRun monitor(pcscd.api());
    ASSERT_TRUE(monitor.wait_for(readers_are(1)));
    pcscd.service(expected.state);
    const auto fault = monitor.wait_for(fault_is(expected.code));
    ASSERT_TRUE(fault);
    EXPECT_TRUE(fault->slots.empty());
    const auto said = monitor.said();
    pcscd.service(ScriptedPcsc::Service::RUNNING);
    ASSERT_TRUE(monitor.wait_for(readers_are(1), said));
    monitor.stop();
    EXPECT_EQ(pcscd.open_contexts(), 0U);
  }
}

TEST(Monitor, AServiceThatDiesUnderTheSleepingMonitorIsLost) {
  ScriptedPcsc pcscd;
  pcscd.add_reader("Reader A");
  MonitorRun monitor(pcscd.api());
  ASSERT_TRUE(pcscd.wait_for_calls("GetStatusChange", 3));
  pcscd.service(ScriptedPcsc::Service::ABSENT);
  ASSERT_TRUE(monitor.wait_for(fault_is(Code::PCSC_LOST)));
}

TEST(Monitor, SaysAFaultThatLastsOnlyOnce) {
  ScriptedPcsc pcscd;
  pcscd.service(ScriptedPcsc::Service::ABSENT);
  MonitorRun monitor(pcscd.api());
  ASSERT_TRUE(monitor.wait_for(fault_is(Code::PCSC_ABSENT)));
  ASSERT_TRUE(pcscd.wait_for_calls("EstablishContext", 4));
  EXPECT_EQ(monitor.said(), 1U);
}

TEST(Monitor, SleepsWhenNothingHappens) {
  ScriptedPcsc pcscd;
  pcscd.add_reader("Reader A");
  std::atomic<int> endless = 0;
  PcscApi api = pcscd.api();
  api.get_status_change = [&](SCARDCONTEXT context, DWORD timeout, SCARD_READERSTATE* states, DWORD count) {
    if (timeout == INFINITE) ++endless;
    return pcscd.api().get_status_change(context, timeout, states, count);
  };
  MonitorRun monitor(api);
  // One look at the readers, one bounded wait after that change, then the endless one.
  ASSERT_TRUE(pcscd.wait_for_calls("GetStatusChange", 3));
  monitor.stop();
  EXPECT_EQ(pcscd.calls("GetStatusChange"), 3);
  EXPECT_EQ(endless, 1);
}

TEST(Monitor, StopsWhereverItIs) {
  for (const auto state : {ScriptedPcsc::Service::RUNNING, ScriptedPcsc::Service::ABSENT}) {
    for (int round = 0; round < 50; ++round) {  // also before it has begun to wait, when a cancel is lost
      ScriptedPcsc pcscd;
      pcscd.service(state);
      pcscd.add_reader("Reader A");
      MonitorRun monitor(pcscd.api());
      monitor.stop();
      EXPECT_EQ(pcscd.open_contexts(), 0U);
    }
  }
}

TEST(Monitor, ACancelWithoutAStopIsNotTheEnd) {
  ScriptedPcsc pcscd;
  pcscd.add_reader("Reader A");
  int cancelled = 0;
  pcscd.fault([&](std::string_view call) -> std::optional<LONG> {
    if (call == "GetStatusChange" && cancelled++ == 0) return SCARD_E_CANCELLED;
    return std::nullopt;
  });
  MonitorRun monitor(pcscd.api());
  ASSERT_TRUE(monitor.wait_for(readers_are(1)));
}

}  // namespace
}  // namespace insd::pcsc
