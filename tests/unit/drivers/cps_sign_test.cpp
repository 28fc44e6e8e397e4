// SPDX-License-Identifier: Apache-2.0
#include <random>

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "drivers/cps/cps.h"
#include "drivers/cps/sha256_midstate.h"
#include "tests/unit/drivers/card_double.h"
#include "tests/unit/drivers/expect_error.h"
#include "tests/unit/drivers/scripted_channel.h"
#include "tests/unit/drivers/sha256_finish.h"

namespace insd::test {
namespace {

using cps::KeyUse;

Bytes sha256(ByteView message) {
  Bytes digest(32);
  EXPECT_EQ(EVP_Digest(message.data(), message.size(), digest.data(), nullptr, EVP_sha256(), nullptr), 1);
  return digest;
}

TEST(Sha256MidstateTest, MessageShorterThanABlockIsAllTail) {
  const auto midstate = cps::sha256_midstate(as_bytes("hello-short"));
  EXPECT_TRUE(midstate.state.empty());
  EXPECT_EQ(to_hex(midstate.tail), "68656C6C6F2D73686F7274");
}

TEST(Sha256MidstateTest, TwoHundredBytesLeaveEightAndAState) {
  const std::string message(200, 'a');
  const auto midstate = cps::sha256_midstate(as_bytes(message));
  ASSERT_EQ(midstate.state.size(), 40U);
  EXPECT_EQ(to_hex(ByteView(midstate.state).subspan(32)), "0000000000000600");
  EXPECT_EQ(to_hex(midstate.tail), "6161616161616161");
  EXPECT_EQ(finish_sha256(midstate.state, midstate.tail), sha256(as_bytes(message)));
}

TEST(Sha256MidstateTest, FinishedByHandItIsTheHashForEveryLength) {
  std::mt19937 random(20240607);
  std::uniform_int_distribution<int> byte(0, 255);
  Bytes message;
  for (std::size_t length = 0; length < 400; ++length) {
    const auto midstate = cps::sha256_midstate(message);
    EXPECT_LT(midstate.tail.size(), 64U);
    EXPECT_EQ(finish_sha256(midstate.state, midstate.tail), sha256(message)) << length;
    message.push_back(static_cast<std::uint8_t>(byte(random)));
  }
  Bytes large(70000);
  for (auto& value : large) value = static_cast<std::uint8_t>(byte(random));
  const auto midstate = cps::sha256_midstate(large);
  EXPECT_EQ(finish_sha256(midstate.state, midstate.tail), sha256(large));
}

cps::Layout layout() {
  FakeCps card;
  return cps::read_layout(card);
}

const std::string kSignature = std::string(512, '5') + "9000";

// The captured sequence of ANS's module (specs: cps 1.8), short message.
TEST(CpsSignTest, SignatureOfAShortMessage) {
  ScriptedChannel card{
      {"00A4090C043F000001", "9000"},                        // SELECT the application
      {"002241AA03800140", "9000"},                          // MSE: SHA-256
      {"002A90A00F9000800B68656C6C6F2D73686F7274", "9000"},  // PSO HASH: no state, the whole message
      {"00A4090C043F000001", "9000"},                        // SELECT the application again
      {"002241B606800142840181", "9000"},                    // MSE: SHA256-RSA-PKCS, key 81
      {"002A9E9A00", kSignature},                            // PSO COMPUTE SIGNATURE
  };
  EXPECT_EQ(cps::sign(card, layout(), KeyUse::SIGNATURE, as_bytes("hello-short")), Bytes(256, 0x55));
}

TEST(CpsSignTest, SignatureOfTwoHundredBytes) {
  const std::string message(200, 'a');
  const std::string state = to_hex(cps::sha256_midstate(as_bytes(message)).state);
  const std::string hash = "002A90A0349028" + state.substr(0, 64) + "000000000000060080086161616161616161";
  ScriptedChannel card{
      {"00A4090C043F000001", "9000"}, {"002241AA03800140", "9000"},       {hash, "9000"},
      {"00A4090C043F000001", "9000"}, {"002241B606800142840181", "9000"}, {"002A9E9A00", "6100"},
      {"00C0000000", kSignature},
  };
  EXPECT_EQ(cps::sign(card, layout(), KeyUse::SIGNATURE, as_bytes(message)).size(), 256U);
}

TEST(CpsSignTest, AuthenticationSignsTheDigestInfo) {
  const std::string command =
      "0088000033 3031300D060960864801650304020105000420" + to_hex(sha256(as_bytes("hello-short")));
  ScriptedChannel card{
      {"00A4090C043F000001", "9000"},      // SELECT the application
      {"002241A406800102840182", "9000"},  // MSE: RSA-PKCS, key 82
      {command, "6100"},                   // INTERNAL AUTHENTICATE
      {"00C0000000", kSignature},
  };
  EXPECT_EQ(cps::sign(card, layout(), KeyUse::AUTHENTICATION, as_bytes("hello-short")), Bytes(256, 0x55));
}

TEST(CpsSignTest, RealSignaturesOfEveryTailAreVerified) {
  CpsIds ids;
  ids.application = "3F006B20";
  ids.signature_key = 0x07;
  ids.authentication_key = 0x0B;
  ids.hash = 0x21, ids.sign = 0x22, ids.raw_sign = 0x23;
  FakeCps card(ids);
  const auto found = cps::read_layout(card);
  cps::verify_pin(card, found, SecretString("1234"));
  for (const std::size_t length : {0U, 1U, 55U, 56U, 63U, 64U, 65U, 128U, 5000U}) {
    const Bytes message(length, 0x61);
    for (const KeyUse use : {KeyUse::SIGNATURE, KeyUse::AUTHENTICATION}) {
      EXPECT_TRUE(card.verifies(use, message, cps::sign(card, found, use, message))) << length;
    }
  }
}

TEST(CpsSignTest, WithoutAVerifiedPinAccessIsDenied) {
  FakeCps card;
  const auto found = cps::read_layout(card);
  for (const KeyUse use : {KeyUse::SIGNATURE, KeyUse::AUTHENTICATION}) {
    EXPECT_EQ(code_of([&] { cps::sign(card, found, use, as_bytes("x")); }), Code::CARD_ACCESS_DENIED);
  }
}

TEST(CpsSignTest, KeyOrAlgorithmThatTheCardDoesNotHave) {
  FakeCps card;
  card.verified = true;
  cps::Layout poor = layout();
  poor.hash_reference = 0;
  EXPECT_EQ(code_of([&] { cps::sign(card, poor, KeyUse::SIGNATURE, as_bytes("x")); }), Code::KEY_UNSUPPORTED);
  poor.raw_sign_reference = 0;
  EXPECT_EQ(code_of([&] { cps::sign(card, poor, KeyUse::AUTHENTICATION, as_bytes("x")); }),
            Code::KEY_UNSUPPORTED);
  poor.keys.clear();
  EXPECT_EQ(code_of([&] { cps::sign(card, poor, KeyUse::SIGNATURE, as_bytes("x")); }), Code::KEY_NOT_FOUND);
  EXPECT_TRUE(card.log.empty());
}

TEST(CpsSignTest, SignatureOfAnotherLengthThanTheKey) {
  for (const std::size_t length : {0U, 1U, 128U, 255U}) {
    FakeCps card;
    card.lie = [&](ByteView command) -> std::optional<Bytes> {
      if (command[1] == 0x2A && command[2] == 0x9E) return Bytes(length, 0x55) + from_hex("9000");
      return std::nullopt;
    };
    EXPECT_EQ(code_of([&] { cps::sign(card, layout(), KeyUse::SIGNATURE, as_bytes("x")); }),
              Code::CARD_PROTOCOL);
  }
}

TEST(CpsSignTest, T_CARD_09_RemovalAfterEachExchangeOfEveryFlow) {
  const auto found = layout();
  const auto signs = [&](KeyUse use) {
    return [&found, use](FakeCps& card) { cps::sign(card, found, use, as_bytes("message")); };
  };
  const std::function<void(FakeCps&)> flows[] = {
      [](FakeCps& card) { cps::read_serial(card); },
      [](FakeCps& card) { cps::read_layout(card); },
      [&](FakeCps& card) { cps::read_certificate(card, found, KeyUse::SIGNATURE); },
      [&](FakeCps& card) { cps::pin_status(card, found); },
      signs(KeyUse::SIGNATURE),
      signs(KeyUse::AUTHENTICATION),
  };
  for (const auto& flow : flows) {
    FakeCps whole;
    whole.verified = true;
    flow(whole);
    for (std::size_t k = 0; k < whole.log.size(); ++k) {
      FakeCps card;
      card.verified = true;
      card.remove_after = k;
      EXPECT_EQ(code_of([&] { flow(card); }), Code::CARD_REMOVED) << "after exchange " << k;
      EXPECT_EQ(card.log.size(), k);
    }
  }
}

// Only a status word says that nothing was signed.
TEST(CpsSignTest, ASignatureThatWasAskedForAndDoesNotComeIsUnknown) {
  for (const KeyUse use : {KeyUse::SIGNATURE, KeyUse::AUTHENTICATION}) {
    const std::string last = use == KeyUse::SIGNATURE ? "002A9E9A" : "00880000";
    const auto lost_with = [&](const Bytes& answer, bool removed) {
      FakeCps card;
      const auto found = cps::read_layout(card);
      cps::verify_pin(card, found, SecretString("1234"));
      card.lie = [&](ByteView command) -> std::optional<Bytes> {
        if (!to_hex(command).starts_with(last)) return std::nullopt;
        if (removed) throw Error(Code::CARD_REMOVED);
        return answer;
      };
      const auto error = error_of([&] { (void)cps::sign(card, found, use, as_bytes("message")); });
      EXPECT_TRUE(error);
      return error && error->signature_unknown();
    };
    EXPECT_TRUE(lost_with({}, true)) << "the card was pulled out";
    EXPECT_TRUE(lost_with(from_hex("9000"), false)) << "a signature without a value";
    EXPECT_TRUE(lost_with({}, false)) << "no status word";
    EXPECT_FALSE(lost_with(from_hex("6982"), false));
    EXPECT_FALSE(lost_with(from_hex("6A88"), false));
  }
}

TEST(CpsSignTest, BeforeTheLastCommandNothingIsSigned) {
  FakeCps card;
  const auto found = cps::read_layout(card);
  cps::verify_pin(card, found, SecretString("1234"));
  card.lie = [](ByteView command) -> std::optional<Bytes> {
    if (to_hex(command).starts_with("002A90A0")) throw Error(Code::CARD_REMOVED);
    return std::nullopt;
  };
  const auto error = error_of([&] { (void)cps::sign(card, found, KeyUse::SIGNATURE, as_bytes("message")); });
  ASSERT_TRUE(error);
  EXPECT_FALSE(error->signature_unknown());
}

}  // namespace
}  // namespace insd::test
