// SPDX-License-Identifier: Apache-2.0
// A login whose PIN is typed on the reader's pad: the computer never sees it, and the law of the PIN holds.
#include <gmock/gmock.h>
#include <reader.h>

#include "drivers/pcsc/pin_pad.h"
#include "tests/unit/desk/professional_fixture.h"

namespace insd::desk {
namespace {

using ::testing::ElementsAre;

constexpr DWORD kVerifyDirect = 0x42330006;

class PadLoginTest : public ProfessionalDeskTest {
 protected:
  void start_with_pad(PinPadUse use = PinPadUse::AUTO) {
    pcsc_.driver("R", [this](DWORD code, ByteView in) -> std::optional<Bytes> {
      if (code == CM_IOCTL_GET_FEATURE_REQUEST) return from_hex("06 04 42330006");
      if (code != kVerifyDirect) return std::nullopt;
      return play_pad(in);
    });
    CpsConfig config;
    config.pin_pad = use;
    start(config);
    wait_for([](const State& s) { return s.readers[0].features && s.readers[0].features->pin_pad(); });
  }

  // A caller that says nothing, or cancels when `cancel_` says so.
  Answers silent() {
    Answers answers;
    answers.never = true;
    return answers;
  }

  std::string typed_ = "1234";
  std::optional<Bytes> pad_says_;  ///< instead of the card
  std::function<void()> at_pad_;   ///< while it asks, on the worker's thread
  std::vector<Bytes> blocks_;      ///< what the pad was sent

 private:
  Bytes play_pad(ByteView block) {
    blocks_.emplace_back(block.begin(), block.end());
    if (at_pad_) at_pad_();
    if (pad_says_) return *pad_says_;
    Bytes command(block.begin() + 19, block.begin() + 23);
    command.push_back(static_cast<std::uint8_t>(typed_.size()));
    command.insert(command.end(), typed_.begin(), typed_.end());
    const std::lock_guard lock(card_mutex_);
    return card_.exchange(command);
  }
};

TEST_F(PadLoginTest, ThePinNeverPassesHere) {
  start_with_pad();
  Answers answers = silent();
  const LeaseInfo lease = result(begin_login(answers));
  EXPECT_FALSE(lease.token.empty());
  ASSERT_EQ(answers.prompts.size(), 1U);
  EXPECT_EQ(answers.prompts[0].kind, PromptKind::PIN_PAD);
  EXPECT_EQ(answers.prompts[0].holder, "Médecin CAMILLE EXEMPLE");
  ASSERT_EQ(blocks_.size(), 1U);
  EXPECT_EQ(blocks_[0], pcsc::verify_block({{0x00, 0x20, 0x00, 0x01}, 4, 4}));
  EXPECT_TRUE(lease.professional.capabilities.pin_pad_used);
  EXPECT_THAT(records(), ElementsAre("login OK"));
}

TEST_F(PadLoginTest, APadIsAskedOnlyWhereTheSiteSaysSo) {
  start_with_pad(PinPadUse::NEVER);
  Answers answers;
  const LeaseInfo lease = result(begin_login(answers));
  EXPECT_EQ(answers.prompts[0].kind, PromptKind::PIN);
  EXPECT_TRUE(lease.professional.capabilities.pin_pad) << "it is there";
  EXPECT_FALSE(lease.professional.capabilities.pin_pad_used);
  EXPECT_TRUE(blocks_.empty());
}

TEST_F(PadLoginTest, T_PIN_02_WhatIsTypedWrongSpendsOneTryAndWhatThePadSaysItselfNone) {
  start_with_pad();
  typed_ = "9999";
  Answers answers = silent();
  const auto wrong = error_of(begin_login(answers));
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->code(), Code::PIN_WRONG);
  EXPECT_EQ(wrong->try_spent(), TrySpent::YES);
  EXPECT_EQ(wrong->tries_left(), 2);
  for (const auto& [word, code] :
       {std::pair("6400", Code::PIN_PROMPT_EXPIRED), std::pair("6401", Code::PIN_CANCELLED),
        std::pair("6403", Code::PIN_MALFORMED)}) {
    pad_says_ = from_hex(word);
    Answers again = silent();
    const auto error = error_of(begin_login(again));
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), code);
    EXPECT_EQ(error->try_spent(), TrySpent::NO);
  }
  EXPECT_EQ(blocks_.size(), 4U) << "nobody is asked twice";
  EXPECT_THAT(records(), ElementsAre("login PIN_WRONG", "login PIN_PROMPT_EXPIRED", "login PIN_CANCELLED",
                                     "login PIN_MALFORMED"));
}

TEST_F(PadLoginTest, T_PIN_03_TheLastTryNeedsConsentBeforeThePadIsAsked) {
  start_with_pad();
  card_.tries = 1;
  Answers refusing;
  refusing.consent = false;
  const auto error = error_of(begin_login(refusing));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Code::PIN_CONSENT_REQUIRED);
  EXPECT_TRUE(blocks_.empty());
}

// Nothing takes a question back from a pad: the caller is answered at once, and what is typed is worth
// nothing.
TEST_F(PadLoginTest, ACancelWhileThePadAsksEndsTheLoginAtOnceAndLeavesNoCardVerified) {
  start_with_pad();
  std::promise<void> shown, go_on;
  auto open = shown.get_future();
  auto release = go_on.get_future();
  at_pad_ = [&] {
    shown.set_value();
    release.wait();
  };
  Answers answers = silent();
  answers.cancel = true;
  auto cancelled = begin_login(answers);
  open.wait();
  on_executor([&] { answers.silence->cancel(); });
  const auto error = error_of(std::move(cancelled));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Code::PIN_CANCELLED);
  EXPECT_EQ(error->try_spent(), TrySpent::UNKNOWN) << "the pad still asks";
  EXPECT_THAT(records(), ElementsAre("login PIN_CANCELLED"));
  go_on.set_value();
  ASSERT_TRUE(pcsc_.wait_for_calls("Disconnect", 1));
  EXPECT_EQ(pcsc_.last_disposition(), static_cast<DWORD>(SCARD_RESET_CARD))
      << "the right PIN was typed after all";
}

TEST_F(PadLoginTest, AReaderLostWhileItsPadAsksMayHaveSpentATry) {
  start_with_pad();
  at_pad_ = [&] { pcsc_.eject("R"); };
  pcsc_.fault([this](std::string_view call) -> std::optional<LONG> {
    return call == "Transmit" && !blocks_.empty() ? std::optional<LONG>(SCARD_W_REMOVED_CARD) : std::nullopt;
  });
  pad_says_ = Bytes();
  Answers answers = silent();
  const auto error = error_of(begin_login(answers));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->try_spent(), TrySpent::UNKNOWN);
}

}  // namespace
}  // namespace insd::desk
