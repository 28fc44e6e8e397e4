// SPDX-License-Identifier: Apache-2.0
#include <set>

#include <gtest/gtest.h>

#include "drivers/base/bytes.h"
#include "drivers/base/error.h"
#include "drivers/base/random.h"
#include "drivers/base/secret.h"
#include "tests/unit/drivers/expect_error.h"

namespace insd {
namespace {

using test::code_of;

TEST(Bytes, HexGoesBothWays) {
  EXPECT_EQ(to_hex(from_hex("00 a4 FF")), "00A4FF");
  EXPECT_EQ(to_hex({}), "");
  EXPECT_EQ(code_of([] { from_hex("0"); }), Code::INVALID_ARGUMENT);
  EXPECT_EQ(code_of([] { from_hex("0G"); }), Code::INVALID_ARGUMENT);
}

TEST(Bytes, Latin1HasACharacterForEveryByte) {
  EXPECT_EQ(latin1_to_utf8(from_hex("4164E86C65")), "Ad\u00E8le");
  Bytes all(256);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(latin1_to_utf8(all).size(), 128U + 2 * 128U);
}

TEST(Bytes, PrintableKeepsTextAndReplacesWhatDeceives) {
  EXPECT_EQ(printable("Lecteur n\u00B0 1 \u4F60\u597D"), "Lecteur n\u00B0 1 \u4F60\u597D");
  EXPECT_EQ(printable("a\nb\tc\x7F"), "a?b?c?");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a?b");
  EXPECT_EQ(printable("\u202Eevil\u2069\u200B\uFEFF"), "?evil???");
  EXPECT_EQ(printable("\xE8\xFF"), "??");            // not UTF-8
  EXPECT_EQ(printable("\xC0\x80"), "??");            // an overlong NUL
  EXPECT_EQ(printable("\xED\xA0\x80"), "???");       // a surrogate
  EXPECT_EQ(printable("\xF4\x90\x80\x80"), "????");  // beyond Unicode
  EXPECT_EQ(printable("\xC3"), "?");                 // cut short
  EXPECT_EQ(printable("\xC2\x85"), "?");             // a C1 control
}

TEST(Bytes, PrintableIsBoundedAndCutsBetweenCharacters) {
  EXPECT_EQ(printable(std::string(1000, 'x')).size(), 200U);
  EXPECT_EQ(printable("ab\u00E8", 3), "ab");
}

TEST(SecretString, HoldsWhatItWasGivenAndNothingAfterAMove) {
  SecretString secret("1234");
  EXPECT_EQ(secret.view(), "1234");
  EXPECT_EQ(to_hex(secret.bytes()), "31323334");
  const SecretString moved = std::move(secret);
  EXPECT_EQ(moved.view(), "1234");
  EXPECT_TRUE(secret.empty());  // NOLINT(bugprone-use-after-move): this is what is promised
  EXPECT_TRUE(SecretString().empty());
}

TEST(SecretString, IsBounded) {
  EXPECT_EQ(SecretString(std::string(256, '0')).size(), 256U);
  EXPECT_EQ(code_of([] { SecretString(std::string(257, '0')); }), Code::PIN_MALFORMED);
}

TEST(SecretString, IsNotCopied) {
  static_assert(!std::is_copy_constructible_v<SecretString>);
  static_assert(!std::is_copy_assignable_v<SecretString>);
  static_assert(!std::is_convertible_v<SecretString, std::string>);
}

TEST(Secrets, WipeOverwrites) {
  char memory[] = "secret";
  wipe(memory, sizeof memory);
  for (const char c : memory) EXPECT_EQ(c, 0);
}

TEST(ErrorType, ReadsLikeAPath) {
  Error error(Code::CARD_PROTOCOL, "status 6F00");
  error.prefix("READ BINARY");
  error.prefix("desk-1");
  EXPECT_STREQ(error.what(), "CARD_PROTOCOL: desk-1: READ BINARY: status 6F00");
  EXPECT_EQ(error.detail(), "desk-1: READ BINARY: status 6F00");
  EXPECT_STREQ(Error(Code::INTERNAL).what(), "INTERNAL");
}

TEST(ErrorType, CarriesItsFiveAnswers) {
  const Error wrong = Error(Code::PIN_WRONG, "VERIFY").with_try(TrySpent::YES, 2);
  EXPECT_EQ(wrong.entry().layer, Layer::PIN);
  EXPECT_EQ(wrong.try_spent(), TrySpent::YES);
  EXPECT_EQ(wrong.tries_left(), 2);
  const Error field = Error(Code::TRAITS_INVALID).with_field("traits.sex", "is missing");
  ASSERT_EQ(field.fields().size(), 1U);
  EXPECT_NE(std::string(field.what()).find("traits.sex"), std::string::npos);
  EXPECT_EQ(field.try_spent(), TrySpent::NO);
  InsiFault said;
  said.code = "insi_102";
  const Error fault = Error(Code::INSI_FAULT).with_insi_fault(said);
  EXPECT_EQ(fault.insi_fault()->code, "insi_102");
}

TEST(ErrorCatalogue, EveryCodeHasAWholeRowInItsPlace) {
  std::set<std::string_view> names;
  std::size_t index = 0;
  for (const CatalogueEntry& entry : error_catalogue()) {
    EXPECT_EQ(static_cast<std::size_t>(entry.code), index++);
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name << " comes twice";
    for (const auto text : {entry.summary_en, entry.summary_fr, entry.remedy_en, entry.remedy_fr}) {
      EXPECT_GE(text.size(), 10U) << entry.name;
      EXPECT_EQ(text.back(), '.') << entry.name;
    }
    EXPECT_EQ(&catalogue_entry(entry.code), &entry);
    EXPECT_FALSE(to_string(entry.layer).empty());
    EXPECT_FALSE(to_string(entry.retry).empty());
  }
}

TEST(Random, TwoDigitsAByteAndNeverTheSame) {
  const std::string one = random_hex(16);
  EXPECT_EQ(one.size(), 32U);
  EXPECT_EQ(one.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(one, random_hex(16));
  EXPECT_EQ(code_of([] { random_bytes(257); }), Code::INTERNAL);
}

TEST(ErrorCatalogue, TheDeskReadsNoHexAndNoStatusWord) {
  for (const CatalogueEntry& entry : error_catalogue()) {
    for (const std::string_view word : {"0x", "PROV", "QUAL", "SCARD", "CKR"}) {
      EXPECT_EQ(entry.summary_fr.find(word), std::string_view::npos) << entry.name;
      EXPECT_EQ(entry.remedy_fr.find(word), std::string_view::npos) << entry.name;
    }
  }
}

}  // namespace
}  // namespace insd
