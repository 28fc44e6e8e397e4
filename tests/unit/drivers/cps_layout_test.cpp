// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/cps/cps.h"
#include "drivers/cps/pkcs15.h"
#include "tests/unit/drivers/card_double.h"
#include "tests/unit/drivers/expect_error.h"
#include "tests/unit/drivers/scripted_channel.h"

namespace insd::test {
namespace {

using cps::KeyUse;

// Specs cps 1.5: accepted by OpenSC 0.23 and by ANS's module.
constexpr const char* kDirectory = "611a4f0de828bd080f8025000001ff0010500343505351043f000001";
constexpr const char* kObjects =
    "a80a300804063f0000017001a00a300804063f0000017002a40a300804063f0000017004a70a300804063f0000017005"
    "0000000000000000000000000000000000000000000000000000000000000000";
constexpr const char* kTokenInfo =
    "3081cf0201000c0a53494d554c4154494f4e80114350533376332d30313233343536373839030206c0a281a63017020101020202"
    "200500"
    "0302010206052b0e03021a020110301b020102020202500500030201020609608648016503040201020140301a02010302010605"
    "000302"
    "064006092a864886f70d010105020112301a02010402014005000302064006092a864886f70d01010b020142301a020105020101"
    "050003"
    "02064006092a864886f70d010101020102301a02010602010105000302020406092a864886f70d01010102011a";
constexpr const char* kPins =
    "303630120c0c436f646520706f7274657572030206c03003040101a11b3019030203080a01010201040201040201048001013004"
    "040"
    "23f00";
constexpr const char* kKeys =
    "304630150c0c4350535f505249565f53494703020780040101301d040ee828bd080f8025000001ff0010010303060040030203b8"
    "02020081"
    "a10e300c300604043f00000102020800304530150c0c4350535f505249565f41555403020780040101301c040ee828bd080f8025"
    "000001ff"
    "00100203020560030203b802020082a10e300c300604043f00000102020800";

TEST(CpsPkcs15Test, KnownGoodDirectory) {
  const auto applications = cps::pkcs15::parse_directory(from_hex(kDirectory));
  ASSERT_EQ(applications.size(), 1U);
  EXPECT_EQ(to_hex(applications[0].aid), "E828BD080F8025000001FF0010");
  EXPECT_EQ(to_hex(applications[0].path), "3F000001");
}

TEST(CpsPkcs15Test, KnownGoodObjectDirectory) {
  const auto files = cps::pkcs15::parse_object_directory(from_hex(kObjects));
  EXPECT_THAT(files.pins, testing::ElementsAre(from_hex("3F0000017001")));
  EXPECT_THAT(files.keys, testing::ElementsAre(from_hex("3F0000017002")));
  EXPECT_THAT(files.certificates, testing::ElementsAre(from_hex("3F0000017004")));
}

TEST(CpsPkcs15Test, KnownGoodTokenInfo) {
  const auto info = cps::pkcs15::parse_token_info(from_hex(kTokenInfo));
  EXPECT_EQ(info.label, "CPS3v3-0123456789");
  EXPECT_EQ(info.hash_reference, 0x40);
  EXPECT_EQ(info.sign_reference, 0x42);
  EXPECT_EQ(info.raw_sign_reference, 0x02);
}

TEST(CpsPkcs15Test, KnownGoodPin) {
  const auto pins = cps::pkcs15::parse_pins(from_hex(kPins));
  ASSERT_EQ(pins.size(), 1U);
  EXPECT_EQ(pins[0].label, "Code porteur");
  EXPECT_EQ(pins[0].reference, 1);
  EXPECT_EQ(to_hex(pins[0].path), "3F00");
  EXPECT_EQ(pins[0].min_length, 4U);
  EXPECT_EQ(pins[0].max_length, 4U);
  EXPECT_TRUE(pins[0].plain_digits);
}

TEST(CpsPkcs15Test, KnownGoodKeys) {
  const auto keys = cps::pkcs15::parse_private_keys(from_hex(kKeys));
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys[0].label, "CPS_PRIV_SIG");
  EXPECT_EQ(keys[0].reference, 0x81);
  EXPECT_EQ(keys[0].modulus_bits, 2048U);
  EXPECT_EQ(cps::pkcs15::key_use(keys[0]), KeyUse::SIGNATURE);
  EXPECT_EQ(keys[1].reference, 0x82);
  EXPECT_EQ(cps::pkcs15::key_use(keys[1]), KeyUse::AUTHENTICATION);
  EXPECT_EQ(to_hex(keys[1].id), "E828BD080F8025000001FF001002");
}

TEST(CpsPkcs15Test, PinsOfOtherPeopleAndOtherEncodings) {
  const auto pin = [](const char* flags, const char* type) {
    return tlv(0x30,
               tlv(0x30, {}) + tlv(0xA1, tlv(0x30, tlv(0x03, from_hex(flags)) + tlv(0x0A, from_hex(type)) +
                                                       from_hex("020104 020108 800101"))));
  };
  EXPECT_TRUE(cps::pkcs15::parse_pins(pin("0302", "01")).empty()) << "unblocking PIN";
  EXPECT_TRUE(cps::pkcs15::parse_pins(pin("0001", "01")).empty()) << "security officer";
  EXPECT_FALSE(cps::pkcs15::parse_pins(pin("0308", "00")).at(0).plain_digits) << "BCD";
  EXPECT_FALSE(cps::pkcs15::parse_pins(pin("020C", "01")).at(0).plain_digits) << "padding";
  EXPECT_EQ(cps::pkcs15::parse_pins(pin("0308", "01")).at(0).max_length, 8U)
      << "no maximum: the stored length";
}

TEST(CpsPkcs15Test, UsageBitsBeforeLabels) {
  constexpr std::uint32_t kSign = 1U << 2U, kNonRepudiation = 1U << 9U;
  const auto use = [](const char* label, std::uint32_t usage) {
    return cps::pkcs15::key_use({label, {}, usage, 1, 2048});
  };
  EXPECT_EQ(use("CPS_PRIV_AUT", kNonRepudiation), KeyUse::SIGNATURE);
  EXPECT_EQ(use("CPS_PRIV_SIG", kSign), KeyUse::AUTHENTICATION);
  EXPECT_EQ(use("CPS_PRIV_SIG", 0), KeyUse::SIGNATURE);
  EXPECT_EQ(use("CPS_PRIV_AUT", 0), KeyUse::AUTHENTICATION);
  EXPECT_EQ(use("other", 0), std::nullopt);
}

TEST(CpsLayoutTest, SerialInTwoExchanges) {
  ScriptedChannel card{
      {"00A4090C023F00", "9000"},                       // SELECT MF
      {"00B09C000C", "5A0A8025000001012345678F 9000"},  // EF.SN.ICC by its short id
  };
  EXPECT_EQ(cps::read_serial(card), "8025000001012345678F");
}

CpsIds shuffled() {
  return {.application = "3F007A31",
          .pins = "4F07",
          .keys = "1234",
          .certificates = "0F0E",
          .signature_certificate = "B00B",
          .authentication_certificate = "A001",
          .pin = 0x05,
          .signature_key = 0x07,
          .authentication_key = 0x93,
          .hash = 0x21,
          .sign = 0x33,
          .raw_sign = 0x55};
}

void expect_layout(FakeCps& card, const CpsIds& ids) {
  const auto layout = cps::read_layout(card);
  EXPECT_EQ(layout.serial, "8025000001012345678F");
  EXPECT_EQ(layout.card_number, "0123456789");
  EXPECT_EQ(layout.label, "CPS3v3-0123456789");
  EXPECT_EQ(to_hex(layout.application_path), ids.application);
  EXPECT_EQ(layout.pin.reference, ids.pin);
  EXPECT_EQ(to_hex(layout.pin.path), "3F00");
  ASSERT_EQ(layout.keys.size(), 2U);
  EXPECT_EQ(layout.keys[0].use, KeyUse::SIGNATURE);
  EXPECT_EQ(layout.keys[0].reference, ids.signature_key);
  EXPECT_EQ(to_hex(layout.keys[0].certificate_path), ids.application + ids.signature_certificate);
  EXPECT_EQ(layout.keys[1].use, KeyUse::AUTHENTICATION);
  EXPECT_EQ(layout.keys[1].reference, ids.authentication_key);
  EXPECT_EQ(to_hex(layout.keys[1].certificate_path), ids.application + ids.authentication_certificate);
  EXPECT_EQ(layout.hash_reference, ids.hash);
  EXPECT_EQ(layout.sign_reference, ids.sign);
  EXPECT_EQ(layout.raw_sign_reference, ids.raw_sign);
  EXPECT_EQ(cps::read_certificate(card, layout, KeyUse::SIGNATURE), tlv(0x30, Bytes(1300, 0x51)));
  EXPECT_EQ(cps::read_certificate(card, layout, KeyUse::AUTHENTICATION), tlv(0x30, Bytes(1290, 0x52)));
}

TEST(CpsLayoutTest, IdsOfThePublishedExample) {
  FakeCps card;
  expect_layout(card, {});
}

TEST(CpsLayoutTest, ShuffledIdsAndReferences) {
  FakeCps card(shuffled());
  expect_layout(card, shuffled());
}

TEST(CpsLayoutTest, RelativePathsAndDirectoryWithoutAPath) {
  CpsIds ids = shuffled();
  ids.relative_paths = true;
  ids.path_in_directory = false;
  FakeCps card(ids);
  expect_layout(card, ids);
  EXPECT_EQ(card.sent("00A40404"), 1U) << "the DF itself said where it is";
}

TEST(CpsLayoutTest, SeveralFilesOfOneKind) {
  FakeCps card;
  const std::string app = "3F000001";
  const Bytes keys = card.files[app + "7002"];
  const std::size_t half = 2 + keys[1];
  card.files[app + "7002"] = Bytes(keys.begin() + static_cast<std::ptrdiff_t>(half), keys.end());
  card.files[app + "7012"] = Bytes(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(half));
  card.files[app + "5031"] = from_hex("A00A300804063F0000017012") + card.files[app + "5031"];
  expect_layout(card, {});
}

TEST(CpsLayoutTest, CardNumberFromTheSerialWhenTheLabelHasNone) {
  FakeCps card;
  Bytes& info = card.files["3F0000015032"];
  const Bytes label = text("CPS3v3-0123456789");
  const auto place = std::search(info.begin(), info.end(), label.begin(), label.end());
  ASSERT_NE(place, info.end());
  *(place + 6) = '_';
  EXPECT_EQ(cps::read_layout(card).card_number, "012345678");
}

TEST(CpsLayoutTest, OtherCardsAreTheWrongKind) {
  FakeVitale vitale;  // refuses the form of the SELECT
  EXPECT_EQ(code_of([&] { cps::read_layout(vitale); }), Code::CARD_WRONG_KIND);
  FakeCps no_directory;
  no_directory.files.erase("3F002F00");
  EXPECT_EQ(code_of([&] { cps::read_layout(no_directory); }), Code::CARD_WRONG_KIND);
  FakeCps other_application;
  other_application.files["3F002F00"] = from_hex("610C4F0AA000000063504B43532D");
  EXPECT_EQ(code_of([&] { cps::read_layout(other_application); }), Code::CARD_WRONG_KIND);
  ScriptedChannel vitale_one{{"00A4090C023F00", "6E00"}};
  EXPECT_EQ(code_of([&] { cps::read_layout(vitale_one); }), Code::CARD_UNSUPPORTED);
}

TEST(CpsLayoutTest, ContactlessFaceIsUnsupported) {
  FakeCps card;
  card.files["3F002F00"] = from_hex("611A4F0DE828BD080F8025000001FF0020500343505351043F000001");
  EXPECT_EQ(code_of([&] { cps::read_layout(card); }), Code::CARD_UNSUPPORTED);
}

TEST(CpsLayoutTest, KeysThatCannotBeToldApartAreNotGuessed) {
  FakeCps card;
  Bytes& keys = card.files["3F0000017002"];
  const std::size_t half = 2 + keys[1];
  const Bytes signature(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(half));
  keys = keys + signature;  // the label does not help either
  EXPECT_EQ(code_of([&] { cps::read_layout(card); }), Code::KEY_NOT_FOUND);
  Bytes other = signature;
  const Bytes label = text("PRIV_SIG");
  const auto place = std::search(other.begin(), other.end(), label.begin(), label.end());
  *place = 'X';
  keys = other + Bytes(keys.begin(), keys.end() - static_cast<std::ptrdiff_t>(half));
  EXPECT_EQ(cps::read_layout(card).keys.at(0).label, "CPS_PRIV_SIG");
}

TEST(CpsLayoutTest, KeyWithoutItsCertificate) {
  FakeCps card;
  card.files["3F0000017004"] = Bytes(8, 0x00);
  const auto layout = cps::read_layout(card);
  EXPECT_EQ(code_of([&] { cps::read_certificate(card, layout, KeyUse::SIGNATURE); }), Code::KEY_NOT_FOUND);
}

TEST(CpsLayoutTest, AnnouncedFileThatIsNotThere) {
  for (const char* file : {"3F0000015031", "3F0000015032", "3F0000017001", "3F0000017002", "3F0000017004"}) {
    FakeCps card;
    card.files.erase(file);
    EXPECT_EQ(code_of([&] { cps::read_layout(card); }), Code::CARD_DATA_INVALID) << file;
  }
}

}  // namespace
}  // namespace insd::test
