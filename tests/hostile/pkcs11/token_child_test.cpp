// SPDX-License-Identifier: Apache-2.0
// A child whose own code was overwritten by its module: what it says is judged, too. And what a module may
// not do in the child.
#include <fstream>
#include <thread>

#include <sys/socket.h>
#include <unistd.h>

#include "daemon/token/convert.h"
#include "daemon/token/tls_process.h"
#include "tests/unit/pkcs11/token_process_support.h"

namespace insd::token {
namespace {

namespace fs = std::filesystem;
using test::code_of;

class FramesTest : public testing::Test {
 protected:
  FramesTest() {
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends_) != 0)
      throw std::runtime_error("socketpair");
  }
  ~FramesTest() override {
    for (const int end : ends_) close(end);
  }
  int ends_[2] = {-1, -1};
};

TEST_F(FramesTest, APacketThatIsTooLongIsRefusedAtBothEnds) {
  EXPECT_EQ(code_of([&] { send_frame(ends_[0], Bytes(kMaxFrame + 1)); }), Code::INTERNAL);
  EXPECT_EQ(code_of([&] { send_frame(ends_[0], {}); }), Code::INTERNAL);
  const Bytes large(kMaxFrame + 1);
  ASSERT_EQ(send(ends_[0], large.data(), large.size(), 0), static_cast<ssize_t>(large.size()));
  Bytes frame;
  EXPECT_EQ(code_of([&] { receive_frame(ends_[1], frame); }), Code::INTERNAL);
  EXPECT_EQ(send_frame(ends_[0], Bytes(kMaxFrame)), Traffic::DONE);
  EXPECT_EQ(receive_frame(ends_[1], frame), Traffic::DONE);
  EXPECT_EQ(frame.size(), kMaxFrame);
}

TEST_F(FramesTest, ASecretThatIsTooLongIsRefused) {
  ASSERT_EQ(send_frame(ends_[0], Bytes(SecretString::kCapacity + 1, '1')), Traffic::DONE);
  SecretString secret;
  EXPECT_EQ(code_of([&] { receive_secret(ends_[1], secret); }), Code::PIN_MALFORMED);
  EXPECT_TRUE(secret.empty());
}

TEST_F(FramesTest, SilenceAndTheEndAreTold) {
  Bytes frame;
  EXPECT_EQ(receive_frame(ends_[1], frame, std::chrono::steady_clock::now()), Traffic::TIMED_OUT);
  shutdown(ends_[0], SHUT_RDWR);
  EXPECT_EQ(receive_frame(ends_[1], frame), Traffic::CLOSED);
  EXPECT_EQ(send_frame(ends_[0], Bytes(1)), Traffic::CLOSED);
}

TEST(ConvertTest, T_P11_02_AnAnswerOutsideItsBoundsIsTheModulesFault) {
  wire::Answer answer;
  for (std::size_t i = 0; i <= pkcs11::kMaxSlots; ++i) answer.add_tokens();
  EXPECT_EQ(code_of([&] { tokens_of(answer); }), Code::MODULE_FAILED);
  answer.Clear();
  answer.add_tokens()->set_tries(static_cast<wire::Tries>(9));
  EXPECT_EQ(code_of([&] { tokens_of(answer); }), Code::MODULE_FAILED);
  answer.Clear();
  for (std::size_t i = 0; i <= pkcs11::kMaxCertificates; ++i) answer.add_certificates();
  EXPECT_EQ(code_of([&] { certificates_of(answer); }), Code::MODULE_FAILED);
  answer.Clear();
  answer.add_certificates()->set_der(std::string(pkcs11::kMaxCertificateBytes + 1, 'x'));
  EXPECT_EQ(code_of([&] { certificates_of(answer); }), Code::MODULE_FAILED);
}

TEST(ConvertTest, T_P11_02_TheChildSpeaksOfCardsAndTokensOnly) {
  wire::Failure failure;
  for (const char* code : {"PERMISSION_DENIED", "INSI_FAULT", "", "nonsense", "CONFIG_INVALID"}) {
    failure.set_code(code);
    EXPECT_EQ(error_of(failure).code(), Code::MODULE_FAILED) << code;
  }
  failure.set_code("PIN_WRONG");
  failure.set_try_spent(wire::TRY_SPENT_YES);
  failure.set_tries_left(-4);
  failure.set_detail("a\nforged log line\x1b[2J");
  const auto error = error_of(failure);
  EXPECT_EQ(error.code(), Code::PIN_WRONG);
  EXPECT_EQ(error.try_spent(), TrySpent::YES);
  EXPECT_EQ(error.tries_left(), std::nullopt);
  EXPECT_EQ(error.detail().find_first_of("\n\x1b"), std::string::npos);
}

TEST(ConvertTest, T_P11_02_OnlyTheRoleTlsSpeaksOfTheTeleservice) {
  wire::Failure failure;
  for (const char* code : {"INSI_UNREACHABLE", "ORGANISATION_CERTIFICATE_REFUSED", "CONFIG_INVALID"}) {
    failure.set_code(code);
    EXPECT_EQ(error_of(failure, Role::TLS).entry().name, code);
    EXPECT_EQ(error_of(failure, Role::SIGN).code(), Code::MODULE_FAILED);
  }
  for (const char* code : {"PERMISSION_DENIED", "JOURNAL_UNAVAILABLE", "INTERNAL", "nonsense"}) {
    failure.set_code(code);
    EXPECT_EQ(error_of(failure, Role::TLS).code(), Code::MODULE_FAILED) << code;
  }
}

// Programs in the place of insd-token.
class FalseChildTest : public TokenProcessTest {
 protected:
  void child_is(const std::string& script) {
    const auto path = soft_.directory() / "child";
    std::ofstream(path) << "#!/bin/sh\n" << script << "\n";
    fs::permissions(path, fs::perms::owner_all);
    options_ = options();
    options_->executable = path.string();
    options_->start_deadline = std::chrono::seconds(2);
    options_->environment = {"PATH=/usr/bin:/bin"};
  }
  std::optional<Code> listing() {
    return code_of([&] { await(process().list_tokens()); });
  }
};

TEST_F(FalseChildTest, T_P11_04_OneThatEndsAtOnce) {
  child_is("exit 0");
  EXPECT_EQ(listing(), Code::MODULE_CRASHED);
}

TEST_F(FalseChildTest, T_P11_04_OneThatTalksNonsense) {
  child_is("printf 'no protobuf' >&3; sleep 60");
  EXPECT_EQ(listing(), Code::MODULE_CRASHED);
}

TEST_F(FalseChildTest, T_P11_04_OneThatAnswersWhatWasNotAsked) {
  child_is("printf '\\010\\011' >&3; sleep 60");  // id 9
  EXPECT_EQ(listing(), Code::MODULE_CRASHED);
}

TEST_F(FalseChildTest, T_P11_04_OneWhoseAnswerNeverEnds) {
  // "ready", then to the first request: more is to come, and nothing comes, again and again.
  child_is(
      "printf '\\010\\000' >&3; while printf '\\010\\001\\072\\002\\040\\001' >&3; do :; done; sleep 60");
  InsiConfig config;
  config.organisation.module = "/module";
  config.organisation.module_environment = options_->environment;
  config.organisation.pkcs11_uri = "pkcs11:token=a";
  TlsProcess process(config, options_->executable);
  EXPECT_EQ(code_of([&] { await(process.post({"text/plain", "question"}, {})); }), Code::MODULE_CRASHED);
}

TEST_F(FalseChildTest, T_P11_01_OneThatStopsListening) {
  child_is("printf '\\010\\000' >&3; exec sleep 60");  // "ready", then nothing
  options_->call_deadline = std::chrono::seconds(1);
  EXPECT_EQ(listing(), Code::MODULE_STUCK);
}

}  // namespace
}  // namespace insd::token
