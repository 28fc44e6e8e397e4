// SPDX-License-Identifier: Apache-2.0
#include "daemon/identity/traits.h"

#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/base/error.h"

namespace insd::identity {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

SearchTraits artagnan() {
  return {"D'Artagnan de l'Hérault", {"Pierre-Alain"}, Sex::MALE, "2001-06-17", "63220"};
}

std::vector<std::string> refused_paths(const SearchTraits& traits) {
  std::vector<std::string> paths;
  try {
    normalise(traits, "traits");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::TRAITS_INVALID);
    for (const auto& field : error.fields()) paths.push_back(field.path);
  }
  return paths;
}

TEST(Traits, are_normalised) {
  const auto traits = normalise(artagnan(), "traits");
  EXPECT_EQ(traits.birth_name, "D'ARTAGNAN DE L'HERAULT");
  EXPECT_THAT(traits.given_names, ElementsAre("PIERRE-ALAIN"));
  EXPECT_EQ(traits.sex, Sex::MALE);
  EXPECT_EQ(traits.birth_date, "2001-06-17");
  EXPECT_EQ(traits.birth_place, "63220");
}

TEST(Traits, normalising_twice_changes_nothing) {
  const auto once = normalise(artagnan(), "");
  const auto twice = normalise(once, "");
  EXPECT_EQ(twice.birth_name, once.birth_name);
  EXPECT_EQ(twice.given_names, once.given_names);
  EXPECT_EQ(twice.birth_date, once.birth_date);
  EXPECT_EQ(twice.birth_place, once.birth_place);
}

TEST(Traits, all_refusals_come_at_once) {
  const SearchTraits traits{"DUP0NT", {"ZOE", "Z0E"}, Sex::UNSPECIFIED, "31/12/1975", "99999"};
  EXPECT_THAT(refused_paths(traits), ElementsAre("traits.birth_name", "traits.given_names[1]", "traits.sex",
                                                 "traits.birth_date", "traits.birth_place"));
}

TEST(Traits, each_field_alone) {
  struct Case {
    std::function<void(SearchTraits&)> spoil;
    std::string path;
  };
  const std::vector<Case> cases = {
      {[](auto& t) { t.birth_name.clear(); }, "traits.birth_name"},
      {[](auto& t) { t.given_names.clear(); }, "traits.given_names"},
      {[](auto& t) { t.given_names = {""}; }, "traits.given_names[0]"},
      {[](auto& t) { t.given_names.assign(21, "A"); }, "traits.given_names"},
      {[](auto& t) { t.sex = Sex::UNSPECIFIED; }, "traits.sex"},
      {[](auto& t) { t.birth_date.clear(); }, "traits.birth_date"},
      {[](auto& t) { t.birth_date = "20010617"; }, "traits.birth_date"},
      {[](auto& t) { t.birth_place = ""; }, "traits.birth_place"},
      {[](auto& t) { t.birth_place = "34000 Montpellier"; }, "traits.birth_place"},
      {[](auto& t) { t.birth_place = "99999"; }, "traits.birth_place"},
  };
  for (const auto& [spoil, path] : cases) {
    auto traits = artagnan();
    spoil(traits);
    EXPECT_THAT(refused_paths(traits), ElementsAre(path));
  }
}

TEST(Traits, many_names_pass_though_together_they_would_be_too_long) {
  auto traits = artagnan();
  traits.given_names.assign(6, std::string(20, 'A'));
  EXPECT_THAT(refused_paths(traits), ElementsAre());
}

TEST(Traits, lunar_dates_and_absent_places_pass) {
  auto traits = artagnan();
  traits.birth_date = "1950-00-00";
  traits.birth_place.reset();
  EXPECT_THAT(refused_paths(traits), ElementsAre());
  EXPECT_FALSE(normalise(traits, "").birth_place);
  traits.birth_place = "2b020";
  EXPECT_EQ(normalise(traits, "").birth_place, "2B020");
}

TEST(Traits, paths_without_a_prefix) {
  try {
    normalise({}, "");
    FAIL() << "accepted nothing at all";
  } catch (const Error& error) {
    ASSERT_FALSE(error.fields().empty());
    EXPECT_EQ(error.fields()[0].path, "birth_name");
  }
}

TEST(Traits, no_refusal_repeats_a_datum) {
  try {
    normalise({"SECRET1", {"SECRET2"}, Sex::UNSPECIFIED, "SECRET3", "SECRET4"}, "traits");
    FAIL() << "accepted nonsense";
  } catch (const Error& error) {
    EXPECT_EQ(error.fields().size(), 5U);
    EXPECT_THAT(error.what(), Not(HasSubstr("SECRET")));
  }
}

TEST(Traits, given_names_travel_as_one_text) {
  SearchTraits traits;
  traits.given_names = {"PIERRE", "PAUL", "JACQUES"};
  EXPECT_EQ(joined_given_names(traits), "PIERRE PAUL JACQUES");
}

}  // namespace
}  // namespace insd::identity
