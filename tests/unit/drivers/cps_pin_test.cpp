// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "drivers/cps/cps.h"
#include "tests/unit/drivers/card_double.h"
#include "tests/unit/drivers/expect_error.h"
#include "tests/unit/drivers/scripted_channel.h"

namespace insd::test {
namespace {

using cps::LastTry;

cps::Layout layout() {
  FakeCps card;
  return cps::read_layout(card);
}

std::optional<Error> verify(iso7816::Channel& card, std::string_view pin,
                            LastTry last_try = LastTry::REFUSE) {
  return error_of([&] { cps::verify_pin(card, layout(), SecretString(pin), last_try); });
}

void expect_error(const std::optional<Error>& error, Code code, TrySpent spent, std::optional<int> left) {
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), code) << error->what();
  EXPECT_EQ(error->try_spent(), spent);
  EXPECT_EQ(error->tries_left(), left);
}

TEST(CpsPinTest, VerifyReadsSerialAndCounterFirst) {
  ScriptedChannel card{
      {"00A4090C023F00", "9000"},                       // SELECT MF
      {"00B09C000C", "5A0A8025000001012345678F 9000"},  // EF.SN.ICC: the card of the question
      {"00CB3FFF0A4D087006BF810102A080", "6119"},       // GET DATA of the PIN's public parameters
      {"00C0000019", "7016BF810112A0109A01039B0103A1088C06F3000013FF00 9000"},  // 3 tries, 3 left
      {"002000010431323334", "9000"},                                           // VERIFY, once
  };
  cps::verify_pin(card, layout(), SecretString("1234"));
}

TEST(CpsPinTest, CounterByEmptyVerifyWhenTheCardGivesNoParameters) {
  ScriptedChannel card{
      {"00A4090C023F00", "9000"},
      {"00B09C000C", "5A0A8025000001012345678F 9000"},
      {"00CB3FFF0A4D087006BF810102A080", "6A88"},  // no parameters
      {"0020000100", "63C2"},                      // VERIFY without data: 2 left, none spent
      {"002000010431323334", "9000"},
  };
  cps::verify_pin(card, layout(), SecretString("1234"));
}

TEST(CpsPinTest, PinElsewhereThanInTheMasterFile) {
  cps::Layout elsewhere = layout();
  elsewhere.pin.path = from_hex("3F000001");
  elsewhere.pin.reference = 0x83;  // local
  ScriptedChannel card{
      {"00A4090C023F00", "9000"},
      {"00B09C000C", "5A0A8025000001012345678F 9000"},
      {"00A4090C043F000001", "9000"},              // the directory that the AODF names
      {"00CB3FFF0A4D087006BF810302A080", "6A88"},  // the object's number is without the local bit
      {"0020008300", "63C3"},
      {"002000830431323334", "9000"},
  };
  cps::verify_pin(card, elsewhere, SecretString("1234"));
}

TEST(CpsPinTest, WrongPinSpendsExactlyOneTryAndSaysSo) {
  FakeCps card;
  expect_error(verify(card, "9999"), Code::PIN_WRONG, TrySpent::YES, 2);
  EXPECT_EQ(card.sent("0020000104"), 1U);
  EXPECT_EQ(card.tries, 2);
  EXPECT_FALSE(verify(card, "1234"));
  EXPECT_EQ(card.tries, 3);
}

TEST(CpsPinTest, LastTryNeedsConsent) {
  FakeCps card;
  card.tries = 1;
  expect_error(verify(card, "1234"), Code::PIN_CONSENT_REQUIRED, TrySpent::NO, 1);
  EXPECT_EQ(card.sent("0020000104"), 0U);
  EXPECT_FALSE(verify(card, "1234", LastTry::ALLOW));
}

TEST(CpsPinTest, WrongLastTryIsBlocked) {
  FakeCps card;
  card.tries = 1;
  expect_error(verify(card, "9999", LastTry::ALLOW), Code::PIN_BLOCKED, TrySpent::YES, 0);
  expect_error(verify(card, "1234", LastTry::ALLOW), Code::PIN_BLOCKED, TrySpent::NO, 0);
  EXPECT_EQ(card.sent("0020000104"), 1U) << "nothing is sent to a blocked card";
}

TEST(CpsPinTest, BlockedPinSendsNothing) {
  for (const bool gives_counter : {true, false}) {
    FakeCps card;
    card.tries = 0;
    card.gives_counter = gives_counter;
    expect_error(verify(card, "1234", LastTry::ALLOW), Code::PIN_BLOCKED, TrySpent::NO, 0);
    EXPECT_EQ(card.sent("0020000104"), 0U);
  }
}

TEST(CpsPinTest, OtherAnswersToVerify) {
  struct Case {
    const char* answer;
    Code code;
    TrySpent spent;
    std::optional<int> left;
  };
  for (const Case& c : {Case{"6983", Code::PIN_BLOCKED, TrySpent::UNKNOWN, 0},
                        Case{"63C1", Code::PIN_WRONG, TrySpent::YES, 1},
                        Case{"6300", Code::PIN_WRONG, TrySpent::YES, std::nullopt},
                        Case{"6700", Code::CARD_PROTOCOL, TrySpent::UNKNOWN, std::nullopt},
                        Case{"6C04", Code::CARD_PROTOCOL, TrySpent::UNKNOWN, std::nullopt},
                        Case{"6110", Code::CARD_PROTOCOL, TrySpent::UNKNOWN, std::nullopt},
                        Case{"6985", Code::CARD_PROTOCOL, TrySpent::UNKNOWN, std::nullopt}}) {
    FakeCps card;
    card.lie = [&](ByteView command) -> std::optional<Bytes> {
      return command.size() > 5 && command[1] == 0x20 ? std::optional(from_hex(c.answer)) : std::nullopt;
    };
    expect_error(verify(card, "1234"), c.code, c.spent, c.left);
    EXPECT_EQ(card.sent("0020000104"), 1U) << c.answer << ": VERIFY is never repeated";
    EXPECT_EQ(card.log.back().substr(0, 4), "0020") << c.answer << ": and nothing follows it";
  }
}

TEST(CpsPinTest, MalformedPinSendsNothing) {
  for (const std::string_view pin : {"123", "12345", "12a4", "12 4"}) {
    FakeCps card;
    expect_error(verify(card, pin), Code::PIN_MALFORMED, TrySpent::NO, std::nullopt);
    EXPECT_TRUE(card.log.empty()) << "not even a SELECT";
  }
}

TEST(CpsPinTest, PinInAnotherEncodingSendsNothing) {
  FakeCps card;
  cps::Layout bcd = layout();
  bcd.pin.plain_digits = false;
  const auto error = error_of([&] { cps::verify_pin(card, bcd, SecretString("1234")); });
  expect_error(error, Code::CARD_UNSUPPORTED, TrySpent::NO, std::nullopt);
  EXPECT_TRUE(card.log.empty());
}

TEST(CpsPinTest, AnotherCardGetsNoPin) {
  FakeCps card;
  card.files["3F00D003"] = from_hex("5A0A8025000001876543219F");
  expect_error(verify(card, "1234"), Code::CARD_CHANGED, TrySpent::NO, std::nullopt);
  EXPECT_EQ(card.sent("0020"), 0U);
  FakeVitale vitale;
  expect_error(verify(vitale, "1234"), Code::CARD_WRONG_KIND, TrySpent::NO, std::nullopt);
  EXPECT_EQ(vitale.sent("0020"), 0U);
}

TEST(CpsPinTest, CancelBeforeVerifySpendsNothing) {
  FakeCps card;
  card.lie = [&](ByteView command) -> std::optional<Bytes> {
    if (command[1] == 0xC0) card.stop_source.request_stop();
    return std::nullopt;
  };
  expect_error(verify(card, "1234"), Code::CANCELLED, TrySpent::NO, std::nullopt);
  EXPECT_EQ(card.sent("0020000104"), 0U);
}

TEST(CpsPinTest, StatusFromParametersAndEmptyVerify) {
  FakeCps card;
  card.tries = 2;
  auto status = cps::pin_status(card, layout());
  EXPECT_EQ(status.tries_left, 2);
  EXPECT_EQ(status.max_tries, 3);
  EXPECT_FALSE(status.blocked || status.verified);
  EXPECT_FALSE(verify(card, "1234"));
  status = cps::pin_status(card, layout());
  EXPECT_EQ(status.tries_left, 3);
  EXPECT_TRUE(status.verified);
  EXPECT_EQ(card.tries, 3);
}

TEST(CpsPinTest, StatusOfABlockedCard) {
  FakeCps card;
  card.tries = 0;
  for (const bool gives_counter : {true, false}) {
    card.gives_counter = gives_counter;
    const auto status = cps::pin_status(card, layout());
    EXPECT_TRUE(status.blocked);
    EXPECT_EQ(status.tries_left, 0);
  }
}

TEST(CpsPinTest, TheLowerOfTwoCountersCounts) {
  ScriptedChannel card{
      {"00A4090C023F00", "9000"},
      {"00CB3FFF0A4D087006BF810102A080", "700CBF810108A0069A01039B0103 9000"},
      {"0020000100", "63C1"},
  };
  EXPECT_EQ(cps::pin_status(card, layout()).tries_left, 1);
}

TEST(CpsPinTest, PinWithoutUsesLeftIsBlocked) {
  ScriptedChannel card{
      {"00A4090C023F00", "9000"},
      {"00CB3FFF0A4D087006BF810102A080", "7010BF81010CA00A9A01039B01039D020000 9000"},
      {"0020000100", "63C3"},
  };
  EXPECT_TRUE(cps::pin_status(card, layout()).blocked);
}

TEST(CpsPinTest, T_CARD_09_RemovalAfterEachExchangeOfVerify) {
  FakeCps whole;
  ASSERT_FALSE(verify(whole, "1234"));
  for (std::size_t k = 0; k < whole.log.size(); ++k) {
    FakeCps card;
    card.remove_after = k;
    const bool during_verify = k + 1 == whole.log.size();
    expect_error(verify(card, "1234"), Code::CARD_REMOVED, during_verify ? TrySpent::UNKNOWN : TrySpent::NO,
                 std::nullopt);
    EXPECT_EQ(card.log.size(), k);
  }
}

}  // namespace
}  // namespace insd::test
