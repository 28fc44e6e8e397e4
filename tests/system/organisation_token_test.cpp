// SPDX-License-Identifier: Apache-2.0
// Mode organisation with the key on a PKCS#11 token: insd-token --role=tls, SoftHSM behind the module that
// misbehaves on request.
#include <algorithm>
#include <future>
#include <thread>

#include <gmock/gmock.h>

#include "tests/simulators/pkcs11_shim/soft_token.h"
#include "tests/system/organisation_desk.h"

namespace insd::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

std::string contents(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class OrganisationTokenTest : public OrganisationDesk {
 protected:
  OrganisationTokenTest() {
    make_token();
    module_ = world_.directory() / "shim.so";
    fs::copy_file(fs::canonical(sim::SoftToken::shim()), module_);
    fs::permissions(module_, fs::perms::owner_all | fs::perms::group_read | fs::perms::others_read);
    pin("12345");
  }

  // The organisation's key under a label of its own; the PIN is no card's.
  void make_token() {
    const auto tokens = world_.directory() / "tokens";
    fs::create_directory(tokens);
    const auto conf = "directories.tokendir = " + tokens.string() + "\nobjectstore.backend = file\n";
    const auto environment = "SOFTHSM2_CONF=" + world_.write_file("softhsm2.conf", conf).string();
    run({"env", environment, "softhsm2-util", "--init-token", "--free", "--label", "centre", "--so-pin",
         "12345678", "--pin", "12345"});
    run({"env", environment, "softhsm2-util", "--import", (pki() / "organisation/insi-manu.key.pem").string(),
         "--token", "centre", "--pin", "12345", "--label", "insi", "--id", "0a"});
    soft_ = std::make_unique<sim::SoftToken>(tokens);
  }

  void pin(const std::string& text) { world_.write_file("pin", text + "\n"); }

  [[nodiscard]] std::string keys(const std::string& uri = "pkcs11:token=centre;object=insi;id=%0A") const {
    std::string text =
        "organisation.certificate = \"" + (pki() / "organisation/insi-manu.cert.pem").string() +
        "\"\norganisation.pkcs11_uri = \"" + uri + "\"\norganisation.module = \"" + module_.string() +
        "\"\norganisation.pin_file = \"" + (world_.directory() / "pin").string() +
        "\"\norganisation.module_timeout = \"1s\"\ntotal_timeout = \"2s\"\n"
        "connect_timeout = \"2s\"\norganisation.module_environment = [";
    for (const auto& variable : soft_->environment()) text += "\"" + variable + "\", ";
    return text + "]\n";
  }
  void expect_found() { EXPECT_EQ(expect_value(search()).outcome(), v1::SEARCH_OUTCOME_FOUND); }

  // insd-token, a child of insd's.
  [[nodiscard]] int child() const {
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const auto name = entry.path().filename().string();
      if (!std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) continue;
      if (contents(entry.path() / "cmdline").starts_with(std::string("insd-token\0--role=tls", 21)))
        return std::stoi(name);
    }
    return -1;
  }

  std::unique_ptr<sim::SoftToken> soft_;
  fs::path module_;
};

TEST_F(OrganisationTokenTest, TheKeyOfATokenOpensTheTeleservice) {
  start_insd(keys());
  expect_found();
  world_.insi().wait_for_line("#1 client certificate ok");
  world_.insi().wait_for_line("#1 Emetteur ok");
  expect_found();
  // One login, and one handshake for both: the connection is kept.
  EXPECT_THAT(soft_->trace("C_Login"), SizeIs(1));
  EXPECT_THAT(soft_->trace("C_SignInit"), testing::ElementsAre("C_SignInit mechanism=0x3 parameter=0"));
}

TEST_F(OrganisationTokenTest, ATokenThatPadsByItselfOnlySpeaksAnOlderTls) {
  soft_->faults("C_GetMechanismInfo rv 70");  // CKR_MECHANISM_INVALID
  start_insd(keys());
  expect_found();
  EXPECT_THAT(world_.insi().wait_for_line("#1 TLS ok"), HasSubstr("TLSv1.2"));
  EXPECT_THAT(soft_->trace("C_SignInit"), testing::ElementsAre("C_SignInit mechanism=0x1 parameter=0"));
}

TEST_F(OrganisationTokenTest, TheProcessIsBoundAndTheDaemonLoadsNoModule) {
  start_insd(keys());
  soft_->faults("C_GetSlotList forbidden");
  expect_found();
  // AF_INET and AF_INET6 are what the role is for; nothing else of it is open.
  EXPECT_THAT(soft_->trace("forbidden").front(),
              testing::AllOf(HasSubstr(" inet=0"), HasSubstr(" netlink=97"), HasSubstr(" unix=0"),
                             HasSubstr(" io_uring=1"), HasSubstr(" ptrace=1")));
  EXPECT_THAT(contents("/proc/" + std::to_string(world_.insd().pid()) + "/maps"), Not(HasSubstr("shim.so")));
  const auto status = contents("/proc/" + std::to_string(child()) + "/status");
  EXPECT_THAT(status, HasSubstr("NoNewPrivs:\t1"));
  EXPECT_THAT(status, HasSubstr("Seccomp:\t2"));
}

TEST_F(OrganisationTokenTest, T_P11_01_AHangCostsOneSearchAndTheModuleIsStartedAgain) {
  start_insd(keys());
  soft_->faults("C_Sign hang");
  EXPECT_EQ(code_of(search()), "MODULE_STUCK");
  EXPECT_EQ(child(), -1);
  client_->readers();  // the daemon answers
  soft_->faults("");
  expect_found();
}

TEST_F(OrganisationTokenTest, T_P11_04_ACrashCostsOneSearchAndTheModuleIsStartedAgain) {
  start_insd(keys());
  for (const char* way : {"segv", "abort", "exit"}) {
    soft_->faults(std::string("C_Sign ") + way);
    EXPECT_EQ(code_of(search()), "MODULE_CRASHED") << way;
    soft_->faults("");
    expect_found();
    run({"kill", "-9", std::to_string(child())});  // the kept connection goes with it
    EXPECT_EQ(code_of(search()), "MODULE_CRASHED");
  }
  soft_->faults("C_Initialize segv");
  EXPECT_EQ(code_of(search()), "MODULE_CRASHED");
  soft_->faults("");
  expect_found();
}

TEST_F(OrganisationTokenTest, AWrongPinIsSentOnceHoweverOftenIsAsked) {
  pin("99999");
  start_insd(keys());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(code_of(search()), "PIN_WRONG");
  EXPECT_THAT(soft_->trace("C_Login"), SizeIs(1));
  pin("12345");
  reload();
  expect_found();
  EXPECT_THAT(soft_->trace("C_Login"), SizeIs(2));
  EXPECT_THAT(contents(world_.insd().log()), Not(HasSubstr("99999")));
}

// The process of before the reload still works when the daemon ends: it ends first.
TEST_F(OrganisationTokenTest, AQuestionFromBeforeAReloadDoesNotOutliveTheDaemon) {
  std::string patient = keys();
  const std::string timeout = "module_timeout = \"1s\"";
  start_insd(patient.replace(patient.find(timeout), timeout.size(), "module_timeout = \"60s\""));
  soft_->faults("C_Sign hang");
  auto hanging = std::async(std::launch::async, [this] { return search(); });
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (soft_->trace("C_SignInit").empty() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ASSERT_THAT(soft_->trace("C_SignInit"), SizeIs(1));
  soft_->faults("");
  pin("12345");  // the same, in a file that has changed
  reload();
  expect_found();
  world_.insd().signal(SIGTERM);
  EXPECT_EQ(world_.insd().wait(std::chrono::seconds(30)), 0);
  EXPECT_TRUE(std::holds_alternative<Failure>(hanging.get()));
  EXPECT_EQ(child(), -1);
}

TEST_F(OrganisationTokenTest, ATokenThatIsGoneIsUsedAgainWhenItIsBack) {
  start_insd(keys());
  soft_->faults("C_SignInit rv 32");  // CKR_DEVICE_REMOVED
  EXPECT_EQ(code_of(search()), "CARD_REMOVED");
  soft_->faults("");
  expect_found();
}

TEST_F(OrganisationTokenTest, WhatTheUriNamesMustBeThere) {
  start_insd(keys("pkcs11:token=elsewhere"));
  EXPECT_EQ(code_of(search()), "TOKEN_ABSENT");
  world_.stop_insd();
  start_insd(keys("pkcs11:token=centre;object=another"));
  EXPECT_EQ(code_of(search()), "KEY_NOT_FOUND");
  world_.stop_insd();
  const auto outcome = world_.run(
      {"insd", "--check-config", world_.write_file("insd.toml", config(keys("pkcs11:object=insi")))});
  EXPECT_EQ(outcome.status, 78);
  EXPECT_THAT(outcome.err, HasSubstr("insi.organisation.pkcs11_uri: names no token"));
}

}  // namespace
}  // namespace insd::test
