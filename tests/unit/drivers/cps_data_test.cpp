// SPDX-License-Identifier: Apache-2.0
// The data objects of a CPS: read as they stand, told only when they are of the form that is known in public.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/cps/card_data.h"
#include "drivers/cps/cps.h"
#include "tests/unit/drivers/card_double.h"
#include "tests/unit/drivers/expect_error.h"

namespace insd::test {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

Bytes activity(const Bytes& parts) {
  return tlv(0xEE, parts);
}

const Bytes kParts =
    tlv(0x84, text("CABINET EXEMPLE")) + tlv(0x85, text("399999999900027")) + tlv(0x86, text("SA07"));

TEST(CpsDataTest, ObjectsByTheirLabels) {
  for (const bool relative : {false, true}) {
    CpsIds ids;
    ids.relative_paths = relative;
    FakeCps card(ids);
    card.add_data("CPS_ID_CARD", "D101", text("x"));
    card.add_data("CPS_INFO_PS", "D104", text("anything SM26"));
    card.add_data("CPS_ACTIVITY_01_PS", "D110", activity(kParts), true);
    card.add_data("CPS_ACTIVITY_04_PS", "D113", {}, true);
    const auto layout = cps::read_layout(card);
    const auto info = cps::read_data_objects(card, layout, cps::kInfoLabel);
    ASSERT_THAT(info, SizeIs(1));
    EXPECT_EQ(info[0].label, "CPS_INFO_PS");
    EXPECT_EQ(info[0].value, text("anything SM26"));
    EXPECT_EQ(code_of([&] { cps::read_data_objects(card, layout, cps::kActivityPrefix); }),
              Code::CARD_ACCESS_DENIED);
    card.verified = true;
    const auto activities = cps::read_data_objects(card, layout, cps::kActivityPrefix);
    ASSERT_THAT(activities, SizeIs(2));
    EXPECT_EQ(activities[0].value, activity(kParts));
    EXPECT_EQ(activities[1].label, "CPS_ACTIVITY_04_PS");
    EXPECT_THAT(activities[1].value, IsEmpty());
  }
}

TEST(CpsDataTest, ACardWithoutThemHasNone) {
  FakeCps card;
  EXPECT_THAT(cps::read_data_objects(card, cps::read_layout(card), ""), IsEmpty());
}

TEST(CpsDataTest, T_CARD_05_DirectoriesAndValuesWithoutEnd) {
  FakeCps card;
  card.add_data("CPS_INFO_PS", "D104", Bytes(65536, 0x41));
  const auto layout = cps::read_layout(card);
  EXPECT_THAT(cps::read_data_objects(card, layout, "CPS").at(0).value, IsEmpty())
      << "cut, it has another end";
  card.files["3F000001D104"] = Bytes(1024, 0x41);
  EXPECT_THAT(cps::read_data_objects(card, layout, "CPS").at(0).value, SizeIs(1024));
  card.files.erase("3F000001D104");
  EXPECT_THAT(cps::read_data_objects(card, layout, "CPS").at(0).value, IsEmpty())
      << "announced and not there";
  card.files["3F0000017005"] = Bytes(65536, 0x30);
  EXPECT_EQ(code_of([&] { cps::read_data_objects(card, layout, "CPS"); }), Code::CARD_DATA_INVALID);
  EXPECT_LT(card.log.size(), 200U);
  card.files.erase("3F0000017005");
  EXPECT_EQ(code_of([&] { cps::read_data_objects(card, layout, "CPS"); }), Code::CARD_DATA_INVALID)
      << "announced and not there";
}

TEST(CpsDataTest, T_CARD_04_ManyObjectsThatEachBreakOffAreAskedABoundedNumberOfTimes) {
  FakeCps card;
  for (int i = 0; i < 32; ++i) card.add_data("CPS_ACTIVITY_01_PS", "D110", text("x"));
  const auto layout = cps::read_layout(card);
  const std::size_t before = card.log.size();
  // A chain of answers without end, from each READ BINARY of a data object.
  bool chained = false;
  card.lie = [&](ByteView command) -> std::optional<Bytes> {
    if (command[1] == 0xA4) chained = command.back() == 0x10;
    const bool more = chained && (command[1] == 0xB0 || command[1] == 0xC0);
    return more ? std::optional(from_hex("AA6101")) : std::nullopt;
  };
  const auto objects = cps::read_data_objects(card, layout, "CPS_");
  ASSERT_THAT(objects, SizeIs(32));
  EXPECT_THAT(objects.back().value, IsEmpty());
  EXPECT_LE(card.log.size() - before, 500U);
}

TEST(CpsDataTest, SpecialityIsWhatEndsTheObject) {
  EXPECT_EQ(cps::speciality_code(from_hex("EC06 8004 534D3236")), "SM26");
  EXPECT_EQ(cps::speciality_code(as_bytes("SM54")), "SM54");
  for (const char* other : {"", "M26", "....", "sm26", "SM2X", "SM26 ", "2626"}) {
    EXPECT_EQ(cps::speciality_code(as_bytes(other)), std::nullopt) << other;
  }
  EXPECT_EQ(cps::speciality_code(text("SM26") + Bytes{0x00}), std::nullopt) << "another end is another form";
}

TEST(CpsDataTest, ActivityNumbers) {
  EXPECT_EQ(cps::activity_number("CPS_ACTIVITY_01_PS"), 1U);
  EXPECT_EQ(cps::activity_number("CPS_ACTIVITY_16_PS"), 16U);
  for (const char* other :
       {"CPS_ACTIVITY_00_PS", "CPS_ACTIVITY_1_PS", "CPS_ACTIVITY_001_PS", "CPS_ACTIVITY__PS",
        "CPS_ACTIVITY_PS", "CPS2TER_ACTIVITY_01_PS", "CPS_ACTIVITY_+1_PS", "", "CPS_INFO_PS"}) {
    EXPECT_EQ(cps::activity_number(other), std::nullopt) << other;
  }
}

TEST(CpsDataTest, AnActivityOfTheKnownForm) {
  const auto found = cps::parse_activity(3, activity(kParts) + Bytes(10, 0x00));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->number, 3U);
  EXPECT_EQ(found->structure_name, "CABINET EXEMPLE");
  EXPECT_EQ(found->structure_id, "399999999900027");
  EXPECT_EQ(found->sector_code, "SA07");
}

TEST(CpsDataTest, T_CARD_06_WhatIsOfAnotherFormIsNotTold) {
  for (const Bytes& value :
       {Bytes(), Bytes(1, 0xEE), from_hex("EE80"), from_hex("EE05 84"), tlv(0xEF, kParts), kParts,
        tlv(0xEE, {}), tlv(0xEE, Bytes(20, 0xFF)), Bytes(1024, 0x30)}) {
    EXPECT_EQ(cps::parse_activity(1, value), std::nullopt) << to_hex(value);
  }
  const auto part = [](std::uint8_t tag, std::string_view value) {
    return cps::parse_activity(1, activity(tlv(0x84, text("X")) + tlv(tag, text(value))));
  };
  EXPECT_EQ(part(0x85, "12\n34")->structure_id, "");
  EXPECT_EQ(part(0x85, std::string(21, '1'))->structure_id, "");
  EXPECT_EQ(part(0x86, "SM26")->sector_code, "") << "a speciality is no sector";
  EXPECT_EQ(part(0x86, "SA7")->sector_code, "");
  EXPECT_EQ(part(0x86, "SA07")->structure_name, "X");
  // ISO 8859-1, bidirectional marks, control characters, length.
  for (const std::string& name : {std::string("CLINIQUE \xC9"),
                                  std::string("A\xE2\x80\xAE"
                                              "B"),
                                  std::string("A\nB"), std::string("A\0B", 3), std::string(201, 'A')}) {
    const auto found = cps::parse_activity(1, activity(tlv(0x84, text(name)) + tlv(0x86, text("SA07"))));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->structure_name, "");
  }
}

}  // namespace
}  // namespace insd::test
