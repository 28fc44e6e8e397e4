// SPDX-License-Identifier: Apache-2.0
#include "daemon/identity/local_traits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/identity/people.h"

namespace insd::identity {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const TraitsInput kTyped{"d'Houilles", "Pierre-Paul Jacques", "Pierre", "M", "1993-01-27", "2b020"};

std::vector<std::string> paths(const Violations& violations) {
  std::vector<std::string> found;
  try {
    violations.throw_if_any();
  } catch (const Error& error) {
    for (const auto& field : error.fields()) found.push_back(field.path);
  }
  return found;
}

std::vector<std::string> refused(const TraitsInput& input, Spelling spelling = Spelling::TYPED) {
  Violations violations("traits");
  local_traits(input, spelling, Completeness::MINIMAL, violations);
  return paths(violations);
}

TEST(LocalTraits, WhatIsTypedBecomesCapitals) {
  Violations violations("traits");
  const Traits traits = local_traits(kTyped, Spelling::TYPED, Completeness::MINIMAL, violations);
  EXPECT_THAT(paths(violations), IsEmpty());
  EXPECT_EQ(traits,
            (Traits{"D'HOUILLES", "PIERRE-PAUL JACQUES", "PIERRE", Sex::MALE, "1993-01-27", "2B020"}));
}

TEST(LocalTraits, WhatWasKeptStaysByteForByte) {
  TraitsInput odd = kTyped;
  odd.birth_name = "-DE  LA--TOUR";
  Violations violations("traits");
  EXPECT_EQ(local_traits(odd, Spelling::KEPT, Completeness::MINIMAL, violations).birth_name, "-DE  LA--TOUR");
  EXPECT_THAT(paths(violations), IsEmpty());
}

TEST(LocalTraits, EveryFaultIsNamedAtOnce) {
  EXPECT_THAT(refused({}),
              ElementsAre("traits.birth_name", "traits.first_given_name", "traits.sex", "traits.birth_date"));
  EXPECT_THAT(refused({std::string(1'000'000, 'A'), "PIERRE- PAUL", std::string("A\0B", 3), "X", "27/01/1993",
                       "632200"}),
              ElementsAre("traits.birth_name", "traits.given_names", "traits.first_given_name", "traits.sex",
                          "traits.birth_date", "traits.birth_place"));
}

TEST(LocalTraits, KeptNamesAreBoundedToo) {
  for (const std::string& bad :
       {std::string(1'000'000, 'A'), std::string("A\0B", 3), std::string("\xff"), std::string("''")}) {
    TraitsInput input = kTyped;
    input.birth_name = bad;
    EXPECT_THAT(refused(input, Spelling::KEPT), ElementsAre("traits.birth_name"));
  }
}

TEST(LocalTraits, AFirstGivenNameOfAnotherListIsRefused) {
  TraitsInput input = kTyped;
  input.first_given_name = "JACQUES";
  EXPECT_THAT(refused(input), ElementsAre("traits.first_given_name"));
}

TEST(FreeName, IsPrintableTextOfOneHundredCharacters) {
  const auto judged = [](const std::string& text) {
    Violations violations("used_names");
    free_name(text, "used_name", violations);
    return paths(violations);
  };
  EXPECT_THAT(judged("Zo\u00eb d'\u00c9t\u00e9 3"), IsEmpty());
  EXPECT_THAT(judged(""), IsEmpty());
  for (const std::string& bad :
       {std::string(101, 'a'), std::string("a\nb"), std::string("\xff"), std::string("a\0b", 3)}) {
    EXPECT_THAT(judged(bad), ElementsAre("used_names.used_name"));
  }
}

TEST(LocalNumber, IsWholeAndItsKeyRight) {
  const auto judged = [](NationalNumber number) {
    Violations violations("number");
    local_number(number, violations);
    return paths(violations);
  };
  EXPECT_THAT(judged({"109076322083489", "", kNir, "", ""}), IsEmpty());
  EXPECT_THAT(judged({"1090763220834", "89", kNir, "2010-01-01", ""}), IsEmpty());
  EXPECT_THAT(judged({"180032B020401", "23", kNir, "", ""}), IsEmpty());
  EXPECT_THAT(judged({"1090763220834", "", kNir, "", ""}), IsEmpty());
  EXPECT_THAT(judged({"1090763220834", "88", kNir, "", ""}), ElementsAre("number.key"));
  EXPECT_THAT(judged({"109076322083", "89", "1.2.250.1.213.1.4.2", "x", "y"}),
              ElementsAre("number.number", "number.oid", "number.start_date", "number.end_date"));
}

}  // namespace
}  // namespace insd::identity
