// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gtest/gtest.h>

#include "daemon/identity/birth_date.h"
#include "daemon/identity/cog.h"
#include "daemon/identity/sex.h"

namespace insd::identity {
namespace {

TEST(BirthDate, lunar_dates_are_dates) {
  for (const std::string_view date : {"1975-12-31", "1975-00-00", "1950-31-12", "1961-13-01", "0000-99-99"}) {
    EXPECT_TRUE(is_birth_date(date)) << date;
  }
}

TEST(BirthDate, other_forms_are_refused) {
  for (const std::string_view date : {"", "1975-12-3", "75-12-31", "1975/12/31", "31-12-1975", "1975-12-31 ",
                                      "1975-1a-31", "19751231", "+975-12-31", "1975-12-31T00:00:00"}) {
    EXPECT_FALSE(is_birth_date(date)) << date;
  }
}

TEST(BirthDate, the_card_form_keeps_its_parts) {
  EXPECT_EQ(birth_date_from_card("20090714"), "2009-07-14");
  EXPECT_EQ(birth_date_from_card("19500000"), "1950-00-00");
  EXPECT_EQ(birth_date_from_card("19615201"), "1961-52-01");
  for (const std::string_view text : {"", "2009071", "200907140", "2009-7-4", "2009 714", "2009071x"}) {
    EXPECT_FALSE(birth_date_from_card(text)) << text;
  }
}

TEST(BirthDate, the_calendar_is_only_a_hint) {
  EXPECT_TRUE(is_calendar_date("2000-02-29"));
  EXPECT_TRUE(is_calendar_date("1975-12-31"));
  EXPECT_FALSE(is_calendar_date("1900-02-29"));
  EXPECT_FALSE(is_calendar_date("1975-00-00"));
  EXPECT_FALSE(is_calendar_date("1961-13-01"));
  EXPECT_FALSE(is_calendar_date("not a date"));
}

TEST(Cog, communes_corsica_and_countries) {
  for (const std::string_view cog : {"63220", "2A020", "2B020", "97411", "99109", "99999", "01154"}) {
    EXPECT_TRUE(is_cog(cog)) << cog;
  }
  for (const std::string_view cog :
       {"", "6322", "632200", "A2020", "2C020", "2a020", "63 20", "63A20", "6322\n"}) {
    EXPECT_FALSE(is_cog(cog)) << cog;
  }
}

TEST(Cog, foreign_and_unknown) {
  EXPECT_TRUE(is_foreign("99109"));
  EXPECT_TRUE(is_foreign("99999"));
  EXPECT_FALSE(is_foreign("63220"));
  EXPECT_FALSE(is_foreign("99"));
  EXPECT_TRUE(is_unknown_place("99999"));
  EXPECT_FALSE(is_unknown_place("99109"));
}

TEST(Sex, only_m_and_f) {
  EXPECT_EQ(parse_sex("M"), Sex::MALE);
  EXPECT_EQ(parse_sex("F"), Sex::FEMALE);
  for (const std::string_view letter : {"", "I", "m", "f", "MF", "1"})
    EXPECT_EQ(parse_sex(letter), Sex::UNSPECIFIED);
  EXPECT_EQ(to_letter(Sex::MALE), "M");
  EXPECT_EQ(to_letter(Sex::FEMALE), "F");
  EXPECT_EQ(to_letter(Sex::UNSPECIFIED), "");
}

}  // namespace
}  // namespace insd::identity
