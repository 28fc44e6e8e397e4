// SPDX-License-Identifier: Apache-2.0
// The law of the PIN, where the PIN is typed on the reader's pad.
#include <gtest/gtest.h>

#include "drivers/cps/cps.h"
#include "tests/unit/drivers/card_double.h"
#include "tests/unit/drivers/expect_error.h"

namespace insd::test {
namespace {

using cps::LastTry;

// Types `pin` when it is asked.
class Pad {
 public:
  explicit Pad(FakeCps& card) : card_(card) {}

  std::uint16_t operator()(const cps::PadQuestion& question) {
    asked.push_back(question);
    if (instead) return *instead;
    Bytes command(question.header.begin(), question.header.end());
    command.push_back(static_cast<std::uint8_t>(pin.size()));
    command.insert(command.end(), pin.begin(), pin.end());
    const Bytes answer = card_.exchange(command);
    return static_cast<std::uint16_t>(answer[0] << 8 | answer[1]);
  }

  std::string pin = "1234";
  std::optional<std::uint16_t> instead;  ///< the pad's own words
  std::vector<cps::PadQuestion> asked;

 private:
  FakeCps& card_;
};

std::optional<Error> verify(FakeCps& card, Pad& pad, LastTry last_try = LastTry::REFUSE) {
  const cps::Layout layout = [] {
    FakeCps plain;
    return cps::read_layout(plain);
  }();
  return error_of([&] { cps::verify_pin_on_pad(card, layout, std::ref(pad), last_try); });
}

void expect_error(const std::optional<Error>& error, Code code, TrySpent spent, std::optional<int> left) {
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), code) << error->what();
  EXPECT_EQ(error->try_spent(), spent) << error->what();
  EXPECT_EQ(error->tries_left(), left);
}

TEST(CpsPinPad, IsToldWhatTheCardAnnouncesAfterSerialAndCounter) {
  FakeCps card;
  Pad pad(card);
  EXPECT_FALSE(verify(card, pad));
  ASSERT_EQ(pad.asked.size(), 1U);
  EXPECT_EQ(pad.asked[0].header, (std::array<std::uint8_t, 4>{0x00, 0x20, 0x00, 0x01}));
  EXPECT_EQ(pad.asked[0].min_length, 4U);
  EXPECT_EQ(pad.asked[0].max_length, 4U);
  ASSERT_GE(card.log.size(), 3U);
  EXPECT_EQ(card.log.back().substr(0, 8), "00200001");
  EXPECT_EQ(card.sent("00B09C"), 1U) << "the serial is read in the same transaction";
}

TEST(CpsPinPad, T_PIN_02_AWrongPinSpendsExactlyOneTryAndSaysSo) {
  FakeCps card;
  Pad pad(card);
  pad.pin = "9999";
  expect_error(verify(card, pad), Code::PIN_WRONG, TrySpent::YES, 2);
  EXPECT_EQ(pad.asked.size(), 1U);
  EXPECT_EQ(card.tries, 2);
}

TEST(CpsPinPad, T_PIN_02_WhatThePadItselfSaysSpendsNone) {
  for (const auto& [word, code] :
       {std::pair(0x6400, Code::PIN_PROMPT_EXPIRED), std::pair(0x6401, Code::PIN_CANCELLED),
        std::pair(0x6402, Code::PIN_MALFORMED), std::pair(0x6403, Code::PIN_MALFORMED),
        std::pair(0x6B80, Code::READER_FAILED)}) {
    FakeCps card;
    Pad pad(card);
    pad.instead = static_cast<std::uint16_t>(word);
    expect_error(verify(card, pad), code, TrySpent::NO, std::nullopt);
    EXPECT_EQ(pad.asked.size(), 1U) << "nobody is asked twice";
  }
}

TEST(CpsPinPad, OtherAnswersAreJudgedAsThoseToVerify) {
  struct Case {
    std::uint16_t word;
    Code code;
    TrySpent spent;
    std::optional<int> left;
  };
  for (const Case& c :
       {Case{0x63C1, Code::PIN_WRONG, TrySpent::YES, 1}, Case{0x63C0, Code::PIN_BLOCKED, TrySpent::YES, 0},
        Case{0x6983, Code::PIN_BLOCKED, TrySpent::UNKNOWN, 0},
        Case{0x6700, Code::CARD_PROTOCOL, TrySpent::UNKNOWN, std::nullopt},
        Case{0x6C04, Code::CARD_PROTOCOL, TrySpent::UNKNOWN, std::nullopt}}) {
    FakeCps card;
    Pad pad(card);
    pad.instead = c.word;
    expect_error(verify(card, pad), c.code, c.spent, c.left);
    EXPECT_EQ(pad.asked.size(), 1U);
  }
}

TEST(CpsPinPad, AReaderThatIsLostMayHaveSpentATry) {
  FakeCps card;
  const cps::Layout layout = cps::read_layout(card);
  const auto error = error_of([&] {
    cps::verify_pin_on_pad(card, layout, [](const cps::PadQuestion&) -> std::uint16_t {
      throw Error(Code::READER_FAILED, "unplugged");
    });
  });
  expect_error(error, Code::READER_FAILED, TrySpent::UNKNOWN, std::nullopt);
}

TEST(CpsPinPad, T_PIN_03_TheLastTryNeedsConsentAndABlockedCardIsAskedNothing) {
  FakeCps card;
  Pad pad(card);
  card.tries = 1;
  expect_error(verify(card, pad), Code::PIN_CONSENT_REQUIRED, TrySpent::NO, 1);
  EXPECT_TRUE(pad.asked.empty()) << "the pad does not even light up";
  card.tries = 0;
  expect_error(verify(card, pad, LastTry::ALLOW), Code::PIN_BLOCKED, TrySpent::NO, 0);
  EXPECT_TRUE(pad.asked.empty());
  card.tries = 1;
  EXPECT_FALSE(verify(card, pad, LastTry::ALLOW));
}

TEST(CpsPinPad, AnotherCardOrAnotherEncodingIsAskedNothing) {
  FakeCps card;
  Pad pad(card);
  card.files["3F00D003"] = from_hex("5A0A8025000001876543219F");
  expect_error(verify(card, pad), Code::CARD_CHANGED, TrySpent::NO, std::nullopt);
  FakeCps plain;
  for (const auto& spoil : std::vector<std::function<void(cps::PinPolicy&)>>{
           [](auto& policy) { policy.min_length = 0; }, [](auto& policy) { policy.max_length = 3; },
           [](auto& policy) { policy.max_length = 200; },
           [](auto& policy) { policy.plain_digits = false; }}) {
    cps::Layout layout = cps::read_layout(plain);
    spoil(layout.pin);
    plain.log.clear();
    EXPECT_TRUE(error_of([&] { cps::verify_pin_on_pad(plain, layout, std::ref(pad)); }));
    EXPECT_TRUE(plain.log.empty());
  }
  EXPECT_TRUE(pad.asked.empty());
}

TEST(CpsPinPad, ACallerThatHasGoneIsAskedNothing) {
  FakeCps card;
  Pad pad(card);
  card.lie = [&](ByteView command) -> std::optional<Bytes> {
    if (command[1] == 0xC0) card.stop_source.request_stop();
    return std::nullopt;
  };
  expect_error(verify(card, pad), Code::CANCELLED, TrySpent::NO, std::nullopt);
  EXPECT_TRUE(pad.asked.empty());
}

}  // namespace
}  // namespace insd::test
