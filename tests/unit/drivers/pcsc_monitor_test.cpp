// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <mutex>
#include <new>
#include <stdexcept>

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

bool is_held(const Snapshot& now) {
  return !now.slots.empty() && now.slots[0].held_exclusively;
}

bool is_free(const Snapshot& now) {
  return !now.slots.empty() && !now.slots[0].held_exclusively;
}

TEST(Monitor, T_PCSC_03_TheBellShowsThatAnotherProgramHoldsTheReader) {
  ScriptedPcsc pcscd;
  pcscd.add_reader("Reader A");
  pcscd.insert("Reader A", kAtr);
  MonitorRun monitor(pcscd.api());
  ASSERT_TRUE(monitor.wait_for(readers_are(1)));
  ASSERT_TRUE(pcscd.wait_for_calls("GetStatusChange", 3));  // the endless wait
  pcscd.hold("Reader A", true);
  monitor.ring();
  ASSERT_TRUE(monitor.wait_for(is_held));
  const auto said = monitor.said();
  // The bounded wait that follows every change is over.
  ASSERT_TRUE(pcscd.wait_for_calls("GetStatusChange", pcscd.calls("GetStatusChange") + 2));
  pcscd.hold("Reader A", false);  // which wakes nobody
  ASSERT_TRUE(monitor.wait_for(is_free, said));
}

TEST(Monitor, ABellThatChangesNothingIsSilentAndCostsNoSpinning) {
  ScriptedPcsc pcscd;
  pcscd.add_reader("Reader A");
  MonitorRun monitor(pcscd.api());
  ASSERT_TRUE(monitor.wait_for(readers_are(1)));
  ASSERT_TRUE(pcscd.wait_for_calls("GetStatusChange", 3));
  monitor.ring();
  ASSERT_TRUE(pcscd.wait_for_calls("GetStatusChange", 5));  // the look, and the endless wait again
  monitor.stop();
  EXPECT_EQ(monitor.said(), 1U);
}

TEST(Monitor, ARingWhileTheServiceIsAwayIsNoHarm) {
  ScriptedPcsc pcscd;
  pcscd.service(ScriptedPcsc::Service::ABSENT);
  pcscd.add_reader("Reader A");
  MonitorRun monitor(pcscd.api());
  ASSERT_TRUE(monitor.wait_for(fault_is(Code::PCSC_ABSENT)));
  monitor.ring();
  pcscd.service(ScriptedPcsc::Service::RUNNING);
  ASSERT_TRUE(monitor.wait_for(readers_are(1)));
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

using Story = std::vector<std::string>;

// One call of `name` gives `result`; the test says when.
class OneFault {
 public:
  OneFault(ScriptedPcsc& pcscd, std::string name, LONG result) {
    pcscd.fault([this, name = std::move(name), result](std::string_view call) -> std::optional<LONG> {
      if (call == name && armed_.exchange(false)) return result;
      return std::nullopt;
    });
  }
  void arm() { armed_ = true; }

 private:
  std::atomic<bool> armed_ = false;
};

TEST(Monitor, T_PCSC_01_ADeadContextIsLostMadeAgainAndWell) {
  for (const LONG dead :
       {SCARD_E_INVALID_HANDLE, SCARD_E_SERVICE_STOPPED, SCARD_F_COMM_ERROR, SCARD_E_NO_SERVICE}) {
    ScriptedPcsc pcscd;
    pcscd.add_reader("Reader A");
    OneFault fault(pcscd, "ListReaders", dead);
    MonitorRun monitor(pcscd.api());
    ASSERT_TRUE(pcscd.wait_for_calls("GetStatusChange", 3));
    const auto said = monitor.said();
    fault.arm();
    pcscd.insert("Reader A", kAtr);  // it wakes, and lists the readers
    ASSERT_TRUE(monitor.wait_for(reader_is("Reader A", SlotState::PRESENT), said)) << dead;
    EXPECT_EQ(monitor.service_story(), (Story{"well", "PCSC_LOST", "PCSC_RESTARTING", "well"})) << dead;
    monitor.stop();
    EXPECT_EQ(pcscd.open_contexts(), 0U);
  }
}

TEST(Monitor, T_PCSC_01_EachFaultOfAStartIsSaidAndNoneIsALoss) {
  const struct {
    ScriptedPcsc::Service state;
    const char* word;
  } cases[] = {{ScriptedPcsc::Service::ABSENT, "PCSC_ABSENT"},
               {ScriptedPcsc::Service::REFUSED, "PCSC_REFUSED"},
               {ScriptedPcsc::Service::FULL, "PCSC_OUT_OF_CONTEXTS"}};
  for (const auto& expected : cases) {
    ScriptedPcsc pcscd;
    pcscd.add_reader("Reader A");
    pcscd.service(expected.state);
    MonitorRun monitor(pcscd.api());
    ASSERT_TRUE(monitor.wait_for([](const Snapshot& now) { return now.service_fault.has_value(); }));
    pcscd.service(ScriptedPcsc::Service::RUNNING);
    ASSERT_TRUE(monitor.wait_for(readers_are(1)));
    EXPECT_EQ(monitor.service_story(), (Story{expected.word, "well"}));
  }
}

TEST(Monitor, AServiceThatListensAndDoesNotAnswerYetIsRestarting) {
  ScriptedPcsc pcscd;
  pcscd.add_reader("Reader A");
  OneFault fault(pcscd, "EstablishContext", SCARD_E_NO_SERVICE);
  fault.arm();
  MonitorRun monitor(pcscd.api());
  ASSERT_TRUE(monitor.wait_for(readers_are(1)));
  EXPECT_EQ(monitor.service_story(), (Story{"PCSC_RESTARTING", "well"}));
}

TEST(Monitor, AServiceThatAnswersNonsenseIsAFaultOfTheService) {
  ScriptedPcsc pcscd;
  pcscd.add_reader("Reader A");
  OneFault fault(pcscd, "ListReaders", LONG{0x80100099});
  fault.arm();
  MonitorRun monitor(pcscd.api());
  ASSERT_TRUE(monitor.wait_for(readers_are(1)));
  EXPECT_EQ(monitor.service_story(), (Story{"PCSC_FAILED", "well"}));
}

TEST(Monitor, WhateverIsThrownBecomesAStateAndTheMonitorBeginsAnew) {
  struct NoException {};
  for (const bool standard : {true, false}) {
    ScriptedPcsc pcscd;
    pcscd.add_reader("Reader A");
    PcscApi api = pcscd.api();
    std::atomic<bool> armed = false;
    api.list_readers = [&](SCARDCONTEXT context, char* names, DWORD* length) -> LONG {
      if (armed.exchange(false)) {
        if (standard) throw std::bad_alloc();
        throw NoException();
      }
      return pcscd.api().list_readers(context, names, length);
    };
    MonitorRun monitor(api);
    ASSERT_TRUE(pcscd.wait_for_calls("GetStatusChange", 3));
    const auto said = monitor.said();
    armed = true;
    pcscd.insert("Reader A", kAtr);
    ASSERT_TRUE(monitor.wait_for(reader_is("Reader A", SlotState::PRESENT), said));
    EXPECT_EQ(monitor.service_story(), (Story{"well", "INTERNAL", "PCSC_RESTARTING", "well"}));
    monitor.stop();
    EXPECT_EQ(pcscd.open_contexts(), 0U);
  }
}

TEST(Monitor, AListenerThatThrowsHearsEverythingAgain) {
  ScriptedPcsc pcscd;
  pcscd.add_reader("Reader A");
  std::atomic<int> throws = 2;  // the picture of the readers, then the fault that this made
  MonitorRun monitor(pcscd.api(), [&](const Snapshot&) {
    if (throws-- > 0) throw std::runtime_error("the listener is out of memory");
  });
  ASSERT_TRUE(monitor.wait_for(readers_are(1)));
}

TEST(Monitor, WaitsForTheServiceWithABoundedBackOff) {
  ScriptedPcsc pcscd;
  pcscd.service(ScriptedPcsc::Service::ABSENT);
  PcscApi api = pcscd.api();
  std::mutex mutex;
  std::vector<std::chrono::milliseconds> waits;
  std::atomic<bool> socket_appears = false;
  api.await_socket = [&](const std::stop_token&, std::chrono::milliseconds duration) {
    const std::lock_guard lock(mutex);
    waits.push_back(duration);
    return socket_appears.exchange(false);
  };
  MonitorRun monitor(api);
  ASSERT_TRUE(pcscd.wait_for_calls("EstablishContext", 10));
  socket_appears = true;
  ASSERT_TRUE(pcscd.wait_for_calls("EstablishContext", pcscd.calls("EstablishContext") + 5));
  monitor.stop();
  const std::lock_guard lock(mutex);
  for (const auto wait : waits) {
    EXPECT_GE(wait, std::chrono::milliseconds(50));
    EXPECT_LE(wait, std::chrono::milliseconds(2000));
  }
  EXPECT_EQ(waits[0], std::chrono::milliseconds(50));
  EXPECT_EQ(waits[8], std::chrono::milliseconds(2000));
  EXPECT_GE(std::count(waits.begin(), waits.end(), std::chrono::milliseconds(50)), 2)
      << "a socket that appears begins the back-off anew";
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
