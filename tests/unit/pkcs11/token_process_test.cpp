// SPDX-License-Identifier: Apache-2.0
// insd-token as the daemon uses it.
#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <thread>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/pkcs11/token_process_support.h"

namespace insd::token {
namespace {

namespace fs = std::filesystem;
using pkcs11::KeyUse;
using pkcs11::Tries;
using sim::SoftToken;
using test::error_of;
using testing::SizeIs;

std::string contents(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_F(TokenProcessTest, SignsWithBothKeysAndTheOpenSslVerifies) {
  const auto token = logged_in();
  EXPECT_TRUE(test::verifies(SoftToken::certificate("sig"), message_, sign(token, KeyUse::SIGNATURE)));
  EXPECT_TRUE(test::verifies(SoftToken::certificate("aut"), message_, sign(token, KeyUse::AUTHENTICATION)));
  EXPECT_THAT(soft_.trace("C_SignInit"), testing::ElementsAre("C_SignInit mechanism=0x40 parameter=0",
                                                              "C_SignInit mechanism=0x1 parameter=0"));
}

TEST_F(TokenProcessTest, GivesTokensAndCertificatesWithoutALogin) {
  const auto tokens = await(process().list_tokens());
  ASSERT_THAT(tokens, SizeIs(2));
  EXPECT_EQ(tokens[0].pin_min_length, 4U);
  const auto certificates = await(process().certificates(ref()));
  ASSERT_THAT(certificates, SizeIs(2));
  for (const auto& certificate : certificates) {
    ASSERT_TRUE(certificate.use);
    EXPECT_EQ(certificate.der, SoftToken::certificate(*certificate.use == KeyUse::SIGNATURE ? "sig" : "aut"));
  }
  EXPECT_THAT(soft_.trace("C_Login"), SizeIs(0));
}

TEST_F(TokenProcessTest, AWrongPinSpendsExactlyOneTryAndTheAnswerSaysSo) {
  const auto token = ref();
  const auto error = error_of([&] { await(process().login(token, SecretString("4321"))); });
  EXPECT_CODE(error, Code::PIN_WRONG);
  EXPECT_EQ(error->try_spent(), TrySpent::YES);
  EXPECT_THAT(soft_.trace("C_Login"), SizeIs(1));
  EXPECT_EQ(await(process().list_tokens()).size(), 2U);
  for (const auto& info : await(process().list_tokens())) {
    EXPECT_EQ(info.tries, info.ref == token ? Tries::LOW : Tries::NOT_LOW);
  }
  EXPECT_CODE(error_of([&] { sign(token); }), Code::CARD_ACCESS_DENIED);
}

TEST_F(TokenProcessTest, AMalformedPinSpendsNoneAndLeavesALoginAlone) {
  const auto token = logged_in();
  for (const char* pin : {"", "12", "abcd"}) {
    const auto error = error_of([&] { await(process().login(token, SecretString(pin))); });
    EXPECT_CODE(error, Code::PIN_MALFORMED);
    EXPECT_EQ(error->try_spent(), TrySpent::NO);
  }
  EXPECT_THAT(soft_.trace("C_Login"), SizeIs(1));
  EXPECT_NO_THROW(sign(token));
}

TEST_F(TokenProcessTest, AWrongPinEndsTheLoginThatWasThere) {
  const auto token = logged_in();
  EXPECT_CODE(error_of([&] { await(process().login(token, SecretString("4321"))); }), Code::PIN_WRONG);
  EXPECT_CODE(error_of([&] { sign(token); }), Code::CARD_ACCESS_DENIED);
}

TEST_F(TokenProcessTest, TheLastTryNeedsAConsent) {
  const auto token = ref();
  soft_.faults("C_GetTokenInfo flags 30000");
  const auto error = error_of([&] { await(process().login(token, SecretString(SoftToken::kPin))); });
  EXPECT_CODE(error, Code::PIN_CONSENT_REQUIRED);
  EXPECT_EQ(error->tries_left(), 1);
  EXPECT_THAT(soft_.trace("C_Login"), SizeIs(0));
  await(process().login(token, SecretString(SoftToken::kPin), pkcs11::LastTry::ALLOW));
  EXPECT_NO_THROW(sign(token));
}

TEST_F(TokenProcessTest, LogoutEndsOneTokensLoginOnly) {
  const auto first = logged_in();
  const auto second = logged_in(SoftToken::kSwappedIdsLabel);
  await(process().logout(second));
  EXPECT_CODE(error_of([&] { sign(second); }), Code::CARD_ACCESS_DENIED);
  EXPECT_NO_THROW(sign(first));
  await(process().logout(second));
}

TEST_F(TokenProcessTest, LogsOutWhenItEnds) {
  logged_in();
  const auto before = soft_.trace("C_Logout").size();
  process_.reset();
  EXPECT_EQ(soft_.trace("C_Logout").size(), before + 1);
  EXPECT_THAT(soft_.trace("C_Finalize"), SizeIs(1));
}

TEST_F(TokenProcessTest, ARemovedTokenIsUsedAgainByAFreshSession) {
  const auto token = logged_in();
  soft_.faults("* rv 32");
  EXPECT_CODE(error_of([&] { sign(token); }), Code::CARD_REMOVED);
  soft_.faults("");
  EXPECT_CODE(error_of([&] { sign(token); }), Code::CARD_ACCESS_DENIED);  // the login went with the card
  expect_recovered();
}

TEST_F(TokenProcessTest, CallsOfSeveralCallersAreServedOneAfterTheOther) {
  using boost::asio::experimental::awaitable_operators::operator&&;
  const auto token = logged_in();
  const auto [first, second, tokens] =
      await(process().sign(token, KeyUse::SIGNATURE, message_) &&
            process().sign(token, KeyUse::AUTHENTICATION, message_) && process().list_tokens());
  EXPECT_TRUE(test::verifies(SoftToken::certificate("sig"), message_, first));
  EXPECT_TRUE(test::verifies(SoftToken::certificate("aut"), message_, second));
  EXPECT_THAT(tokens, SizeIs(2));
}

TEST_F(TokenProcessTest, AQueueThatIsFullSaysBusyAndTheEndEmptiesIt) {
  soft_.faults("C_Initialize hang");
  boost::asio::io_context io;
  std::vector<std::future<std::vector<pkcs11::TokenInfo>>> calls;
  for (int i = 0; i < 40; ++i) {
    calls.push_back(boost::asio::co_spawn(io, process().list_tokens(), boost::asio::use_future));
  }
  io.poll();
  process_.reset();
  io.run();
  std::map<Code, int> codes;
  for (auto& call : calls) ++codes[error_of([&] { call.get(); })->code()];
  EXPECT_EQ(codes[Code::BUSY], 40 - 16);
  EXPECT_EQ(codes[Code::MODULE_CRASHED] + codes[Code::SHUTTING_DOWN], 16);
}

TEST_F(TokenProcessTest, AModuleThatCannotBeLoadedIsTheAnswer) {
  options_ = options();
  options_->module = "/nowhere/module.so";
  EXPECT_CODE(error_of([&] { await(process().list_tokens()); }), Code::CPS_MODULE_MISSING);
  process_.reset();
  options_ = options();
  options_->module = (soft_.directory() / "softhsm2.conf").string();
  EXPECT_CODE(error_of([&] { await(process().list_tokens()); }), Code::MODULE_FAILED);
  process_.reset();
  fs::permissions(options_->module, fs::perms::all);
  EXPECT_CODE(error_of([&] { await(process().list_tokens()); }), Code::MODULE_REFUSED);
  process_.reset();
  options_->executable = "/nowhere/insd-token";
  const auto error = error_of([&] { await(process().login({}, SecretString(SoftToken::kPin))); });
  EXPECT_CODE(error, Code::INTERNAL);
  EXPECT_EQ(error->try_spent(), TrySpent::NO);
}

// --- a PIN pad ---

class TokenPadTest : public TokenProcessTest {
 protected:
  // A token whose PIN is typed on the reader; what is typed is in `line`.
  void with_pad(const std::string& line) { soft_.faults("C_GetTokenInfo flags 100\nC_Login " + line); }

  std::future<void> begin(const pkcs11::TokenRef& token) {
    return boost::asio::co_spawn(
        io_, process().login_on_pad(token, pkcs11::LastTry::REFUSE, stop_.get_token(), asked_),
        boost::asio::use_future);
  }
  /// Returns when the pad asks.
  void await_question() {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (soft_.trace("C_Login").empty() && std::chrono::steady_clock::now() < until) {
      std::this_thread::yield();
    }
    ASSERT_THAT(soft_.trace("C_Login"), testing::ElementsAre("C_Login length=0 null"));
  }

  boost::asio::io_context io_;
  std::stop_source stop_;
  const std::shared_ptr<std::atomic<bool>> asked_ = std::make_shared<std::atomic<bool>>(false);
};

TEST_F(TokenPadTest, APersonMayTakeLongerThanACall) {
  options_ = options();
  options_->call_deadline = std::chrono::milliseconds(1000);
  options_->pad_deadline = std::chrono::seconds(60);
  with_pad("pad 0");
  const auto token = ref();
  const auto began = std::chrono::steady_clock::now();
  auto login = begin(token);
  io_.poll();
  await_question();
  EXPECT_TRUE(*asked_);
  std::this_thread::sleep_until(began + 2 * options_->call_deadline);
  with_pad("pad 1234");
  io_.run();
  EXPECT_NO_THROW(login.get());
  soft_.faults("");
  EXPECT_NO_THROW(sign(token));
}

TEST_F(TokenPadTest, T_P11_01_APadThatIsNeverDoneEndsAtItsDeadlineAndTheTryIsUnknown) {
  options_ = options();
  options_->pad_deadline = std::chrono::milliseconds(500);
  with_pad("pad 0");
  auto login = begin(ref());
  io_.run();
  const auto error = error_of([&] { login.get(); });
  EXPECT_CODE(error, Code::MODULE_STUCK);
  EXPECT_EQ(error->try_spent(), TrySpent::UNKNOWN);
  expect_recovered();
}

TEST_F(TokenPadTest, NobodyIsAskedForACallerThatHasGone) {
  with_pad("pad 1234");
  const auto token = ref();
  stop_.request_stop();
  auto login = begin(token);
  io_.run();
  EXPECT_CODE(error_of([&] { login.get(); }), Code::CANCELLED);
  EXPECT_THAT(soft_.trace("C_Login"), SizeIs(0));
}

// --- a signature that is asked for and does not come ---

TEST_F(TokenProcessTest, T_P11_04_AProcessThatEndsWhileItSignsMayHaveSigned) {
  options_ = options();
  options_->call_deadline = std::chrono::milliseconds(1000);
  for (const char* end : {"C_Sign segv", "C_Sign exit", "C_Sign hang"}) {
    const auto token = logged_in();
    soft_.faults(end);
    const auto error = error_of([&] { sign(token); });
    ASSERT_TRUE(error) << end;
    EXPECT_TRUE(error->signature_unknown()) << end;
    soft_.faults("");
    const auto after = error_of([&] { sign(token); });
    EXPECT_CODE(after, Code::CARD_ACCESS_DENIED);
    EXPECT_FALSE(after->signature_unknown()) << "a new process has asked no card";
  }
  const auto token = logged_in();
  soft_.faults("C_Sign rv 30");
  EXPECT_TRUE(error_of([&] { sign(token); })->signature_unknown()) << "as its module says";
}

// --- what the child is ---

TEST_F(TokenProcessTest, TheChildHasNothingOfItsParent) {
  const int leaked = open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  setenv("INSD_SECRET_OF_PARENT", "x", 1);
  logged_in();
  close(leaked);
  const auto proc = fs::path("/proc") / std::to_string(process().pid());
  if (geteuid() != 0) GTEST_SKIP() << "only root sees into a process that is not dumpable";
  std::set<std::string> targets;
  for (const auto& entry : fs::directory_iterator(proc / "fd")) {
    targets.insert(fs::read_symlink(entry.path()).string());
  }
  EXPECT_EQ(fs::read_symlink(proc / "fd/0"), "/dev/null");
  EXPECT_EQ(fs::read_symlink(proc / "fd/1"), "/dev/null");
  EXPECT_EQ(targets.count("/dev/null"), 1U);
  const auto environment = contents(proc / "environ");
  EXPECT_EQ(environment.find("INSD_SECRET_OF_PARENT"), std::string::npos);
  EXPECT_NE(environment.find("SOFTHSM2_CONF="), std::string::npos);
  const auto status = contents(proc / "status");
  EXPECT_NE(status.find("NoNewPrivs:\t1"), std::string::npos);
  EXPECT_NE(status.find("Seccomp:\t2"), std::string::npos);
  EXPECT_NE(contents(proc / "limits").find("Max core file size        0                    0"),
            std::string::npos);
}

TEST_F(TokenProcessTest, TheModuleIsNotLoadedIntoThisProcess) {
  logged_in();
  const auto maps = contents("/proc/self/maps");
  EXPECT_EQ(maps.find("softhsm"), std::string::npos);
  EXPECT_EQ(maps.find("insd-pkcs11-shim"), std::string::npos);
}

TEST_F(TokenProcessTest, ThePinIsNowhereButInTheModule) {
  // stderr of the child is ours: put a file there meanwhile.
  const auto log = (soft_.directory() / "stderr").string();
  const int saved = dup(STDERR_FILENO);
  const int file = open(log.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
  dup2(file, STDERR_FILENO);
  const std::string pin = "90817263";
  const auto token = ref();
  const auto error = error_of([&] { await(process().login(token, SecretString(pin))); });
  await(process().login(token, SecretString(SoftToken::kPin)));
  const auto proc = fs::path("/proc") / std::to_string(process().pid());
  const auto arguments = contents(proc / "cmdline"), environment = contents(proc / "environ");
  dup2(saved, STDERR_FILENO);
  close(saved);
  close(file);
  EXPECT_CODE(error, Code::PIN_WRONG);
  EXPECT_NE(arguments.find("--module="), std::string::npos);
  for (const auto& text : {contents(log), arguments, environment, contents(soft_.directory() / "trace"),
                           std::string(error->what())}) {
    EXPECT_EQ(text.find(pin), std::string::npos);
    EXPECT_EQ(text.find(to_hex(as_bytes(pin))), std::string::npos);
  }
}

TEST_F(TokenProcessTest, TheChildEndsWithItsParentAlsoInTheMiddleOfACall) {
  // A parent that is killed: its insd-token must not stay behind with a logged-in card. Inside the module it
  // cannot see that its socket has closed.
  soft_.faults("C_GetSlotList hang");
  int pipe_ends[2];
  ASSERT_EQ(pipe2(pipe_ends, O_CLOEXEC), 0);
  const pid_t parent = fork();
  if (parent == 0) {
    TokenProcess own(options());
    boost::asio::io_context io;
    auto call = boost::asio::co_spawn(io, own.list_tokens(), boost::asio::use_future);
    io.poll();
    while (soft_.trace("C_GetSlotList").empty()) std::this_thread::yield();
    const pid_t child = own.pid();
    if (write(pipe_ends[1], &child, sizeof child) == sizeof child) pause();
    _exit(1);
  }
  close(pipe_ends[1]);
  pid_t child = -1;
  ASSERT_EQ(read(pipe_ends[0], &child, sizeof child), static_cast<ssize_t>(sizeof child));
  close(pipe_ends[0]);
  const int watched = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  ASSERT_GE(watched, 0);
  kill(parent, SIGKILL);
  pollfd waiting{.fd = watched, .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&waiting, 1, 10'000), 1) << "insd-token outlived its parent";
  kill(child, SIGKILL);
  close(watched);
  waitpid(parent, nullptr, 0);
}

}  // namespace
}  // namespace insd::token
