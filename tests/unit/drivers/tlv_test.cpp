// SPDX-License-Identifier: Apache-2.0
#include "drivers/iso7816/tlv.h"

#include <gtest/gtest.h>

#include "tests/unit/drivers/expect_error.h"

namespace insd::iso7816 {
namespace {

using test::code_of;

Bytes bytes_of(const std::optional<ByteView>& view) {
  return view ? Bytes(view->begin(), view->end()) : from_hex("DEAD");
}

// Identity of two fictitious people (specs: vitale 8), then padding.
const Bytes kIdentity = from_hex(
    "651C8006445552414E4481084E415448414C4945820831393639303532376517"
    "8006445552414E4481034C454F8208323031303039333100000000");

TEST(Tlv, ReadsTheElementsOfOneLevel) {
  const auto level = parse_tlv(kIdentity);
  ASSERT_EQ(level.size(), 2U);
  EXPECT_EQ(level[0].tag, 0x65U);
  EXPECT_EQ(level[0].value.size(), 0x1CU);
  EXPECT_TRUE(level[0].constructed());
  const auto person = parse_tlv(level[1].value);
  EXPECT_EQ(bytes_of(find_tlv(person, 0x81)), from_hex("4C454F"));
  EXPECT_FALSE(find_tlv(person, 0x93));
  EXPECT_FALSE(person[0].constructed());
}

TEST(Tlv, ReadsLongTagsAndLengths) {
  const auto bytes = from_hex("7F21 04 5F3701AA  5F8201 8101 BB  04820001CC  0483000001DD");
  const auto level = parse_tlv(bytes);
  ASSERT_EQ(level.size(), 4U);
  EXPECT_EQ(level[0].tag, 0x7F21U);
  EXPECT_TRUE(level[0].constructed());
  EXPECT_EQ(level[1].tag, 0x5F8201U);
  EXPECT_FALSE(level[1].constructed());
  EXPECT_EQ(level[1].value[0], 0xBB);
  EXPECT_EQ(level[2].value[0], 0xCC);
  EXPECT_EQ(level[3].value[0], 0xDD);
}

TEST(Tlv, AnEmptyBufferAndPureZerosAreNoElements) {
  EXPECT_TRUE(parse_tlv({}).empty());
  EXPECT_TRUE(parse_tlv(Bytes(100, 0)).empty());
}

TEST(Tlv, ZerosAreAnErrorWhenPaddingIsNotAllowedOrNotAtTheEnd) {
  EXPECT_EQ(code_of([&] { parse_tlv(from_hex("800100 0000"), {.zero_padding = false}); }),
            Code::CARD_DATA_INVALID);
  EXPECT_EQ(code_of([&] { parse_tlv(from_hex("8001AA 00 8001BB")); }), Code::CARD_DATA_INVALID);
}

TEST(Tlv, FindPathWalksDownConstructedElementsOnly) {
  const Bytes fci = from_hex("6F 08 8402ABCD A502 8701");
  EXPECT_EQ(code_of([&] { find_path(fci, {0x6F, 0xA5, 0x87}); }), Code::CARD_DATA_INVALID);
  const Bytes good = from_hex("6F 0A 8402ABCD A504 870205DC");
  EXPECT_EQ(bytes_of(find_path(good, {0x6F, 0x84})), from_hex("ABCD"));
  EXPECT_EQ(bytes_of(find_path(good, {0x6F, 0xA5, 0x87})), from_hex("05DC"));
  EXPECT_FALSE(find_path(good, {0x6F, 0x84, 0x01}));  // 84 is primitive, whatever its value looks like
  EXPECT_FALSE(find_path(good, {0x62, 0x84}));
  EXPECT_EQ(code_of([&] { find_path(good, {1, 2, 3, 4, 5, 6, 7, 8, 9}); }), Code::INTERNAL);
}

TEST(Tlv, TheNumberOfElementsIsBounded) {
  Bytes many;
  for (int i = 0; i < 1024; ++i) many.insert(many.end(), {0x80, 0x00});
  EXPECT_EQ(parse_tlv(many).size(), 1024U);
  many.insert(many.end(), {0x80, 0x00});
  EXPECT_EQ(code_of([&] { parse_tlv(many); }), Code::CARD_DATA_INVALID);
}

}  // namespace
}  // namespace insd::iso7816
