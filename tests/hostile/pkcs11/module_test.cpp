// SPDX-License-Identifier: Apache-2.0
// Modules that hang, crash and lie, as the daemon meets them: through insd-token. One call may fail; the next
// works.
#include <csignal>
#include <thread>

#include <boost/asio/detached.hpp>
#include <gmock/gmock.h>
#include <sys/wait.h>

#include "tests/unit/pkcs11/token_process_support.h"

namespace insd::token {
namespace {

using namespace std::chrono_literals;
using pkcs11::KeyUse;
using sim::SoftToken;
using test::code_of;
using test::error_of;
using testing::AnyOf;
using testing::SizeIs;

class HostileModuleTest : public TokenProcessTest {
 protected:
  HostileModuleTest() {
    options_ = options();
    options_->start_deadline = options_->call_deadline = 2s;
    options_->end_deadline = 200ms;
  }
};

// --- T-P11-01: a module that hangs ---

TEST_F(HostileModuleTest, T_P11_01_AHangInSignIsEndedAtTheDeadlineAndTheNextCallWorks) {
  const auto token = logged_in();
  const auto stuck = process().pid();
  soft_.faults("C_Sign hang");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_CODE(error_of([&] { sign(token); }), Code::MODULE_STUCK);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
  EXPECT_EQ(kill(stuck, 0), -1) << "the stuck process is gone, not left behind";
  soft_.faults("");
  EXPECT_EQ(code_of([&] { sign(token); }), Code::CARD_ACCESS_DENIED) << "its login went with it";
  expect_recovered();
}

TEST_F(HostileModuleTest, T_P11_01_AHangWhileStarting) {
  soft_.faults("C_Initialize hang");
  EXPECT_CODE(error_of([&] { await(process().list_tokens()); }), Code::MODULE_STUCK);
  // No PIN was sent to it: the answer says so.
  const auto error = error_of([&] { await(process().login({}, SecretString(SoftToken::kPin))); });
  EXPECT_CODE(error, Code::MODULE_STUCK);
  EXPECT_EQ(error->try_spent(), TrySpent::NO);
  EXPECT_THAT(soft_.trace("C_Login"), SizeIs(0));
  expect_recovered();
}

TEST_F(HostileModuleTest, T_P11_01_AHangInTheSlotList) {
  soft_.faults("C_GetSlotList hang");
  EXPECT_CODE(error_of([&] { await(process().list_tokens()); }), Code::MODULE_STUCK);
  expect_recovered();
}

TEST_F(HostileModuleTest, T_P11_01_AHangInTheLoginLeavesTheTryUnknown) {
  const auto token = ref();
  soft_.faults("C_Login hang");
  const auto error = error_of([&] { await(process().login(token, SecretString(SoftToken::kPin))); });
  EXPECT_CODE(error, Code::MODULE_STUCK);
  EXPECT_EQ(error->try_spent(), TrySpent::UNKNOWN);
  EXPECT_THAT(soft_.trace("C_Login"), SizeIs(1)) << "the PIN is not sent again by itself";
  expect_recovered();
}

TEST_F(HostileModuleTest, T_P11_01_AHangAtTheEndDoesNotHoldTheDaemon) {
  logged_in();
  const auto child = process().pid();
  soft_.faults("C_Logout hang\nC_Finalize hang");
  const auto start = std::chrono::steady_clock::now();
  process_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
  EXPECT_EQ(kill(child, 0), -1);
}

TEST_F(HostileModuleTest, T_P11_01_TheLoopOfTheCallerGoesOnMeanwhile) {
  const auto token = logged_in();
  soft_.faults("C_Sign hang");
  boost::asio::io_context io;
  auto stuck =
      boost::asio::co_spawn(io, process().sign(token, KeyUse::SIGNATURE, message_), boost::asio::use_future);
  bool ticked = false;
  boost::asio::co_spawn(
      io,
      [&]() -> boost::asio::awaitable<void> {
        ticked = true;
        co_return;
      },
      boost::asio::detached);
  io.poll();
  EXPECT_TRUE(ticked);
  EXPECT_EQ(stuck.wait_for(0s), std::future_status::timeout);
  io.run();
  EXPECT_EQ(code_of([&] { stuck.get(); }), Code::MODULE_STUCK);
}

// --- T-P11-04: a module that crashes ---

class CrashTest : public HostileModuleTest, public testing::WithParamInterface<const char*> {};

TEST_P(CrashTest, T_P11_04_CostsOneCall) {
  const auto token = logged_in();
  soft_.faults(std::string("C_Sign ") + GetParam());
  EXPECT_EQ(code_of([&] { sign(token); }), Code::MODULE_CRASHED);
  expect_recovered();
}

TEST_P(CrashTest, T_P11_04_InTheLoginLeavesTheTryUnknown) {
  const auto token = ref();
  soft_.faults(std::string("C_Login ") + GetParam());
  const auto error = error_of([&] { await(process().login(token, SecretString(SoftToken::kPin))); });
  EXPECT_CODE(error, Code::MODULE_CRASHED);
  EXPECT_EQ(error->try_spent(), TrySpent::UNKNOWN);
  expect_recovered();
}

TEST_P(CrashTest, T_P11_04_WhileStarting) {
  soft_.faults(std::string("C_Initialize ") + GetParam());
  EXPECT_EQ(code_of([&] { await(process().list_tokens()); }), Code::MODULE_CRASHED);
  expect_recovered();
}

INSTANTIATE_TEST_SUITE_P(Ways, CrashTest, testing::Values("segv", "abort", "exit"),
                         [](const auto& way) { return std::string(way.param); });

TEST_F(HostileModuleTest, T_P11_04_TheOtherCallersOfTheQueueAreServed) {
  const auto token = logged_in();
  soft_.faults("C_Sign segv");
  boost::asio::io_context io;
  auto crashed =
      boost::asio::co_spawn(io, process().sign(token, KeyUse::SIGNATURE, message_), boost::asio::use_future);
  auto served = boost::asio::co_spawn(io, process().list_tokens(), boost::asio::use_future);
  io.run();
  EXPECT_EQ(code_of([&] { crashed.get(); }), Code::MODULE_CRASHED);
  EXPECT_THAT(served.get(), SizeIs(2));
}

TEST_F(HostileModuleTest, T_P11_04_KilledFromOutside) {
  logged_in();
  const auto child = process().pid();
  ASSERT_EQ(kill(child, SIGKILL), 0);
  EXPECT_EQ(code_of([&] { await(process().list_tokens()); }), Code::MODULE_CRASHED);
  expect_recovered();
}

// --- T-P11-02: a module that lies ---

struct Lie {
  const char* name;
  const char* fault;
};

void PrintTo(const Lie& lie, std::ostream* out) {
  *out << lie.fault;
}

class LieTest : public HostileModuleTest, public testing::WithParamInterface<Lie> {};

// Each makes a listing or a signature impossible: an error of the module, never a crash, never an answer.
TEST_P(LieTest, T_P11_02_IsAnErrorOfTheModule) {
  const auto token = logged_in();
  const auto child = process().pid();
  soft_.faults(GetParam().fault);
  const auto code = code_of([&] {
    await(process().list_tokens());
    sign(token);
  });
  EXPECT_EQ(code, Code::MODULE_FAILED);
  EXPECT_EQ(process().pid(), child) << "it did not have to be started again";
  expect_recovered();
}

INSTANTIATE_TEST_SUITE_P(Lies, LieTest,
                         testing::Values(Lie{"MoreSlotsThanRoom", "C_GetSlotList count 41"},
                                         Lie{"MoreSlotsThanSaid", "C_GetSlotList late 41"},
                                         Lie{"HugeSlotCount", "C_GetSlotList count ffffffffffffffff"},
                                         Lie{"SlotCodeOutOfRange", "C_GetSlotList rv ffffffff"},
                                         Lie{"VendorCodeThatLooksLikeAnother", "C_GetSlotList rv 80000032"},
                                         Lie{"MoreObjectsThanRoom", "C_FindObjects count 41"},
                                         Lie{"HugeObjectCount", "C_FindObjects count ffffffffffffffff"},
                                         Lie{"ObjectsForEver", "C_FindObjects endless"},
                                         Lie{"NoSession", "C_OpenSession null"},
                                         Lie{"LongAttribute", "C_GetAttributeValue length 100000"},
                                         Lie{"HugeAttribute", "C_GetAttributeValue length fffffffffffffff0"},
                                         Lie{"LongSignature", "C_Sign length 401"},
                                         Lie{"HugeSignature", "C_Sign length ffffffffffffffff"},
                                         Lie{"ShortSignature", "C_Sign length 10"},
                                         Lie{"EmptySignature", "C_Sign length 0"},
                                         Lie{"SignCodeOutOfRange", "C_Sign rv fedcba9876543210"}),
                         [](const auto& lie) { return std::string(lie.param.name); });

TEST_F(HostileModuleTest, T_P11_02_AVendorCodeThatEndsAsWrongPinIsNotOne) {
  const auto token = ref();
  soft_.faults("C_Login rv 800000a0");  // 23 bits of it are CKR_PIN_INCORRECT
  const auto error = error_of([&] { await(process().login(token, SecretString(SoftToken::kPin))); });
  EXPECT_CODE(error, Code::MODULE_FAILED);
  EXPECT_EQ(error->try_spent(), TrySpent::UNKNOWN);
}

TEST_F(HostileModuleTest, T_P11_02_RepeatedSlotsAreOneToken) {
  soft_.faults("C_GetSlotList repeat");
  EXPECT_THAT(await(process().list_tokens()), SizeIs(2));
}

TEST_F(HostileModuleTest, T_P11_02_TwoTokensOfOneSerialAreTold) {
  soft_.faults("C_GetTokenInfo serial");
  const auto tokens = await(process().list_tokens());
  ASSERT_THAT(tokens, SizeIs(2));
  EXPECT_EQ(tokens[0].ref.serial, tokens[1].ref.serial);
  await(process().login(tokens[0].ref, SecretString(SoftToken::kPin)));
  EXPECT_EQ(code_of([&] { sign(tokens[1].ref); }), Code::CARD_ACCESS_DENIED);
  EXPECT_EQ(code_of([&] { sign(tokens[0].ref); }), std::nullopt);
}

TEST_F(HostileModuleTest, T_P11_02_ASlotThatChangesItsTokenGetsNoPin) {
  const auto token = ref();
  soft_.faults("C_GetTokenInfo serial");
  const auto error = error_of([&] { await(process().login(token, SecretString(SoftToken::kPin))); });
  EXPECT_CODE(error, Code::CARD_CHANGED);
  EXPECT_THAT(soft_.trace("C_Login"), SizeIs(0));
}

TEST_F(HostileModuleTest, T_P11_02_ImpossiblePinBoundsAreNotBelieved) {
  const auto token = ref();
  soft_.faults("C_GetTokenInfo count 0");
  EXPECT_EQ(code_of([&] { await(process().login(token, SecretString("123456789"))); }), Code::PIN_MALFORMED);
  EXPECT_EQ(code_of([&] { await(process().login(token, SecretString("123"))); }), Code::PIN_MALFORMED);
  EXPECT_THAT(soft_.trace("C_Login"), SizeIs(0));
  await(process().login(token, SecretString(SoftToken::kPin)));
}

// --- what a module may not do in there ---

TEST_F(HostileModuleTest, AModuleHasNoNetworkAndNoLookIntoOthers) {
  const auto token = logged_in();
  soft_.faults("C_Sign forbidden");
  sign(token);
  // EAFNOSUPPORT = 97, EPERM = 1
  EXPECT_THAT(soft_.trace("forbidden"),
              testing::ElementsAre("forbidden inet=97 inet6=97 netlink=97 unix=0 io_uring=1 ptrace=1"));
}

TEST_F(HostileModuleTest, T_PIN_01_ThePinIsNotInTheChildsMemoryAfterTheCall) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "AddressSanitizer keeps what was freed, on purpose";
#elif defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer's own memory is terabytes of addresses";
#endif
  const std::string pin = "908172635";
  const auto token = ref();
  EXPECT_EQ(code_of([&] { await(process().login(token, SecretString(pin))); }), Code::PIN_WRONG);
  const auto memory = test::writable_memory(process().pid());
  if (memory.empty()) GTEST_SKIP() << "this user may not read the memory of a process that is not dumpable";
  EXPECT_NE(memory.find(token.label), std::string::npos) << "the search finds what is there";
  EXPECT_EQ(memory.find(pin), std::string::npos);
}

TEST_F(HostileModuleTest, T_P11_02_AProcessThatTheModuleLeavesBehindEndsWithIt) {
  const auto token = logged_in();
  soft_.faults("C_Sign fork");
  const auto signature = sign(token);
  EXPECT_TRUE(test::verifies(SoftToken::certificate("sig"), message_, signature));
  const auto group = process().pid();
  process_.reset();
  // Nobody waits for an orphan but init, which may take a moment: a zombie is as good as gone.
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  auto alive = [&] { return test::living_process_in_group(group); };
  while (alive() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_FALSE(alive());
}

}  // namespace
}  // namespace insd::token
