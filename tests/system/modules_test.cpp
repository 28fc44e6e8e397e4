// SPDX-License-Identifier: Apache-2.0
// A daemon whose module hangs, crashes, is not to be trusted or has too much to offer.
#include <chrono>
#include <filesystem>
#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/system/backends_desk.h"
#include "tests/world/spawn.h"

namespace insd::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class ModulesTest : public ::testing::Test {
 protected:
  // One second for each call into the module.
  void start() {
    desk_.world().start_insi();
    desk_.make_soft_token();
    desk_.start_insd(desk_.copy_of(sim::SoftToken::shim(), "shim.so"), "module_timeout = \"1s\"\n");
  }
  std::string log_in() {
    login_ = desk_.client().login();
    const auto lease = login_->finish("1234");
    if (!lease) throw std::runtime_error(login_->failure().detail.ShortDebugString());
    return lease->lease();
  }
  std::string log_in_again() {
    desk_.soft().faults("");
    return log_in();
  }
  static v1::AuthenticateRequest proof(const std::string& lease) {
    v1::AuthenticateRequest request;
    request.set_lease(lease);
    request.set_challenge(std::string(32, 'c'));
    request.set_audience("https://records.example.org");
    return request;
  }
  // The module works again without anybody's help.
  void expect_recovered() {
    desk_.soft().faults("");
    EXPECT_EQ(expect_value(desk_.search(log_in())).outcome(), v1::SEARCH_OUTCOME_FOUND);
  }
  std::string refusal_of(const fs::path& module) {
    desk_.start_insd(module);
    return code_of(desk_.client().professional());
  }

  Backends desk_{Way::SOFTHSM};
  std::unique_ptr<Login> login_;
};

TEST_F(ModulesTest, T_P11_01_AHangInASignatureCostsOneErrorAndOthersDoNotNotice) {
  start();
  const auto lease = log_in();
  desk_.soft().faults("C_Sign hang");
  auto hanging = std::async(std::launch::async, [&] { return desk_.search(lease); });
  // Meanwhile the daemon answers everybody else.
  int answered = 0;
  while (hanging.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready) {
    desk_.client().readers();
    ++answered;
  }
  EXPECT_GT(answered, 1);
  const auto outcome = hanging.get();
  ASSERT_EQ(code_of(outcome), "MODULE_STUCK");
  EXPECT_EQ(std::get<Failure>(outcome).detail.retry(), v1::RETRY_RULE_NOW);
  const auto step = login_->next();
  ASSERT_TRUE(step && step->has_ended()) << "the login has ended with the process";
  EXPECT_EQ(code_of(desk_.search(lease)), "LEASE_LOST");
  expect_recovered();
}

TEST_F(ModulesTest, T_P11_01_AHangInTheLoginLeavesTheTryUnknown) {
  start();
  desk_.soft().faults("C_Login hang");
  auto login = desk_.client().login();
  EXPECT_FALSE(login->finish("1234"));
  EXPECT_EQ(login->failure().detail.code(), "MODULE_STUCK");
  EXPECT_EQ(login->failure().detail.pin_try_spent(), v1::PIN_TRY_SPENT_UNKNOWN);
  expect_recovered();
}

TEST_F(ModulesTest, T_P11_01_AHangWhileTheModuleStarts) {
  start();
  for (const char* function : {"C_Initialize hang", "C_GetSlotList hang"}) {
    desk_.soft().faults(function);
    // The second finds a process that answers no more, and ends it.
    EXPECT_EQ(code_of(desk_.client().professional()), "MODULE_STUCK") << function;
  }
  expect_recovered();
}

TEST_F(ModulesTest, T_P11_01_AHangAtTheEndDoesNotHoldTheDaemon) {
  start();
  log_in();
  desk_.soft().faults("C_Finalize hang\nC_Logout hang");
  desk_.world().insd().signal(SIGTERM);
  EXPECT_EQ(desk_.world().insd().wait(std::chrono::seconds(30)), 0);
}

class ModuleCrashTest : public ModulesTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(ModuleCrashTest, T_P11_04_CostsOneErrorAndTheModuleIsStartedAgain) {
  start();
  const auto lease = log_in();
  desk_.soft().faults(std::string("C_Sign ") + GetParam());
  EXPECT_EQ(code_of(desk_.search(lease)), "MODULE_CRASHED");
  EXPECT_EQ(code_of(desk_.search(lease)), "LEASE_LOST") << "nobody sends a PIN again by itself";
  expect_recovered();
  desk_.soft().faults(std::string("C_GetTokenInfo ") + GetParam());
  EXPECT_EQ(code_of(desk_.client().professional()), "MODULE_CRASHED");
  expect_recovered();
  EXPECT_TRUE(desk_.world().insd().running());
}

INSTANTIATE_TEST_SUITE_P(Ways, ModuleCrashTest, ::testing::Values("segv", "abort", "exit"),
                         [](const auto& way) { return std::string(way.param); });

TEST_F(ModulesTest, ASignatureOfAnotherKeyDoesNotLeaveTheDaemon) {
  start();
  const auto lease = log_in();
  desk_.soft().faults("C_Sign garbage");
  EXPECT_EQ(code_of(desk_.search(lease)), "SIGNATURE_INVALID");
}

TEST_F(ModulesTest, AnotherTokenInItsPlaceGetsNoPin) {
  start();
  auto login = desk_.client().login();
  const auto question = login->next();
  ASSERT_TRUE(question && question->has_prompt());
  desk_.soft().faults("C_GetTokenInfo serial");
  login->pin(question->prompt().prompt_id(), "1234");
  EXPECT_FALSE(login->next());
  EXPECT_EQ(login->failure().detail.code(), "CARD_CHANGED");
  EXPECT_EQ(login->failure().detail.pin_try_spent(), v1::PIN_TRY_SPENT_NO);
  EXPECT_EQ(desk_.pins_sent(), 0U);
}

TEST_F(ModulesTest, ATokenTakenAwayEndsTheLeaseAndItsReturnNeedsThePinAgain) {
  start();
  const auto lease = log_in();
  desk_.soft().faults("C_SignInit rv 32");  // CKR_DEVICE_REMOVED
  EXPECT_EQ(code_of(desk_.search(lease)), "CARD_REMOVED");
  EXPECT_EQ(code_of(desk_.search(lease)), "LEASE_LOST");
  expect_recovered();
}

// --- a signature that is asked for and does not come ---

TEST_F(ModulesTest, T_P11_04_TheJournalSaysThatASignatureMayExist) {
  start();
  const auto lease = log_in();
  desk_.soft().faults("C_Sign segv");
  EXPECT_EQ(code_of(desk_.search(lease)), "MODULE_CRASHED");
  const auto again = log_in_again();
  desk_.soft().faults("C_Sign hang");
  EXPECT_EQ(code_of(desk_.client().authenticate(proof(again))), "MODULE_STUCK");
  desk_.soft().faults("");
  // What the journal has of the two is written when a third is.
  EXPECT_EQ(code_of(desk_.client().authenticate(proof(log_in_again()))), "OK");
  const auto journal = desk_.world().run({"insctl", "journal", "export"});
  EXPECT_THAT(journal.out, HasSubstr("MODULE_CRASHED SIGNATURE_UNKNOWN")) << journal.err;
  EXPECT_THAT(journal.out, HasSubstr("MODULE_STUCK SIGNATURE_UNKNOWN"));
}

// --- a PIN pad ---

class ModulePadTest : public ModulesTest {
 protected:
  // Somebody types what `line` says on the reader: "pad 1234".
  void start_with_pad(const std::string& line) {
    desk_.world().start_insi();
    desk_.make_soft_token();
    type(line);
    desk_.start_insd(desk_.copy_of(sim::SoftToken::shim(), "shim.so"),
                     "module_timeout = \"1s\"\nprompt_timeout = \"3s\"\npin_pad = \"auto\"\n");
  }
  void type(const std::string& line) {
    desk_.soft().faults("C_GetTokenInfo flags 100\nC_Login " + line);  // CKF_PROTECTED_AUTHENTICATION_PATH
  }
  // What others ask meanwhile is answered; within their 600 requests a minute.
  void call_others() {
    desk_.client().readers();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  // Begins a login whose question is shown and put on the pad.
  v1::LoginPrompt begin() {
    login_ = desk_.client().login();
    const auto question = login_->next();
    if (!question || !question->has_prompt()) throw std::runtime_error("no question");
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (desk_.soft().trace("C_Login").empty() && std::chrono::steady_clock::now() < until) {
      std::this_thread::yield();
    }
    EXPECT_THAT(desk_.soft().trace("C_Login"), ::testing::ElementsAre("C_Login length=0 null"));
    return question->prompt();
  }
};

TEST_F(ModulePadTest, T_PIN_01_ThePinIsTypedOnTheReaderAndNeverPassesHere) {
  start_with_pad("pad 0");
  const auto who = desk_.professional();
  EXPECT_TRUE(who.capabilities().pin_pad());
  const auto prompt = begin();
  EXPECT_EQ(prompt.kind(), v1::PROMPT_KIND_PIN_PAD);
  EXPECT_EQ(prompt.holder(), "Médecin CLAUDE EXEMPLE");
  // A person takes longer than a call into the module may (1 s).
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(1500);
  while (std::chrono::steady_clock::now() < until) {
    call_others();
  }
  type("pad 1234");
  const auto answer = login_->next();
  ASSERT_TRUE(answer && answer->has_lease()) << login_->failure().detail.ShortDebugString();
  EXPECT_EQ(expect_value(desk_.search(answer->lease().lease())).outcome(), v1::SEARCH_OUTCOME_FOUND);
  EXPECT_EQ(desk_.pins_sent(), 1U);
}

TEST_F(ModulePadTest, T_PIN_02_WhatIsTypedWrongSpendsOneTry) {
  start_with_pad("pad 9999");
  begin();
  EXPECT_FALSE(login_->next());
  EXPECT_EQ(login_->failure().detail.code(), "PIN_WRONG");
  EXPECT_EQ(login_->failure().detail.pin_try_spent(), v1::PIN_TRY_SPENT_YES);
  EXPECT_EQ(desk_.pins_sent(), 1U);
}

TEST_F(ModulePadTest, ACancelIsAnsweredAtOnceAndWhatIsTypedAfterItIsForNobody) {
  start_with_pad("pad 0");
  const auto prompt = begin();
  login_->cancel(prompt.prompt_id());
  EXPECT_FALSE(login_->next());
  EXPECT_EQ(login_->failure().detail.code(), "PIN_CANCELLED");
  EXPECT_EQ(login_->failure().detail.pin_try_spent(), v1::PIN_TRY_SPENT_UNKNOWN) << "the pad still asks";
  const auto logouts = desk_.soft().trace("C_Logout").size();
  type("pad 1234");
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (desk_.soft().trace("C_Logout").size() == logouts && std::chrono::steady_clock::now() < until) {
    call_others();
  }
  EXPECT_GT(desk_.soft().trace("C_Logout").size(), logouts) << "the right PIN was typed after all";
}

TEST_F(ModulePadTest, T_P11_01_APadThatIsNeverDoneEndsWithItsProcess) {
  start_with_pad("pad 0");
  begin();
  EXPECT_FALSE(login_->next());
  EXPECT_EQ(login_->failure().detail.code(), "MODULE_STUCK");
  EXPECT_EQ(login_->failure().detail.pin_try_spent(), v1::PIN_TRY_SPENT_UNKNOWN);
  expect_recovered();
}

TEST_F(ModulesTest, TwoTokensAreNeverGuessedBetween) {
  sim::SoftToken two;
  std::string environment = "module_environment = [";
  for (const auto& variable : two.environment()) environment += "\"" + variable + "\", ";
  desk_.start_insd(desk_.copy_of(sim::SoftToken::softhsm(), "softhsm.so"), environment + "]\n");
  const auto outcome = desk_.client().professional();
  ASSERT_EQ(code_of(outcome), "CARD_AMBIGUOUS");
  const auto text = std::get<Failure>(outcome).detail.technical_detail();
  EXPECT_THAT(text, HasSubstr(", "));
  // One of the two that the error lists, named.
  const auto first = text.substr(0, text.find(", "));
  const auto name = first.substr(first.find("SoftHSM"));
  EXPECT_EQ(expect_value(desk_.client().professional(name)).reader(), name);
}

TEST_F(ModulesTest, TheModuleMustBeThere) {
  EXPECT_EQ(refusal_of("/nowhere/module.so"), "CPS_MODULE_MISSING");
}

TEST_F(ModulesTest, AModuleThatOthersCanWriteIsNotLoaded) {
  desk_.make_soft_token();
  const auto module = desk_.copy_of(sim::SoftToken::shim(), "shim.so");
  fs::permissions(module, fs::perms::group_write, fs::perm_options::add);
  EXPECT_EQ(refusal_of(module), "MODULE_REFUSED");
  EXPECT_TRUE(desk_.soft().trace().empty());
}

TEST_F(ModulesTest, AModuleOfAnotherUserIsNotLoaded) {
  if (!world::may_become_others()) GTEST_SKIP() << "only root can give a file away";
  desk_.make_soft_token();
  const auto module = desk_.copy_of(sim::SoftToken::shim(), "shim.so");
  ASSERT_EQ(chown(module.c_str(), 65534, 65534), 0);
  EXPECT_EQ(refusal_of(module), "MODULE_REFUSED");
  EXPECT_TRUE(desk_.soft().trace().empty());
}

TEST_F(ModulesTest, T_P11_03_P11KitsProxyIsRefused) {
  EXPECT_EQ(refusal_of(desk_.copy_of(INSD_P11_KIT, "innocent.so")), "MODULE_REFUSED");
}

TEST_F(ModulesTest, AutoWithoutAModuleUsesTheDirectDriverForTestCards) {
  desk_.world().start_pcscd();
  desk_.world().insert_card(0, "cps3", "cps-dr-exemple");
  std::string config = desk_.world().insd_config();
  config.replace(config.find("\"direct\""), 8, "\"auto\"");
  desk_.world().start_insd(config);
  DeskClient client(desk_.world().socket());
  EXPECT_EQ(expect_value(client.professional()).backend(), v1::CPS_BACKEND_DIRECT);
}

}  // namespace
}  // namespace insd::test
