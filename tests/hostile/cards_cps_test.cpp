// SPDX-License-Identifier: Apache-2.0
// CPS cards that lie, and PINs that are none.
#include <gtest/gtest.h>

#include "drivers/cps/cps.h"
#include "drivers/cps/pkcs15.h"
#include "tests/unit/drivers/card_double.h"
#include "tests/unit/drivers/expect_error.h"

namespace insd::test {
namespace {

using cps::KeyUse;
using cps::LastTry;

const std::string kObjects = "3F0000015031", kTokenInfo = "3F0000015032", kPins = "3F0000017001",
                  kKeys = "3F0000017002", kCertificates = "3F0000017004", kCertificate = "3F000001C001";
constexpr std::string_view kVerify = "0020000104";

cps::Layout layout() {
  FakeCps card;
  return cps::read_layout(card);
}

std::optional<Code> walking(FakeCps& card) {
  return code_of([&] { cps::read_layout(card); });
}

// Everything that the daemon does with a card, until something refuses.
void use(FakeCps& card) {
  const auto found = cps::read_layout(card);
  for (const cps::Key& key : found.keys) cps::read_certificate(card, found, key.use);
  cps::pin_status(card, found);
  cps::verify_pin(card, found, SecretString("1234"));
  for (const cps::Key& key : found.keys) cps::sign(card, found, key.use, as_bytes("message"));
}

TEST(HostileCpsTest, T_CARD_02_AnswersOfEveryLengthToEveryCommand) {
  FakeCps whole;
  use(whole);
  for (std::size_t step = 0; step < whole.log.size(); ++step) {
    for (const std::size_t length : {0U, 1U, 2U, 256U, 257U, 258U, 65535U}) {
      for (const int filler : {0x00, 0x30, 0x61, 0x6C, 0x90}) {
        FakeCps card;
        card.lie = [&](ByteView) -> std::optional<Bytes> {
          return card.log.size() == step + 1 ? std::optional(Bytes(length, static_cast<std::uint8_t>(filler)))
                                             : std::nullopt;
        };
        code_of([&] { use(card); });
        EXPECT_LT(card.log.size(), whole.log.size() + 200);
        EXPECT_LE(card.sent(kVerify), 1U) << "no answer makes a PIN go twice";
      }
    }
  }
}

TEST(HostileCpsTest, T_CARD_05_FilesWithoutEndAreCutAndRefused) {
  for (const std::string& file :
       {std::string("3F002F00"), kObjects, kTokenInfo, kPins, kKeys, kCertificates}) {
    FakeCps card;
    card.files[file] = card.files[file] + Bytes(65536, 0x30);
    EXPECT_EQ(walking(card), Code::CARD_DATA_INVALID) << file;
    EXPECT_LT(card.log.size(), 60U);
  }
}

TEST(HostileCpsTest, T_CARD_05_CertificateOfAnotherLengthThanItSays) {
  const auto found = layout();
  const auto reading = [&](Bytes certificate) {
    FakeCps card;
    card.files[kCertificate] = std::move(certificate);
    const auto code = code_of([&] { cps::read_certificate(card, found, KeyUse::SIGNATURE); });
    EXPECT_LT(card.log.size(), 40U);
    return code;
  };
  EXPECT_EQ(reading(Bytes(1U << 20U, 0x00)), Code::CARD_DATA_INVALID);
  EXPECT_EQ(reading(tlv(0x30, Bytes(9000, 0x01))), Code::CARD_DATA_INVALID);
  EXPECT_EQ(reading(from_hex("30823000") + Bytes(100, 0x01)), Code::CARD_DATA_INVALID);
  EXPECT_EQ(reading(tlv(0x30, Bytes(100, 0x01)) + Bytes{0x01}), Code::CARD_DATA_INVALID);
  EXPECT_EQ(reading(tlv(0x31, Bytes(100, 0x01))), Code::CARD_DATA_INVALID);
  EXPECT_EQ(reading(from_hex("3080 0201 01 0000")), Code::CARD_DATA_INVALID);
  EXPECT_EQ(reading({}), Code::CARD_PROTOCOL) << "an empty file answers success without data";
}

TEST(HostileCpsTest, T_CARD_05_TooManyFilesAndObjects) {
  FakeCps files;
  for (int i = 0; i < 5; ++i)
    files.files[kObjects] = from_hex("A00A300804063F0000017002") + files.files[kObjects];
  EXPECT_EQ(walking(files), Code::CARD_DATA_INVALID);
  FakeCps objects;
  Bytes& pins = objects.files[kPins];
  const Bytes one = pins;
  for (int i = 0; i < 32; ++i) pins = pins + one;
  EXPECT_EQ(walking(objects), Code::CARD_DATA_INVALID);
}

TEST(HostileCpsTest, T_CARD_06_FilesThatAreNotTlv) {
  for (const std::string& file : {std::string("3F00D003"), std::string("3F002F00"), kObjects, kTokenInfo,
                                  kPins, kKeys, kCertificates}) {
    for (const char* content :
         {"30", "3080", "30847FFFFFFF00000000", "3085000000000100", "30FF00000000000000000000",
          "1F81818181010000000000", "00010203", "FFFFFFFFFFFFFFFFFFFFFFFF", "5A"}) {
      FakeCps card;
      card.files[file] = from_hex(content);
      EXPECT_EQ(walking(card), Code::CARD_DATA_INVALID) << file << " " << content;
      EXPECT_EQ(card.sent("0020"), 0U);
    }
  }
}

TEST(HostileCpsTest, T_CARD_06_EveryByteOfEveryFileChanged) {
  FakeCps whole;
  use(whole);
  for (const std::string& file : {std::string("3F00D003"), std::string("3F002F00"), kObjects, kTokenInfo,
                                  kPins, kKeys, kCertificates}) {
    for (std::size_t at = 0; at < whole.files[file].size(); ++at) {
      for (const unsigned change : {0x01U, 0x02U, 0x10U, 0x20U, 0x7FU, 0x80U, 0xFFU}) {
        FakeCps card;
        card.real_signatures = false;
        std::uint8_t& byte = card.files[file][at];
        byte = static_cast<std::uint8_t>(byte ^ change);
        code_of([&] { use(card); });
        EXPECT_LT(card.log.size(), whole.log.size() + 100);
        EXPECT_LE(card.sent(kVerify), 1U);
      }
    }
  }
}

TEST(HostileCpsTest, T_CARD_06_NestedSequencesDoNotRecurse) {
  FakeCps card;
  Bytes nested = {0x02, 0x01, 0x00};
  while (nested.size() < 4000) nested = tlv(0x30, nested);
  card.files[kKeys] = nested;
  EXPECT_EQ(walking(card), Code::CARD_DATA_INVALID);
}

TEST(HostileCpsTest, T_CARD_06_NumbersWithoutSense) {
  const auto pin = [](const char* attributes) {
    return code_of([&] {
      cps::pkcs15::parse_pins(tlv(0x30, tlv(0x30, {}) + tlv(0xA1, tlv(0x30, from_hex(attributes)))));
    });
  };
  EXPECT_EQ(pin("03020308 0A0101 020104 020104 020104 800101"), std::nullopt);
  for (const char* wrong : {
           "03020308 0A0101 020100 020104 020104 800101",                 // empty PINs allowed
           "03020308 0A0101 020108 020104 020104 800101",                 // min above max
           "03020308 0A0101 020104 020104 0202FFFF 800101",               // negative
           "03020308 0A0101 020104 020104 02020400 800101",               // longer than any PIN
           "03020308 0A0101 020104 020104 0205000000000480 0101",         // an integer of five bytes
           "03020308 0A0101 020104 800101",                               // lengths missing
           "03020308 0A0101 020104 020104 020104",                        // no reference: never guessed
           "03020308 0A0101 020104 020104 020104 800100",                 // reference 0
           "03020308 0A0101 020104 020104 020104 80020101",               // reference of two bytes
           "03020908 0A0101 020104 020104 020104 800101",                 // nine unused bits
           "03020308 0A0101 020104 020104 020104 800101 300504033F0000",  // a path of odd length
       }) {
    EXPECT_EQ(pin(wrong), Code::CARD_DATA_INVALID) << wrong;
  }
  const auto key = [](const Bytes& modulus) {
    return code_of([&] {
      cps::pkcs15::parse_private_keys(tlv(0x30, tlv(0x30, {}) +
                                                    tlv(0x30, from_hex("040101 03020520 020101")) +
                                                    tlv(0xA1, tlv(0x30, tlv(0x02, modulus)))));
    });
  };
  EXPECT_EQ(key({0x08, 0x00}), std::nullopt);
  for (const char* wrong : {"", "00", "0801", "7FFF", "00FFFF", "01000000", "0100000000", "F800"}) {
    EXPECT_EQ(key(from_hex(wrong)), Code::CARD_DATA_INVALID) << wrong;
  }
}

TEST(HostileCpsTest, T_CARD_07_LabelsAreFitForALog) {
  FakeCps card;
  Bytes& info = card.files[kTokenInfo];
  const Bytes label = text("CPS3v3-0123456789");
  const auto place = std::search(info.begin(), info.end(), label.begin(), label.end());
  ASSERT_NE(place, info.end());
  *place = '\n';
  *(place + 1) = 0x1B;
  *(place + 2) = 0xFF;
  EXPECT_EQ(cps::read_layout(card).label, "???3v3-0123456789");
}

TEST(HostileCpsTest, T_PIN_03_LastTryIsRefusedWithoutConsentAndBlockedSendsNothing) {
  for (const bool gives_counter : {true, false}) {
    FakeCps card;
    card.gives_counter = gives_counter;
    card.tries = 1;
    const auto refused = error_of([&] { cps::verify_pin(card, layout(), SecretString("1234")); });
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->code(), Code::PIN_CONSENT_REQUIRED);
    EXPECT_EQ(refused->try_spent(), TrySpent::NO);
    EXPECT_EQ(refused->tries_left(), 1);
    card.tries = 0;
    const auto blocked =
        error_of([&] { cps::verify_pin(card, layout(), SecretString("1234"), LastTry::ALLOW); });
    ASSERT_TRUE(blocked);
    EXPECT_EQ(blocked->code(), Code::PIN_BLOCKED);
    EXPECT_EQ(blocked->try_spent(), TrySpent::NO);
    EXPECT_EQ(card.sent(kVerify), 0U);
  }
}

TEST(HostileCpsTest, T_PIN_03_CardThatHidesItsCounterMayBeAtItsLastTry) {
  FakeCps card;
  card.lie = [](ByteView command) -> std::optional<Bytes> {
    if (command[1] == 0xCB) return from_hex("6A80");
    if (command[1] == 0x20 && command.size() == 5) return from_hex("6700");
    return std::nullopt;
  };
  const auto refused = error_of([&] { cps::verify_pin(card, layout(), SecretString("1234")); });
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code(), Code::PIN_CONSENT_REQUIRED);
  EXPECT_EQ(refused->tries_left(), std::nullopt);
  EXPECT_EQ(card.sent(kVerify), 0U);
  cps::verify_pin(card, layout(), SecretString("1234"), LastTry::ALLOW);
  EXPECT_EQ(card.sent(kVerify), 1U);
}

TEST(HostileCpsTest, T_PIN_04_NoPinAtAllIsNeverALogin) {
  cps::Layout lax = layout();
  for (const auto& [lowest, highest] : {std::pair{4U, 4U}, {0U, 0U}, {0U, 255U}}) {
    lax.pin.min_length = lowest;
    lax.pin.max_length = highest;
    FakeCps card;
    card.verified = true;  // an empty VERIFY would be answered by 9000
    EXPECT_EQ(code_of([&] { cps::verify_pin(card, lax, SecretString("")); }), Code::PIN_MALFORMED);
    EXPECT_EQ(code_of([&] { cps::verify_pin(card, lax, SecretString()); }), Code::PIN_MALFORMED);
    EXPECT_EQ(code_of([&] { cps::verify_pin(card, lax, SecretString(std::string(33, '1'))); }),
              Code::PIN_MALFORMED);
    EXPECT_TRUE(card.log.empty());
  }
}

TEST(HostileCpsTest, T_PIN_04_PinsThatAreNotDigitsOrNotAsLong) {
  using namespace std::string_view_literals;
  for (const std::string_view pin : {"12345"sv, "123"sv, "12\0004"sv, "1234\0"sv, "abcd"sv, "12 4"sv,
                                     "\xB1\xB2\xB3\xB4"sv, "+123"sv, "12345678901234567890"sv}) {
    FakeCps card;
    const auto error = error_of([&] { cps::verify_pin(card, layout(), SecretString(pin)); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), Code::PIN_MALFORMED);
    EXPECT_EQ(error->try_spent(), TrySpent::NO);
    EXPECT_TRUE(card.log.empty());
  }
}

TEST(HostileCpsTest, T_PIN_04_NoErrorRepeatsThePin) {
  for (const char* pin : {"9876", "98765"}) {
    FakeCps card;
    const auto error = error_of([&] { cps::verify_pin(card, layout(), SecretString(pin)); });
    ASSERT_TRUE(error);
    const std::string what = error->what();
    EXPECT_EQ(what.find("9876"), std::string::npos);
    EXPECT_EQ(what.find("39383736"), std::string::npos);
  }
}

}  // namespace
}  // namespace insd::test
