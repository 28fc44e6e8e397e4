// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/login_dialogue.h"

#include <set>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/api/lease_convert.h"
#include "drivers/base/error.h"
#include "insd/v1/error.pb.h"

namespace insd::api {
namespace {

namespace asio = boost::asio;

class LoginDialogueTest : public ::testing::Test {
 protected:
  LoginDialogueTest() {
    LoginDialogue::Parts parts;
    parts.caller = [] { return "uid 1000"; };
    parts.login = [this](desk::LoginRequest request, desk::Asker& asker, std::stop_token stop) {
      return login(std::move(request), asker, std::move(stop));
    };
    parts.end = [this](const std::string& token, desk::LeaseEnd cause) {
      ended.emplace_back(token, cause);
      if (on_end) std::exchange(on_end, nullptr)(cause);
    };
    parts.on_end = [this](const std::string&, std::function<void(desk::LeaseEnd)> callback) {
      on_end = std::move(callback);
      return std::make_shared<int>();
    };
    LoginDialogue::Transport transport;
    transport.send = [this](v1::LoginResponse message) { sent.push_back(std::move(message)); };
    transport.finish = [this](grpc::Status status) {
      EXPECT_FALSE(finished) << "the status comes once";
      finished = std::move(status);
    };
    dialogue = std::make_shared<LoginDialogue>(io.get_executor(), std::move(parts), std::move(transport),
                                               Language::ENGLISH);
    dialogue->begin();
    turn();
  }

  // As the desk asks: the question or its time.
  asio::awaitable<desk::LeaseInfo> login(desk::LoginRequest request, desk::Asker& asker,
                                         std::stop_token stop) {
    using namespace asio::experimental::awaitable_operators;
    purpose = request.purpose_id;
    for (const auto kind : questions) {
      desk::Prompt prompt;
      prompt.prompt_id = "q" + std::to_string(++asked);
      prompt.kind = kind;
      prompt.holder = "Dr A\u202EB";
      prompt.tries_left = 3;
      asio::steady_timer timeout(io, prompt_time);
      auto answer = co_await (asker.ask(prompt) || timeout.async_wait(asio::use_awaitable));
      if (std::holds_alternative<std::monostate>(answer)) throw Error(Code::PIN_PROMPT_EXPIRED);
      if (std::holds_alternative<desk::Cancelled>(answer)) throw Error(Code::PIN_CANCELLED);
      if (auto* given = std::get_if<SecretString>(&answer)) pins.emplace_back(given->view());
      if (auto* agreed = std::get_if<bool>(&answer)) consents.push_back(*agreed);
    }
    if (verify_takes_long) {
      boost::system::error_code ignored;
      co_await verified.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    stopped = stop.stop_requested();
    if (verify_fails) throw Error(*verify_fails);
    desk::LeaseInfo lease;
    lease.token = "secret-token";
    lease.detached = request.detached;
    co_return lease;
  }

  void end_verify() {
    verified.cancel();
    turn();
  }
  void cancel() {
    v1::LoginRequest message;
    message.mutable_cancel();
    step(message);
  }
  void turn() {
    io.restart();
    io.poll();
  }
  void step(const v1::LoginRequest& message) {
    v1::LoginRequest copy = message;
    dialogue->step(take_step(copy));
    turn();
  }
  void start(bool detached = false) {
    v1::LoginRequest message;
    message.mutable_start()->set_purpose_id("visit");
    message.mutable_start()->set_detached(detached);
    step(message);
  }
  void pin(const std::string& prompt_id, const std::string& digits) {
    v1::LoginRequest message;
    message.mutable_pin()->set_prompt_id(prompt_id);
    message.mutable_pin()->set_pin(digits);
    step(message);
  }
  void consent(const std::string& prompt_id, bool agreed) {
    v1::LoginRequest message;
    message.mutable_consent()->set_prompt_id(prompt_id);
    message.mutable_consent()->set_agreed(agreed);
    step(message);
  }
  std::string code(v1::PinTrySpent spent = v1::PIN_TRY_SPENT_NO) const {
    if (!finished) return "open";
    if (finished->ok()) return "OK";
    v1::RpcStatus status;
    v1::ErrorDetail detail;
    status.ParseFromString(finished->error_details());
    status.details(0).UnpackTo(&detail);
    EXPECT_EQ(detail.pin_try_spent(), spent);
    return detail.code();
  }

  asio::io_context io;
  std::vector<desk::PromptKind> questions{desk::PromptKind::PIN};
  std::chrono::milliseconds prompt_time{60'000};
  int asked = 0;
  bool verify_takes_long = false;
  std::optional<Error> verify_fails;
  asio::steady_timer verified{io, asio::steady_timer::time_point::max()};
  bool stopped = false;
  std::string purpose;
  std::vector<std::string> pins;
  std::vector<bool> consents;
  std::vector<v1::LoginResponse> sent;
  std::optional<grpc::Status> finished;
  std::vector<std::pair<std::string, desk::LeaseEnd>> ended;
  std::function<void(desk::LeaseEnd)> on_end;
  std::shared_ptr<LoginDialogue> dialogue;
};

TEST_F(LoginDialogueTest, AHeldLeaseEndsWithTheStream) {
  start();
  EXPECT_EQ(purpose, "visit");
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].prompt().prompt_id(), "q1");
  EXPECT_EQ(sent[0].prompt().caller(), "uid 1000");
  EXPECT_EQ(sent[0].prompt().tries_left(), 3);
  EXPECT_EQ(sent[0].prompt().holder(), "Dr A?B");  // texts of a card are data, never markup
  pin("q1", "1234");
  EXPECT_THAT(pins, ::testing::ElementsAre("1234"));
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[1].lease().lease(), "secret-token");
  EXPECT_EQ(code(), "open");
  dialogue->caller_gone();
  turn();
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].first, "secret-token");
  EXPECT_EQ(sent.back().ended().cause(), v1::LEASE_END_CAUSE_LOGOUT);
  EXPECT_EQ(code(), "OK");
}

TEST_F(LoginDialogueTest, ALeaseThatEndsIsToldToItsStream) {
  start();
  pin("q1", "1234");
  ASSERT_TRUE(on_end);
  on_end(desk::LeaseEnd::CARD_REMOVED);
  EXPECT_EQ(sent.back().ended().cause(), v1::LEASE_END_CAUSE_CARD_REMOVED);
  EXPECT_EQ(sent.back().ended().code(), "LEASE_LOST");
  EXPECT_EQ(code(), "OK");
  dialogue->caller_gone();
  turn();
  EXPECT_TRUE(ended.empty());
}

TEST(LeaseEnds, EachHasItsOwnCauseAndTheCodeOfLaterRequests) {
  using desk::LeaseEnd;
  std::set<v1::LeaseEndCause> causes;
  for (const auto& [end, code] :
       {std::pair(LeaseEnd::CARD_REMOVED, "LEASE_LOST"), std::pair(LeaseEnd::CARD_RESET, "LEASE_LOST"),
        std::pair(LeaseEnd::SERVICE_LOST, "LEASE_LOST"), std::pair(LeaseEnd::READER_FAILED, "LEASE_LOST"),
        std::pair(LeaseEnd::READER_RELEASED, "LEASE_LOST"), std::pair(LeaseEnd::LOGOUT, "LEASE_INVALID"),
        std::pair(LeaseEnd::IDLE, "LEASE_INVALID"), std::pair(LeaseEnd::EXPIRED, "LEASE_INVALID"),
        std::pair(LeaseEnd::SIGNATURES_USED, "LEASE_INVALID"), std::pair(LeaseEnd::SHUTDOWN, "LEASE_INVALID"),
        std::pair(LeaseEnd::SUSPENDED, "LEASE_INVALID")}) {
    const v1::LeaseEnded ended = to_proto(end);
    EXPECT_EQ(ended.code(), code) << v1::LeaseEndCause_Name(ended.cause());
    EXPECT_NE(ended.cause(), v1::LEASE_END_CAUSE_UNSPECIFIED);
    EXPECT_TRUE(causes.insert(ended.cause()).second);
  }
}

TEST_F(LoginDialogueTest, ADetachedLeaseOutlivesTheStream) {
  start(true);
  pin("q1", "1234");
  EXPECT_EQ(code(), "OK");
  EXPECT_TRUE(sent.back().lease().detached());
  dialogue->caller_gone();
  turn();
  EXPECT_TRUE(ended.empty());
}

TEST_F(LoginDialogueTest, T_PIN_05_AnAnswerToAnotherQuestionIsRefused) {
  start();
  pin("q0", "1234");
  EXPECT_TRUE(pins.empty());
  EXPECT_EQ(code(), "INVALID_ARGUMENT");
}

TEST_F(LoginDialogueTest, AnAnswerOfTheOtherKindIsRefused) {
  start();
  consent("q1", true);
  EXPECT_EQ(code(), "INVALID_ARGUMENT");
  EXPECT_TRUE(consents.empty());
}

TEST_F(LoginDialogueTest, ConsentThenPin) {
  questions = {desk::PromptKind::LAST_TRY_CONSENT, desk::PromptKind::PIN};
  start();
  EXPECT_EQ(sent.back().prompt().kind(), v1::PROMPT_KIND_LAST_TRY_CONSENT);
  consent("q1", true);
  EXPECT_EQ(sent.back().prompt().kind(), v1::PROMPT_KIND_PIN);
  pin("q2", "1234");
  EXPECT_THAT(consents, ::testing::ElementsAre(true));
  EXPECT_TRUE(sent.back().has_lease());
}

TEST_F(LoginDialogueTest, APinBeforeTheQuestionIsRefused) {
  pin("q1", "1234");
  EXPECT_EQ(code(), "INVALID_ARGUMENT");
  EXPECT_EQ(asked, 0);
}

TEST_F(LoginDialogueTest, ASecondStartIsRefused) {
  start();
  start();
  EXPECT_EQ(code(), "INVALID_ARGUMENT");
}

TEST_F(LoginDialogueTest, AnEmptyStepIsRefused) {
  step({});
  EXPECT_EQ(code(), "INVALID_ARGUMENT");
}

TEST_F(LoginDialogueTest, T_PIN_04_APinThatIsTooLongGoesNowhere) {
  start();
  pin("q1", std::string(257, '1'));
  EXPECT_TRUE(pins.empty());
  EXPECT_EQ(code(), "PIN_MALFORMED");
}

TEST_F(LoginDialogueTest, ACancelSpendsNothing) {
  start();
  v1::LoginRequest message;
  message.mutable_cancel()->set_prompt_id("q1");
  step(message);
  EXPECT_EQ(code(), "PIN_CANCELLED");
}

TEST_F(LoginDialogueTest, ACancelDuringVerifyStopsWhatHasNotBegun) {
  verify_takes_long = true;
  start();
  pin("q1", "1234");
  cancel();
  end_verify();
  EXPECT_TRUE(stopped);
  EXPECT_EQ(code(), "PIN_CANCELLED");
  ASSERT_EQ(ended.size(), 1U);  // nobody is there to learn the token
}

TEST_F(LoginDialogueTest, T_PIN_05_ASpentTryIsToldAfterACancel) {
  verify_takes_long = true;
  verify_fails = Error(Code::PIN_WRONG).with_try(TrySpent::YES, 2);
  start();
  pin("q1", "1234");
  cancel();
  end_verify();
  EXPECT_EQ(code(v1::PIN_TRY_SPENT_YES), "PIN_WRONG");
}

TEST_F(LoginDialogueTest, T_PIN_05_ASpentTryIsToldAfterABrokenStep) {
  verify_takes_long = true;
  verify_fails = Error(Code::READER_STUCK).with_try(TrySpent::UNKNOWN);
  start();
  pin("q1", "1234");
  pin("q1", "1234");  // answers no open question
  end_verify();
  EXPECT_TRUE(stopped);
  EXPECT_EQ(code(v1::PIN_TRY_SPENT_UNKNOWN), "READER_STUCK");
}

TEST_F(LoginDialogueTest, ACallerThatLeavesDuringTheQuestionEndsIt) {
  start();
  dialogue->caller_gone();
  turn();
  EXPECT_EQ(code(), "PIN_CANCELLED");
}

TEST_F(LoginDialogueTest, ACallerThatLeavesBeforeTheStartEndsIt) {
  dialogue->caller_gone();
  turn();
  EXPECT_EQ(code(), "CANCELLED");
  EXPECT_EQ(asked, 0);
}

TEST_F(LoginDialogueTest, AnExpiredQuestionTakesNoAnswer) {
  prompt_time = std::chrono::milliseconds(1);
  start();
  io.restart();
  io.run_for(std::chrono::seconds(10));
  EXPECT_EQ(code(), "PIN_PROMPT_EXPIRED");
  pin("q1", "1234");
  EXPECT_TRUE(pins.empty());
}

TEST_F(LoginDialogueTest, ABrokenDialogueLosesTheHeldLease) {
  start();
  pin("q1", "1234");
  pin("q1", "1234");
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].second, desk::LeaseEnd::LOGOUT);
  EXPECT_EQ(code(), "INVALID_ARGUMENT");  // not OK, although the lease's end is told too
}

TEST(TakeStep, T_PIN_01_WipesThePinInTheMessage) {
  v1::LoginRequest message;
  message.mutable_pin()->set_prompt_id("q1");
  message.mutable_pin()->set_pin("123456");
  const char* bytes = message.pin().pin().data();  // a short text lives inside its string object
  const LoginStep step = take_step(message);
  EXPECT_EQ(std::get<PinStep>(step).pin.view(), "123456");
  EXPECT_TRUE(message.pin().pin().empty());
  EXPECT_EQ(std::string(bytes, 6), std::string(6, '\0'));
}

TEST(TakeStep, T_PIN_01_WipesARefusedPinToo) {
  v1::LoginRequest message;
  message.mutable_pin()->set_pin("123456");  // without the id of a question
  const char* bytes = message.pin().pin().data();
  EXPECT_TRUE(std::holds_alternative<RefusedStep>(take_step(message)));
  EXPECT_EQ(std::string(bytes, 6), std::string(6, '\0'));
}

TEST(TakeStep, RefusesATextThatForgesALine) {
  v1::LoginRequest message;
  message.mutable_start()->set_purpose_id("a\nINSD_UID=0");
  EXPECT_TRUE(std::holds_alternative<RefusedStep>(take_step(message)));
}

}  // namespace
}  // namespace insd::api
