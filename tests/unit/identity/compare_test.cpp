// SPDX-License-Identifier: Apache-2.0
#include "daemon/identity/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/identity/people.h"

namespace insd::identity {
namespace {

using testing::Contains;
using testing::IsEmpty;

const TraitLine& line(const Comparison& comparison, TraitName trait) {
  return comparison.traits.at(static_cast<std::size_t>(trait));
}

Comparison with(const std::function<void(Known&, Answer&)>& change) {
  Known known{typed_houilles(), std::nullopt, false};
  Answer answer = houilles();
  change(known, answer);
  return compare(known, answer);
}

TEST(Compare, EverythingEqualIsToBeAccepted) {
  const auto same = with([](Known&, Answer&) {});
  for (const TraitLine& each : same.traits) {
    EXPECT_EQ(each.verdict, Verdict::EQUAL) << to_string(each.trait);
    EXPECT_FALSE(each.confirm);
  }
  EXPECT_EQ(same.advice, Advice::ACCEPT);
  EXPECT_THAT(same.reasons, IsEmpty());
}

TEST(Compare, SeparatorsAccentsAndCaseDoNotMakeADifference) {
  const auto seen = with([](Known& known, Answer& answer) {
    known.traits.given_names = "Pierre-Paul Jacques";
    known.traits.birth_name = "D\u2019H\u00e9rault";
    answer.traits.birth_name = "D'HERAULT";
  });
  EXPECT_EQ(line(seen, TraitName::BIRTH_NAME).verdict, Verdict::EQUAL);
  EXPECT_EQ(line(seen, TraitName::GIVEN_NAMES).verdict, Verdict::EQUAL_AFTER_SEPARATORS);
  EXPECT_EQ(seen.advice, Advice::ACCEPT);
}

TEST(Compare, AListThatIsFilledInMustBeConfirmed) {
  const auto seen = with([](Known& known, Answer&) { known.traits.given_names.clear(); });
  EXPECT_EQ(line(seen, TraitName::GIVEN_NAMES).verdict, Verdict::MISSING);
  EXPECT_TRUE(line(seen, TraitName::GIVEN_NAMES).confirm);
  EXPECT_EQ(line(seen, TraitName::FIRST_GIVEN_NAME).verdict, Verdict::COMPATIBLE_PREFIX);
  EXPECT_TRUE(line(seen, TraitName::FIRST_GIVEN_NAME).confirm);
  EXPECT_EQ(seen.advice, Advice::CONFIRM);
}

TEST(Compare, ACompatiblePrefixMustBeConfirmed) {
  const auto seen = with([](Known& known, Answer&) { known.traits.given_names = "PIERRE PAUL"; });
  EXPECT_EQ(line(seen, TraitName::GIVEN_NAMES).verdict, Verdict::COMPATIBLE_PREFIX);
  EXPECT_TRUE(line(seen, TraitName::GIVEN_NAMES).confirm);
  EXPECT_EQ(seen.advice, Advice::CONFIRM);
}

TEST(Compare, WhoeverWasFoundByAnotherGivenNameIsNeverEqual) {
  const auto seen = with([](Known&, Answer& answer) { answer.found_by_other_given_name = true; });
  for (const auto trait : {TraitName::GIVEN_NAMES, TraitName::FIRST_GIVEN_NAME}) {
    EXPECT_EQ(line(seen, trait).verdict, Verdict::COMPATIBLE_PREFIX);
    EXPECT_TRUE(line(seen, trait).confirm);
  }
  EXPECT_EQ(seen.advice, Advice::CONFIRM);
  EXPECT_THAT(seen.reasons, Contains("FOUND_BY_OTHER_GIVEN_NAME"));
}

TEST(Compare, AFirstGivenNameFromTheMiddleOfTheListDiffers) {
  const auto seen = with([](Known& known, Answer&) {
    known.traits.given_names.clear();
    known.traits.first_given_name = "JACQUES";
  });
  EXPECT_EQ(line(seen, TraitName::FIRST_GIVEN_NAME).verdict, Verdict::DIFFERENT);
  EXPECT_EQ(seen.advice, Advice::VIGILANCE);
  EXPECT_THAT(seen.reasons, Contains("FIRST_GIVEN_NAME_NOT_COHERENT"));
}

TEST(Compare, AnyOtherDifferenceAsksForVigilance) {
  const std::vector<std::function<void(Traits&)>> changes = {
      [](Traits& traits) { traits.birth_name = "HOUILLE"; },
      [](Traits& traits) { traits.sex = Sex::FEMALE; },
      [](Traits& traits) { traits.sex = Sex::INDETERMINATE; },
      [](Traits& traits) { traits.birth_date = "1993-01-28"; },
      [](Traits& traits) { traits.birth_place = "63221"; },
      [](Traits& traits) { traits.given_names = "PIERRE JACQUES PAUL"; }};
  for (const auto& change : changes) {
    EXPECT_EQ(with([&](Known& known, Answer&) { change(known.traits); }).advice, Advice::VIGILANCE);
  }
}

TEST(Compare, OnlyTheBirthPlaceMayBeMissingFromAnAnswer) {
  const auto place = with([](Known&, Answer& answer) { answer.traits.birth_place.clear(); });
  EXPECT_EQ(line(place, TraitName::BIRTH_PLACE).verdict, Verdict::MISSING);
  EXPECT_EQ(place.advice, Advice::ACCEPT);
  const auto date = with([](Known&, Answer& answer) { answer.traits.birth_date.clear(); });
  EXPECT_TRUE(line(date, TraitName::BIRTH_DATE).confirm);
  const auto unknown = with([](Known& known, Answer&) { known.traits.birth_place = "99999"; });
  EXPECT_EQ(line(unknown, TraitName::BIRTH_PLACE).verdict, Verdict::MISSING);
  EXPECT_TRUE(line(unknown, TraitName::BIRTH_PLACE).confirm);
}

TEST(Compare, TheCompletedDateIsTheLunarOne) {
  const auto seen = with([](Known& known, Answer& answer) {
    known.traits.birth_date = "1993-12-31";
    answer.traits.birth_date = "1993-00-00";
  });
  EXPECT_EQ(line(seen, TraitName::BIRTH_DATE).verdict, Verdict::EQUAL);
}

TEST(Compare, TheSameNumberWhateverItsKey) {
  const auto seen = with([](Known& known, Answer& answer) {
    known.number = answer.number;
    answer.number.key = "10";
  });
  EXPECT_EQ(seen.number, NumberRelation::SAME);
  EXPECT_EQ(seen.advice, Advice::ACCEPT);
  EXPECT_THAT(seen.reasons, Contains("RETURNED_KEY_INVALID"));
}

TEST(Compare, AnotherNumberIsACollision) {
  const auto seen = with([](Known& known, Answer&) {
    known.number = NationalNumber{"2090763220834", "39", kNir, "", ""};
  });
  EXPECT_EQ(seen.number, NumberRelation::DIFFERENT_PERSON);
  EXPECT_EQ(seen.advice, Advice::STOP);
}

TEST(Compare, TheSameDigitsOfAnotherAuthorityAreAnotherNumber) {
  const auto seen = with([](Known& known, Answer& answer) {
    known.number = answer.number;
    known.number->oid = kNia;
  });
  EXPECT_EQ(seen.number, NumberRelation::DIFFERENT_PERSON);
}

TEST(Compare, ANumberOfTheHistoryIsTheSamePerson) {
  const auto seen = with([](Known& known, Answer& answer) {
    known.number = NationalNumber{"1090763220888", "35", kNia, "", ""};
    answer.history = {answer.number, *known.number};  // a history may hold the active number
  });
  EXPECT_EQ(seen.number, NumberRelation::CHANGED_KNOWN_HISTORY);
  EXPECT_EQ(seen.advice, Advice::CONFIRM);
  EXPECT_THAT(seen.reasons, Contains("NUMBER_CHANGED"));
}

TEST(Compare, T_INS_01_AnAnswerAboutSomebodyElseIsStopped) {
  EXPECT_EQ(with([](Known&, Answer& answer) { answer.blocked = true; }).advice, Advice::STOP);
}

TEST(Compare, ANumberAndAnAnswerOfAnotherEnvironmentAreStopped) {
  const auto seen = with([](Known& known, Answer& answer) {
    known.number = answer.number;
    answer.test_environment = true;
  });
  EXPECT_EQ(seen.advice, Advice::STOP);
  EXPECT_THAT(seen.reasons, Contains("ANOTHER_ENVIRONMENT"));
}

}  // namespace
}  // namespace insd::identity
