// SPDX-License-Identifier: Apache-2.0
// Readers and a pcscd that misbehave in ways no real pcscd can be made to.
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "drivers/pcsc/card_session.h"
#include "tests/unit/drivers/expect_error.h"
#include "tests/unit/drivers/monitor_run.h"
#include "tests/unit/drivers/scripted_pcsc.h"

namespace insd::pcsc {
namespace {

using namespace std::chrono_literals;
using test::code_of;
using test::MonitorRun;
using test::reader_is;
using test::readers_are;
using test::ScriptedPcsc;
using test::slot_in;

const Bytes kAtr = from_hex("3B00");

TEST(HostilePcsc, T_PCSC_01_EachCallOfTheMonitorFailsOnce) {
  const LONG faults[] = {SCARD_F_COMM_ERROR,     SCARD_E_NO_SERVICE, SCARD_E_SERVICE_STOPPED,
                         SCARD_E_INVALID_HANDLE, SCARD_E_NO_ACCESS,  SCARD_E_UNKNOWN_READER,
                         SCARD_E_CANCELLED,      SCARD_E_TIMEOUT,    SCARD_F_INTERNAL_ERROR};
  for (const LONG fault : faults) {
    for (int broken = 1; broken <= 4; ++broken) {
      ScriptedPcsc pcscd;
      pcscd.add_reader("Reader A");
      pcscd.insert("Reader A", kAtr);
      std::atomic<int> call = 0;
      pcscd.fault([&](std::string_view) { return ++call == broken ? std::optional(fault) : std::nullopt; });
      MonitorRun monitor(pcscd.api());
      ASSERT_TRUE(monitor.wait_for(reader_is("Reader A", SlotState::PRESENT)))
          << std::hex << fault << " " << broken;
      // It is awake after the fault: the next event arrives.
      pcscd.eject("Reader A");
      ASSERT_TRUE(monitor.wait_for(reader_is("Reader A", SlotState::EMPTY)))
          << std::hex << fault << " " << broken;
      monitor.stop();
      pcscd.fault({});
      EXPECT_EQ(pcscd.open_contexts(), 0U);
    }
  }
}

TEST(HostilePcsc, T_PCSC_01_AServiceThatComesAndGoes) {
  ScriptedPcsc pcscd;
  pcscd.add_reader("Reader A");
  MonitorRun monitor(pcscd.api());
  for (int round = 0; round < 3; ++round) {
    auto said = monitor.said();
    pcscd.service(ScriptedPcsc::Service::ABSENT);
    ASSERT_TRUE(monitor.wait_for(test::fault_is(Code::PCSC_ABSENT), round == 0 ? 0 : said)) << round;
    said = monitor.said();
    pcscd.service(ScriptedPcsc::Service::RUNNING);
    ASSERT_TRUE(monitor.wait_for(readers_are(1), said)) << round;
  }
  monitor.stop();
  EXPECT_EQ(pcscd.open_contexts(), 0U);
}

// Something that listens where pcscd would, for the library's own probe: what it does with each connection.
class FakeSocket {
 public:
  enum class Then { HANG_UP, STAY, DIE };

  explicit FakeSocket(std::vector<Then> script) : script_(std::move(script)) {
    char pattern[] = "/tmp/insd-probe.XXXXXX";
    directory_ = mkdtemp(pattern);
    const std::string path = directory_ + "/pcscd.comm";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    listening_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(listening_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(listening_, 8), 0);
    setenv("PCSCLITE_CSOCK_NAME", path.c_str(), 1);
    thread_ = std::thread([this] { play(); });
  }
  ~FakeSocket() {
    shutdown(listening_, SHUT_RDWR);
    thread_.join();
    for (const int descriptor : open_) close(descriptor);
    if (listening_ >= 0) close(listening_);
    unsetenv("PCSCLITE_CSOCK_NAME");
    std::filesystem::remove_all(directory_);
  }

 private:
  void play() {
    for (const Then then : script_) {
      const int connection = accept(listening_, nullptr, nullptr);
      if (connection < 0) return;
      if (then == Then::DIE) {
        close(listening_.exchange(-1));  // a process that is killed lets go of its lower descriptors first
      }
      if (then == Then::STAY) {
        open_.push_back(connection);
      } else {
        close(connection);
      }
      if (then == Then::DIE) return;
    }
  }

  const std::vector<Then> script_;
  std::string directory_;
  std::atomic<int> listening_ = -1;
  std::vector<int> open_;
  std::thread thread_;
};

TEST(HostilePcsc, T_PCSC_01_ADyingPcscdIsNotAFullOne) {
  using enum FakeSocket::Then;
  const struct {
    std::vector<FakeSocket::Then> script;
    int heard;
  } cases[] = {{{STAY}, 0}, {{HANG_UP, HANG_UP}, EMFILE}, {{DIE}, ECONNREFUSED}, {{HANG_UP, STAY}, 0}};
  for (const auto& [script, heard] : cases) {
    const FakeSocket pcscd(script);
    EXPECT_EQ(system_pcsc().probe_socket(), heard);
  }
}

TEST(HostilePcsc, T_PCSC_01_EachCauseHasItsWordsAndItsRecovery) {
  using Service = ScriptedPcsc::Service;
  std::set<std::string_view> words;
  for (const auto& [service, code] : {std::pair(Service::ABSENT, Code::PCSC_ABSENT),
                                      {Service::REFUSED, Code::PCSC_REFUSED},
                                      {Service::FULL, Code::PCSC_OUT_OF_CONTEXTS}}) {
    ScriptedPcsc pcscd;
    pcscd.add_reader("Reader A");
    pcscd.insert("Reader A", kAtr);
    MonitorRun monitor(pcscd.api());
    ASSERT_TRUE(monitor.wait_for(reader_is("Reader A", SlotState::PRESENT)));
    auto said = monitor.said();
    pcscd.service(service);
    ASSERT_TRUE(monitor.wait_for(test::fault_is(code), said));
    said = monitor.said();
    pcscd.service(Service::RUNNING);
    ASSERT_TRUE(monitor.wait_for(reader_is("Reader A", SlotState::PRESENT), said)) << "recovers by itself";
    for (const auto text : {catalogue_entry(code).summary_en, catalogue_entry(code).summary_fr,
                            catalogue_entry(code).remedy_en, catalogue_entry(code).remedy_fr}) {
      EXPECT_TRUE(words.insert(text).second) << text;
    }
  }
}

TEST(HostilePcsc, T_PCSC_01_WakesWithoutAReasonDoNotSpin) {
  ScriptedPcsc pcscd;
  pcscd.add_reader("Reader A");
  PcscApi api = pcscd.api();
  std::atomic<int> wakes = 0;
  api.get_status_change = [&](SCARDCONTEXT, DWORD, SCARD_READERSTATE* states, DWORD count) -> LONG {
    ++wakes;
    for (DWORD i = 0; i < count; ++i) {
      states[i].dwEventState = SCARD_STATE_EMPTY | SCARD_STATE_CHANGED;
      states[i].cbAtr = 0;
    }
    return SCARD_S_SUCCESS;
  };
  MonitorRun monitor(api);
  ASSERT_TRUE(monitor.wait_for(readers_are(1)));
  std::this_thread::sleep_for(
      500ms);  // the time in which a spinning loop would wake a hundred thousand times
  monitor.stop();
  EXPECT_LT(wakes, 1000);
}

TEST(HostilePcsc, T_PCSC_02_UnplugAndReplugUnderTheSameName) {
  ScriptedPcsc pcscd;
  pcscd.add_reader("Reader A");
  pcscd.insert("Reader A", kAtr);
  MonitorRun monitor(pcscd.api());
  ASSERT_TRUE(monitor.wait_for(reader_is("Reader A", SlotState::PRESENT)));
  for (int round = 0; round < 10; ++round) {
    auto said = monitor.said();
    pcscd.remove_reader("Reader A");
    ASSERT_TRUE(monitor.wait_for(readers_are(0), said));
    said = monitor.said();
    pcscd.add_reader("Reader A");
    ASSERT_TRUE(monitor.wait_for(reader_is("Reader A", SlotState::EMPTY), said));
  }
}

TEST(HostilePcsc, T_PCSC_02_AReaderChangesItsName) {
  ScriptedPcsc pcscd;
  pcscd.add_reader("Reader 00 00");
  MonitorRun monitor(pcscd.api());
  ASSERT_TRUE(monitor.wait_for(readers_are(1)));
  pcscd.remove_reader("Reader 00 00");
  pcscd.add_reader("Reader 01 00");
  ASSERT_TRUE(monitor.wait_for(
      [](const Snapshot& now) { return now.slots.size() == 1 && now.slots[0].reader == "Reader 01 00"; }));
}

TEST(HostilePcsc, T_PCSC_02_TwoReadersOfOneNameAreOne) {
  ScriptedPcsc pcscd;
  pcscd.add_reader("Twin");
  pcscd.list_also("Twin");
  MonitorRun monitor(pcscd.api());
  ASSERT_TRUE(monitor.wait_for(readers_are(1)));
  pcscd.insert("Twin", kAtr);
  ASSERT_TRUE(monitor.wait_for(reader_is("Twin", SlotState::PRESENT)));
}

TEST(HostilePcsc, T_PCSC_02_AListedReaderThatDoesNotExistDoesNotSpin) {
  ScriptedPcsc pcscd;
  pcscd.add_reader("Reader A");
  pcscd.list_also("Ghost");
  MonitorRun monitor(pcscd.api());
  ASSERT_TRUE(pcscd.wait_for_calls("GetStatusChange", 20));
  std::this_thread::sleep_for(300ms);  // as above
  EXPECT_LT(pcscd.calls("GetStatusChange"), 1000);
}

TEST(HostilePcsc, T_PCSC_02_ContactAndContactlessFacesAreTwoReaders) {
  ScriptedPcsc pcscd;
  pcscd.add_reader("Dual [Contact Interface] 00 00");
  pcscd.add_reader("Dual [Contactless Interface] 00 01");
  MonitorRun monitor(pcscd.api());
  ASSERT_TRUE(monitor.wait_for(readers_are(2)));
  pcscd.insert("Dual [Contactless Interface] 00 01", kAtr);
  const auto seen = monitor.wait_for(reader_is("Dual [Contactless Interface] 00 01", SlotState::PRESENT));
  ASSERT_TRUE(seen);
  EXPECT_EQ(slot_in(*seen, "Dual [Contact Interface] 00 00")->state, SlotState::EMPTY);
}

TEST(HostilePcsc, T_PCSC_02_AsManyReadersAsTheLibraryCanWatch) {
  ScriptedPcsc
      pcscd;  // 16 entries at most, so there is no room for the plug-and-play entry beside 16 readers
  for (int i = 0; i < 16; ++i) pcscd.add_reader("Reader " + std::to_string(i));
  MonitorRun monitor(pcscd.api());
  ASSERT_TRUE(monitor.wait_for(readers_are(16)));
  pcscd.insert("Reader 15", kAtr);
  ASSERT_TRUE(monitor.wait_for(reader_is("Reader 15", SlotState::PRESENT)));
  pcscd.remove_reader("Reader 3");
  ASSERT_TRUE(monitor.wait_for(readers_are(15)));
  pcscd.add_reader("Reader 16");
  ASSERT_TRUE(monitor.wait_for(readers_are(16), monitor.said() - 1));
}

TEST(HostilePcsc, T_PCSC_02_SeventeenReadersAndMoreUpToTheBound) {
  for (const std::size_t count : {17U, 64U, 200U}) {
    ScriptedPcsc pcscd;
    pcscd.max_states(1000);
    for (std::size_t i = 0; i < count; ++i) pcscd.add_reader("Reader " + std::to_string(i));
    MonitorRun monitor(pcscd.api());
    ASSERT_TRUE(monitor.wait_for(readers_are(std::min<std::size_t>(count, 64)))) << count;
    pcscd.insert("Reader 16", kAtr);
    ASSERT_TRUE(monitor.wait_for(reader_is("Reader 16", SlotState::PRESENT))) << count;
  }
}

TEST(HostilePcsc, T_PCSC_02_NamesOf127BytesThatAreNotUtf8) {
  ScriptedPcsc pcscd;
  std::string name(127, '\xE8');
  name[0] = '\n';
  pcscd.add_reader(name);
  pcscd.insert(name, kAtr, [](ByteView) { return from_hex("9000"); });
  MonitorRun monitor(pcscd.api());
  ASSERT_TRUE(monitor.wait_for(reader_is(name, SlotState::PRESENT)));
  Context context(pcscd.api());
  CardConnection connection(context, name, 0ms, {});
  CardSession session(connection, {});
  EXPECT_EQ(session.exchange(from_hex("00A40000")), from_hex("9000"));
}

TEST(HostilePcsc, T_PCSC_02_ReaderListsWithoutAnEnd) {
  const struct {
    DWORD announced;
    bool with_end;
    std::size_t readers;
  } cases[] = {{8, true, 2}, {8, false, 2}, {0xFFFFFFFF, true, 2}, {0, true, 0}, {1, true, 1}};
  for (const auto& lie : cases) {
    ScriptedPcsc pcscd;
    PcscApi api = pcscd.api();
    api.list_readers = [&](SCARDCONTEXT, char* names, DWORD* length) -> LONG {
      std::memset(names, lie.with_end ? '\0' : 'x', std::min<DWORD>(*length, 100));
      std::memcpy(names, "AAA\0BBB", 8);
      *length = lie.announced;
      return SCARD_S_SUCCESS;
    };
    const Context context(api);
    EXPECT_EQ(context.readers().size(), lie.readers) << lie.announced;
  }
  ScriptedPcsc endless;
  PcscApi api = endless.api();
  api.list_readers = [](SCARDCONTEXT, char*, DWORD* length) -> LONG {
    *length *= 2;
    return SCARD_E_INSUFFICIENT_BUFFER;
  };
  const Context context(api);
  EXPECT_TRUE(code_of([&] { return context.readers(); }));
}

TEST(HostilePcsc, T_PCSC_03_AnotherProgramHoldsTheReaderForASecond) {
  ScriptedPcsc pcscd;
  pcscd.add_reader("Reader A");
  pcscd.insert("Reader A", kAtr);
  pcscd.hold("Reader A", true);
  std::jthread holder([&](const std::stop_token&) {
    std::this_thread::sleep_for(1s);  // the other program's work
    pcscd.hold("Reader A", false);
  });
  Context context(pcscd.api());
  const CardConnection connection(context, "Reader A", 30s, {});
  EXPECT_EQ(connection.atr(), kAtr);
  EXPECT_LT(pcscd.calls("Connect"), 50) << "that is a busy wait";
}

TEST(HostilePcsc, T_PCSC_03_AnotherProgramHoldsTheReaderForEver) {
  ScriptedPcsc pcscd;
  pcscd.add_reader("Reader A");
  pcscd.insert("Reader A", kAtr);
  pcscd.hold("Reader A", true);
  Context context(pcscd.api());
  EXPECT_EQ(code_of([&] { CardConnection(context, "Reader A", 300ms, {}); }), Code::READER_HELD);
  EXPECT_LT(pcscd.calls("Connect"), 20);
  EXPECT_EQ(pcscd.open_cards(), 0U);
  // Whoever watches is told who is to blame.
  MonitorRun monitor(pcscd.api());
  ASSERT_TRUE(monitor.wait_for(
      [](const Snapshot& now) { return !now.slots.empty() && now.slots[0].held_exclusively; }));
}

}  // namespace
}  // namespace insd::pcsc
