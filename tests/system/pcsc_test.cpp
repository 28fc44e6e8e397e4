// SPDX-License-Identifier: Apache-2.0
// drivers/pcsc on a real pcscd with virtual readers: events, loss and recovery, good manners towards others.
#include <atomic>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drivers/iso7816/files.h"
#include "drivers/pcsc/card_session.h"
#include "drivers/pcsc/errors.h"
#include "tests/unit/drivers/expect_error.h"
#include "tests/unit/drivers/monitor_run.h"
#include "tests/world/spawn.h"
#include "tests/world/world.h"

namespace insd::pcsc {
namespace {

using namespace std::chrono_literals;
using test::code_of;
using test::MonitorRun;
using test::reader_is;
using test::readers_are;
using world::World;

const iso7816::Command kSelectMf{
    .cla = 0x00, .ins = 0xA4, .p1 = 0x00, .p2 = 0x00, .data = {0x3F, 0x00}, .le = {}};

bool service_is_away(const Snapshot& snapshot) {
  return snapshot.service_fault.has_value();
}

/// Another program at the same reader, speaking to pcscd without any code of ours.
class OtherProgram {
 public:
  OtherProgram(const std::string& reader, DWORD share) {
    DWORD protocol = 0;
    EXPECT_EQ(SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &context_), SCARD_S_SUCCESS);
    EXPECT_EQ(SCardConnect(context_, reader.c_str(), share, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &card_,
                           &protocol),
              SCARD_S_SUCCESS);
  }
  ~OtherProgram() {
    SCardDisconnect(card_, SCARD_LEAVE_CARD);
    SCardReleaseContext(context_);
  }
  OtherProgram(const OtherProgram&) = delete;
  OtherProgram& operator=(const OtherProgram&) = delete;

  [[nodiscard]] LONG begin() const { return SCardBeginTransaction(card_); }
  [[nodiscard]] LONG end() const { return SCardEndTransaction(card_, SCARD_LEAVE_CARD); }
  [[nodiscard]] LONG transmit() const {
    const Bytes command = kSelectMf.encode();
    Bytes answer(258);
    DWORD length = answer.size();
    return SCardTransmit(card_, SCARD_PCI_T0, command.data(), command.size(), nullptr, answer.data(),
                         &length);
  }

 private:
  SCARDCONTEXT context_ = 0;
  SCARDHANDLE card_ = 0;
};

/// Exit status of `program`, run in a child process.
int in_a_child(const std::function<int()>& program) {
  const pid_t child = fork();
  if (child == 0) _exit(program());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class PcscSystem : public testing::Test {
 protected:
  PcscSystem() {
    world_.start_pcscd(2);
    reader_ = world_.reader_name(0);
  }

  void insert_vitale() { card_ = &world_.insert_card(0, "vitale2", "vitale-demo"); }

  World world_;
  world::Card* card_ = nullptr;
  std::string reader_;
};

TEST_F(PcscSystem, PushesInsertionAndRemoval) {
  MonitorRun monitor(system_pcsc());
  const auto empty = monitor.wait_for(readers_are(2));
  ASSERT_TRUE(empty);
  EXPECT_TRUE(reader_is(reader_, SlotState::EMPTY)(*empty));

  insert_vitale();
  const auto present = monitor.wait_for(reader_is(reader_, SlotState::PRESENT));
  ASSERT_TRUE(present);
  EXPECT_EQ(to_hex(present->slots[0].atr), "3B751300004509EA9000");
  EXPECT_NE(present->slots[0].insertions, empty->slots[0].insertions);
  EXPECT_EQ(present->slots[1].state, SlotState::EMPTY);

  const auto said = monitor.said();
  card_->remove();
  ASSERT_TRUE(monitor.wait_for(reader_is(reader_, SlotState::EMPTY), said));
  card_->insert();
  const auto again = monitor.wait_for(reader_is(reader_, SlotState::PRESENT), said + 1);
  ASSERT_TRUE(again);
  EXPECT_NE(again->slots[0].insertions, present->slots[0].insertions);
}

TEST_F(PcscSystem, T_PCSC_01_PcscdKilledStoppedAndStartedAgain) {
  insert_vitale();
  MonitorRun monitor(system_pcsc());
  ASSERT_TRUE(monitor.wait_for(reader_is(reader_, SlotState::PRESENT)));
  for (const int signal : {SIGKILL, SIGTERM}) {
    auto said = monitor.said();
    world_.stop_pcscd(signal);
    ASSERT_TRUE(monitor.wait_for(service_is_away, said)) << signal;
    ASSERT_TRUE(monitor.wait_for(test::fault_is(Code::PCSC_ABSENT), said)) << signal;
    said = monitor.said();
    world_.start_pcscd(2);
    ASSERT_TRUE(monitor.wait_for(reader_is(reader_, SlotState::PRESENT), said)) << signal;
  }
}

TEST_F(PcscSystem, T_PCSC_01_AConnectionToADeadPcscdStaysDead) {
  insert_vitale();
  Context context(system_pcsc());
  CardConnection connection(context, reader_, 0ms, {});
  CardSession session(connection, {});
  world_.stop_pcscd(SIGKILL);
  EXPECT_EQ(code_of([&] { transmit(session, kSelectMf); }), Code::PCSC_ABSENT);
  world_.start_pcscd(2);
  world_.await_card(0, true);
  EXPECT_EQ(code_of([&] { return connection.atr(); }), Code::PCSC_LOST);         // of the pcscd that ended
  EXPECT_EQ(code_of([&] { transmit(session, kSelectMf); }), Code::PCSC_ABSENT);  // as it was when it ended
}

TEST_F(PcscSystem, T_PCSC_01_APcscdThatRefusesThisUser) {
  if (!world::may_become_others()) GTEST_SKIP() << "only root can become somebody else";
  ASSERT_EQ(chmod(socket_path().c_str(), 0600), 0);
  EXPECT_EQ(in_a_child([] {
              if (setgid(65534) != 0 || setuid(65534) != 0) return 2;
              return code_of([] { Context{system_pcsc()}; }) == Code::PCSC_REFUSED ? 0 : 1;
            }),
            0);
}

TEST_F(PcscSystem, T_PCSC_01_AllContextsAreInUse) {
  constexpr std::size_t kMoreThanPcscdHas = 300;
  std::vector<SCARDCONTEXT> taken;
  for (SCARDCONTEXT next = 0; taken.size() < kMoreThanPcscdHas; taken.push_back(next)) {
    if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &next) != SCARD_S_SUCCESS) break;
  }
  ASSERT_LT(taken.size(), kMoreThanPcscdHas);
  EXPECT_EQ(code_of([] { Context{system_pcsc()}; }), Code::PCSC_OUT_OF_CONTEXTS);
  MonitorRun monitor(system_pcsc());
  EXPECT_TRUE(monitor.wait_for(test::fault_is(Code::PCSC_OUT_OF_CONTEXTS)));
  for (const SCARDCONTEXT context : taken) SCardReleaseContext(context);
  EXPECT_TRUE(monitor.wait_for(readers_are(2)));
}

TEST_F(PcscSystem, T_PCSC_04_AFrozenPcscdComesBack) {
  insert_vitale();
  MonitorRun monitor(system_pcsc());
  ASSERT_TRUE(monitor.wait_for(reader_is(reader_, SlotState::PRESENT)));
  world_.pcscd().signal(SIGSTOP);
  card_->remove();
  world_.pcscd().signal(SIGCONT);
  EXPECT_TRUE(monitor.wait_for(reader_is(reader_, SlotState::EMPTY)));
}

TEST_F(PcscSystem, ReadsACardInFewExchanges) {
  insert_vitale();
  Context context(system_pcsc());
  EXPECT_EQ(context.readers(), (std::vector<std::string>{reader_, world_.reader_name(1)}));
  CardConnection connection(context, reader_, 0ms, {});
  CardSession session(connection, {});
  iso7816::transmit_ok(session, kSelectMf, "SELECT MF");
  const Bytes content = iso7816::read_binary(session, {.sfi = 2, .known_size = {}});
  ASSERT_FALSE(content.empty());
  EXPECT_EQ(content[0], 0x65);
  EXPECT_EQ(session.exchanges(), card_->exchanges().size());
}

TEST_F(PcscSystem, RemovalDuringASessionIsSaidAndEndsIt) {
  insert_vitale();
  Context context(system_pcsc());
  CardConnection connection(context, reader_, 0ms, {});
  CardSession session(connection, {});
  iso7816::transmit_ok(session, kSelectMf, "SELECT MF");
  card_->remove();
  EXPECT_EQ(code_of([&] { transmit(session, kSelectMf); }), Code::CARD_REMOVED);
  card_->insert();
  world_.await_card(0, true);
  EXPECT_EQ(code_of([&] { transmit(session, kSelectMf); }), Code::CARD_REMOVED);
}

TEST_F(PcscSystem, AnEmptyReaderHasNoCard) {
  Context context(system_pcsc());
  EXPECT_EQ(code_of([&] { CardConnection(context, reader_, 0ms, {}); }), Code::CARD_ABSENT);
  EXPECT_EQ(code_of([&] { CardConnection(context, "No such reader", 0ms, {}); }), Code::READER_NOT_FOUND);
}

TEST_F(PcscSystem, WaitsForTheTransactionOfAnotherProgram) {
  insert_vitale();
  PcscApi api = system_pcsc();
  std::promise<void> waiting;
  api.begin_transaction = [&](SCARDHANDLE card) {
    waiting.set_value();
    return system_pcsc().begin_transaction(card);
  };
  std::atomic<bool> released = false, was_released = false;
  Context context(api);
  CardConnection connection(context, reader_, 0ms, {});
  const OtherProgram other(reader_, SCARD_SHARE_SHARED);
  ASSERT_EQ(other.begin(), SCARD_S_SUCCESS);
  std::thread ours([&] {
    CardSession session(connection, {});
    was_released = released.load();
    iso7816::transmit_ok(session, kSelectMf, "SELECT MF");
  });
  waiting.get_future().wait();
  // Time for a session that did not wait to show itself: some of what the other program does with its card.
  for (int i = 0; i < 200; ++i) EXPECT_EQ(other.transmit(), SCARD_S_SUCCESS);
  released = true;
  EXPECT_EQ(other.end(), SCARD_S_SUCCESS);
  ours.join();
  EXPECT_TRUE(was_released);
}

TEST_F(PcscSystem, LeavesTheCardToOthersAsItWas) {
  insert_vitale();
  const OtherProgram other(reader_, SCARD_SHARE_SHARED);
  {
    Context context(system_pcsc());
    CardConnection connection(context, reader_, 0ms, {});
    CardSession session(connection, {});
    iso7816::transmit_ok(session, kSelectMf, "SELECT MF");
  }
  EXPECT_EQ(other.transmit(), SCARD_S_SUCCESS);
}

TEST_F(PcscSystem, ResetsTheCardWhenToldTo) {
  insert_vitale();
  const OtherProgram other(reader_, SCARD_SHARE_SHARED);
  Context context(system_pcsc());
  {
    CardConnection connection(context, reader_, 0ms, {});
    connection.at_end(AtEnd::RESET);
  }
  EXPECT_EQ(other.transmit(), SCARD_W_RESET_CARD);
}

TEST_F(PcscSystem, AProgramThatDiesInsideItsTransactionResetsTheCard) {
  insert_vitale();
  Context context(system_pcsc());
  CardConnection connection(context, reader_, 0ms, {});
  EXPECT_EQ(in_a_child([&] {
              const OtherProgram other(reader_, SCARD_SHARE_SHARED);
              _exit(other.begin() == SCARD_S_SUCCESS ? 0 : 1);
              return 1;
            }),
            0);
  EXPECT_EQ(code_of([&] { CardSession(connection, {}); }), Code::CARD_RESET);
  CardConnection fresh(context, reader_, 0ms, {});
  CardSession session(fresh, {});
  iso7816::transmit_ok(session, kSelectMf, "SELECT MF");
}

TEST_F(PcscSystem, T_PCSC_03_AnExclusiveProgramIsWaitedForAndNamed) {
  insert_vitale();
  Context context(system_pcsc());
  {
    const OtherProgram other(reader_, SCARD_SHARE_EXCLUSIVE);
    EXPECT_EQ(code_of([&] { CardConnection(context, reader_, 200ms, {}); }), Code::READER_HELD);
    MonitorRun monitor(system_pcsc());
    EXPECT_TRUE(monitor.wait_for(
        [](const Snapshot& now) { return !now.slots.empty() && now.slots[0].held_exclusively; }));
  }
  const CardConnection connection(context, reader_, 10s, {});
  EXPECT_EQ(connection.protocol(), DWORD{SCARD_PROTOCOL_T0});
}

TEST_F(PcscSystem, T_CARD_11_ACardSwappedBetweenTwoPollsEndsTheSession) {
  insert_vitale();
  Context context(system_pcsc());
  CardConnection connection(context, reader_, 0ms, {});
  CardSession session(connection, {});
  iso7816::transmit_ok(session, kSelectMf, "SELECT MF");
  card_->swap(World::profile("vitale-demo"));
  EXPECT_EQ(code_of([&] { transmit(session, kSelectMf); }), Code::CARD_REMOVED);
  EXPECT_EQ(code_of([&] { transmit(session, kSelectMf); }), Code::CARD_REMOVED);
}

}  // namespace
}  // namespace insd::pcsc
