// SPDX-License-Identifier: Apache-2.0
#include "drivers/card_kind.h"

#include <type_traits>

#include <gtest/gtest.h>

#include "drivers/atr_pattern.h"

namespace insd {
namespace {

CardKind kind_of(std::string_view atr) {
  return classify_atr(from_hex(atr));
}

// The lists of specs vitale 1.1, 1.2, 1.3 and cps 2.1.
TEST(CardKindTest, VitaleTwoWithEveryListedMaskCounterAndWithOneNotSeenYet) {
  for (const char* counter : {"43", "44", "45", "46", "47", "48", "49", "4B", "4C", "4E"}) {
    EXPECT_EQ(kind_of("3B75130000" + std::string(counter) + "09EA9000"), CardKind::VITALE_2) << counter;
  }
  EXPECT_EQ(kind_of("3B751300004509FA9000"), CardKind::VITALE_2);
}

TEST(CardKindTest, VitaleOneAndItsNeighboursOfTheSameFamilyApart) {
  for (const char* atr :
       {"3F65250022096 99000", "3F6525002C09F99000", "3F6525002209F99000", "3F6525002C09699000",
        "3F65250052096A9000", "3F652500A3096A9000", "3F652500A4096A9000"}) {
    EXPECT_EQ(kind_of(atr), CardKind::VITALE_1) << atr;
  }
  EXPECT_EQ(kind_of("3F6525002B09EB9000"), CardKind::CP8);  // Bull Scot 5
  EXPECT_EQ(kind_of("3F6525082204689000"), CardKind::CP8);
  EXPECT_EQ(kind_of("3F6525002B09EB90"), CardKind::UNKNOWN);
  EXPECT_EQ(kind_of("3F6525002B09EB6000"), CardKind::UNKNOWN);
}

TEST(CardKindTest, CpsByGenerationAndFace) {
  EXPECT_EQ(kind_of("3BAC00402A001225006480000310009000"), CardKind::CPS_3);
  EXPECT_EQ(kind_of("3BAC00402A00122500648082021200 9000"), CardKind::CPS_3);
  EXPECT_EQ(kind_of("3B8F80010031B86404B0ECC1739401808290000E"), CardKind::CPS_3_CONTACTLESS);
  EXPECT_EQ(kind_of("3B9B188001001225006480040100009044"), CardKind::CPS_4);
  EXPECT_EQ(kind_of("3B9B188001001225006480000401009044"), CardKind::CPS_4);
  EXPECT_EQ(kind_of("3BDC18FF00001225006480000401009000"), CardKind::CPS_4);
}

TEST(CardKindTest, OtherCardsAndBrokenAtrsAreUnknown) {
  EXPECT_EQ(kind_of("3B67000 02D201601789000"), CardKind::UNKNOWN);  // agents of the health insurance
  EXPECT_EQ(kind_of("3B7C1100004753 45424C034248488001 01"), CardKind::UNKNOWN);
  for (const std::size_t length : {0U, 1U, 33U, 255U}) {
    EXPECT_EQ(classify_atr(Bytes(length, 0x3B)), CardKind::UNKNOWN) << length;
  }
  EXPECT_EQ(kind_of("3B7513000045 09EA90"), CardKind::UNKNOWN);
  EXPECT_EQ(kind_of("3B7513000045 09EA900000"), CardKind::UNKNOWN);
}

TEST(CardKindTest, FamiliesAndNames) {
  EXPECT_TRUE(is_vitale(CardKind::VITALE_1) && is_vitale(CardKind::VITALE_2) && !is_vitale(CardKind::CPS_3));
  EXPECT_TRUE(is_cps(CardKind::CPS_3) && is_cps(CardKind::CPS_3_CONTACTLESS) && is_cps(CardKind::CPS_4));
  EXPECT_FALSE(is_cps(CardKind::UNKNOWN) || is_vitale(CardKind::UNKNOWN));
  EXPECT_TRUE(is_unsupported(CardKind::VITALE_1) && is_unsupported(CardKind::CP8));
  EXPECT_FALSE(is_unsupported(CardKind::VITALE_2) || is_unsupported(CardKind::UNKNOWN));
  EXPECT_FALSE(is_vitale(CardKind::CP8));
  EXPECT_EQ(to_string(CardKind::CPS_3_CONTACTLESS), "CPS_3_CONTACTLESS");
  EXPECT_EQ(to_string(CardKind::UNKNOWN), "UNKNOWN");
}

// A mask of another length is not a pattern at all.
template <std::size_t Value, std::size_t Mask>
constexpr bool kPatternOf = std::is_constructible_v<AtrPattern, CardKind, const std::uint8_t (&)[Value],
                                                    const std::uint8_t (&)[Mask]>;
static_assert(kPatternOf<10, 10> && !kPatternOf<10, 9> && !kPatternOf<10, 11> && !kPatternOf<34, 34>);

}  // namespace
}  // namespace insd
