// SPDX-License-Identifier: Apache-2.0
#include "daemon/identity/given_names.h"

#include <gtest/gtest.h>

namespace insd::identity {
namespace {

TEST(GivenNames, AFirstGivenNameIsAPrefixOfTheListInWholeWords) {
  const std::string list = "JEAN CHRISTOPHE PIERRE";
  for (const char* good :
       {"JEAN", "JEAN CHRISTOPHE", "JEAN-CHRISTOPHE", "Jean-Christophe", "JEAN CHRISTOPHE PIERRE"}) {
    EXPECT_TRUE(is_coherent(good, list)) << good;
  }
  for (const char* bad :
       {"CHRISTOPHE", "JEAN PIERRE", "JEA", "JEAN C", "JEAN CHRISTOPHE PIERRE PAUL", "", " ", "-"}) {
    EXPECT_FALSE(is_coherent(bad, list)) << bad;
  }
}

TEST(GivenNames, HyphenAndApostropheCountAsASpaceOnBothSides) {
  EXPECT_TRUE(is_coherent("ANNE SOPHIE", "ANNE-SOPHIE MARIE"));
  EXPECT_TRUE(is_coherent("N GUESSAN", "N'GUESSAN KOUADIO"));
  EXPECT_TRUE(is_coherent("N\u2019Guessan", "N'GUESSAN KOUADIO"));
  EXPECT_EQ(as_words(" -L'H\u00e9rault--Jean "), "L HERAULT JEAN");
}

TEST(GivenNames, WhatHasNoTransliterationKeepsItsBytes) {
  EXPECT_EQ(as_words("\xff-\x01"), "\xff \x01");
  EXPECT_FALSE(is_coherent("\xff", ""));
  EXPECT_TRUE(is_coherent("\xff", "\xff"));
}

}  // namespace
}  // namespace insd::identity
