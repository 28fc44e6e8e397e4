// SPDX-License-Identifier: Apache-2.0
// The login, from the question to what it leaves on the card (the PIN law, rules 1 to 6).
#include <gmock/gmock.h>

#include "tests/unit/desk/professional_fixture.h"

namespace insd::desk {
namespace {

using ::testing::ElementsAre;

TEST_F(ProfessionalDeskTest, ALoginAsksOnceAndNamesTheCard) {
  start();
  Answers answers;
  const LeaseInfo lease = result(begin_login(answers));
  ASSERT_EQ(answers.prompts.size(), 1U);
  EXPECT_EQ(answers.prompts[0].kind, PromptKind::PIN);
  EXPECT_EQ(answers.prompts[0].holder, "Médecin CAMILLE EXEMPLE");
  EXPECT_EQ(answers.prompts[0].tries_left, 3);
  EXPECT_EQ(lease.professional.national_id, "899900000001");
  EXPECT_EQ(verifies(), 1U);
  EXPECT_THAT(records(), ElementsAre("login OK"));
}

// The caller gives up while the card judges the PIN: the card has the last word, and it is told.
TEST_F(ProfessionalDeskTest, T_PIN_02_ACancelInTheMiddleOfVerifyTellsTheTryThatItSpent) {
  start();
  std::stop_source stop;
  at_verify = [&] { stop.request_stop(); };
  Answers answers;
  answers.pin = "9999";
  const auto error = error_of(begin_login(answers, stop.get_token()));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Code::PIN_WRONG);
  EXPECT_EQ(error->try_spent(), TrySpent::YES);
  EXPECT_EQ(error->tries_left(), 2);
  EXPECT_EQ(verifies(), 1U);
  EXPECT_THAT(records(), ElementsAre("login PIN_WRONG"));
}

TEST_F(ProfessionalDeskTest, T_PIN_05_ACallerThatLeftDuringVerifyGetsNoLeaseAndLeavesNoCardVerified) {
  start();
  std::stop_source stop;
  at_verify = [&] { stop.request_stop(); };
  Answers answers;
  const auto error = error_of(begin_login(answers, stop.get_token()));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Code::CANCELLED);
  EXPECT_EQ(error->try_spent(), TrySpent::NO) << "a right PIN fills the counter";
  ASSERT_TRUE(pcsc_.wait_for_calls("Disconnect", 1));
  EXPECT_EQ(pcsc_.last_disposition(), static_cast<DWORD>(SCARD_RESET_CARD));
  EXPECT_THAT(records(), ElementsAre("login OK")) << "the card did accept the PIN";
}

TEST_F(ProfessionalDeskTest, T_PIN_02_AReaderLostInTheMiddleOfVerifyMayHaveSpentATry) {
  start();
  at_verify = [&] { pcsc_.eject("R"); };
  pcsc_.fault([this](std::string_view call) -> std::optional<LONG> {
    return call == "Transmit" && verifies() > 0 ? std::optional<LONG>(SCARD_W_REMOVED_CARD) : std::nullopt;
  });
  Answers answers;
  answers.pin = "9999";
  const auto error = error_of(begin_login(answers));
  ASSERT_TRUE(error);
  EXPECT_NE(error->try_spent(), TrySpent::NO);
}

TEST_F(ProfessionalDeskTest, T_PIN_02_AQuestionThatExpiresSpendsNothing) {
  CpsConfig config;
  config.prompt_timeout = 1s;
  start(config);
  Answers answers;
  answers.never = true;
  const auto error = error_of(begin_login(answers));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Code::PIN_PROMPT_EXPIRED);
  EXPECT_EQ(error->try_spent(), TrySpent::NO);
  EXPECT_EQ(verifies(), 0U);
  EXPECT_THAT(records(), ElementsAre()) << "nothing was about to be sent";
  EXPECT_FALSE(login().token.empty()) << "the card is free for the next question";
}

TEST_F(ProfessionalDeskTest, T_PIN_02_AQuestionEndsWithItsCard) {
  start();
  Answers answers;
  answers.never = true;
  std::promise<void> asked;
  auto question = asked.get_future();
  answers.asked = std::move(asked);
  auto waiting = begin_login(answers);
  question.wait();
  pcsc_.eject("R");
  const auto error = error_of(std::move(waiting));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Code::CARD_REMOVED);
  EXPECT_EQ(error->try_spent(), TrySpent::NO);
  EXPECT_EQ(verifies(), 0U);
  EXPECT_THAT(records(), ElementsAre());
}

TEST_F(ProfessionalDeskTest, T_PIN_06_AQuestionCannotBeReplacedByAnother) {
  start();
  Answers first;
  first.never = true;
  std::promise<void> asked;
  auto question = asked.get_future();
  first.asked = std::move(asked);
  auto waiting = begin_login(first);
  question.wait();
  Answers second;
  const auto error = error_of(begin_login(second));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Code::PIN_PROMPT_BUSY);
  EXPECT_TRUE(second.prompts.empty());
  on_executor([&] { first.silence->cancel(); });
  EXPECT_FALSE(result(std::move(waiting)).token.empty()) << "the first question is as it was";
  EXPECT_EQ(first.prompts.size(), 1U);
}

TEST_F(ProfessionalDeskTest, T_PIN_03_ARefusedConsentSendsNothing) {
  start();
  card_.tries = 1;
  Answers answers;
  answers.consent = false;
  const auto error = error_of(begin_login(answers));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Code::PIN_CONSENT_REQUIRED);
  ASSERT_EQ(answers.prompts.size(), 1U) << "no PIN is asked for";
  EXPECT_EQ(verifies(), 0U);
}

TEST_F(ProfessionalDeskTest, T_PIN_05_AfterASuspendNoSignatureIsMadeAndTheCardIsReset) {
  start();
  const std::string lease = login().token;
  auto signer = result(asio::co_spawn(
      io_,
      [](ProfessionalDesk& desk, std::string token) -> asio::awaitable<std::shared_ptr<Signer>> {
        co_return std::shared_ptr<Signer>(desk.grant(token, kUid).signer);
      }(*professionals_, lease),
      asio::use_future));
  sleeping_.slept = 1;
  auto signing = asio::co_spawn(io_, signer->sign(from_hex("616263"), {}), asio::use_future);
  try {
    result(std::move(signing));
    ADD_FAILURE() << "signed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::LEASE_INVALID);
  }
  {
    const std::lock_guard lock(card_mutex_);
    EXPECT_EQ(card_.sent("002A"), 0U);
  }
  ASSERT_TRUE(pcsc_.wait_for_calls("Disconnect", 1));
  EXPECT_EQ(pcsc_.last_disposition(), static_cast<DWORD>(SCARD_RESET_CARD));
  on_executor([&] { signer.reset(); });
}

TEST_F(ProfessionalDeskTest, TheLastLeaseDropsTheVerifiedStateOrLeavesItAsConfigured) {
  for (const auto& [choice, disposition] :
       {std::pair(OnLeaseEnd::RESET, SCARD_RESET_CARD), std::pair(OnLeaseEnd::LEAVE, SCARD_LEAVE_CARD)}) {
    CpsConfig config;
    config.on_lease_end = choice;
    if (professionals_) on_executor([this] { professionals_.reset(); });
    start(config);
    const int before = pcsc_.calls("Disconnect");
    const auto one = login().token, other = login().token;
    EXPECT_FALSE(logout(one)) << "another lease needs the card as it is";
    EXPECT_EQ(pcsc_.calls("Disconnect"), before);
    EXPECT_EQ(logout(other), choice == OnLeaseEnd::RESET) << "and says whether it asks for its PIN again";
    EXPECT_EQ(pcsc_.calls("Disconnect"), before + 1);
    EXPECT_EQ(pcsc_.last_disposition(), static_cast<DWORD>(disposition));
    pcsc_.eject("R");
    wait_for([](const State& s) { return s.readers[0].generation.empty(); });
  }
}

TEST_F(ProfessionalDeskTest, ALeaseSaysWhatItIsToItsOwnerOnly) {
  start();
  LoginRequest request;
  request.detached = true;
  Answers answers;
  const auto lease = result(begin_login(answers, {}, request));
  on_executor([&] {
    const LeaseInfo told = professionals_->lease(lease.token, kUid);
    EXPECT_EQ(told.token, lease.token);
    EXPECT_TRUE(told.detached);
    EXPECT_EQ(told.professional.holder(), "Médecin CAMILLE EXEMPLE");
    EXPECT_LE(told.expires - lease.expires, 1h);
    for (const auto& [token, uid, code] : {std::tuple(lease.token, kUid + 1, Code::LEASE_INVALID),
                                           std::tuple(std::string("00"), kUid, Code::LEASE_INVALID),
                                           std::tuple(std::string(), kUid, Code::LEASE_REQUIRED)}) {
      try {
        static_cast<void>(professionals_->lease(token, uid));
        ADD_FAILURE() << token;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), code);
      }
    }
  });
}

TEST_F(ProfessionalDeskTest, TheEndOfALeaseIsToldWithItsCause) {
  start();
  const auto lease = login();
  std::promise<LeaseEnd> ended;
  std::shared_ptr<void> watch;
  on_executor(
      [&] { watch = professionals_->on_end(lease.token, [&](LeaseEnd cause) { ended.set_value(cause); }); });
  pcsc_.service(test::ScriptedPcsc::Service::ABSENT);
  auto cause = ended.get_future();
  ASSERT_EQ(cause.wait_for(20s), std::future_status::ready);
  EXPECT_EQ(cause.get(), LeaseEnd::SERVICE_LOST);
}

}  // namespace
}  // namespace insd::desk
