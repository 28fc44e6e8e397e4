// SPDX-License-Identifier: Apache-2.0
#include "daemon/identity/matricule.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "daemon/identity/oid.h"

namespace insd::identity {
namespace {

// Published numbers whose key is right (specs: ins-rules 2, insi 6).
constexpr std::string_view kRight[] = {
    "109076322083489", "209076322083439", "209066322012355", "109076322088835", "180032B02040123",
    "160012B02077713", "275126322074974", "110086322083060", "236066322083656", "279035121518989",
    "260058815400233", "277010115400329", "297022A02077878", "101066322075460", "114026322083356",
    "181036322045676", "277076322082910", "207058575627097", "181016322075140",
};

// Official-looking material with a wrong key: published number and key, and the key that belongs to it.
struct Wrong {
  std::string_view published;
  std::string_view right_key;
};
constexpr Wrong kWrong[] = {{"181036322045660", "76"}, {"281036322045610", "26"}, {"221042545611404", "83"}};

TEST(Matricule, published_keys_match) {
  for (const auto text : kRight) {
    const auto matricule = parse_matricule(text);
    ASSERT_TRUE(matricule) << text;
    EXPECT_EQ(matricule->number + matricule->key, text);
    EXPECT_TRUE(key_matches(*matricule))
        << text << " computed " << computed_key(matricule->number).value_or("?");
  }
}

TEST(Matricule, wrong_keys_of_official_material_are_told) {
  for (const auto& wrong : kWrong) {
    const auto matricule = parse_matricule(wrong.published);
    ASSERT_TRUE(matricule) << "the form is right, so it parses";
    EXPECT_FALSE(key_matches(*matricule));
    EXPECT_EQ(computed_key(matricule->number), wrong.right_key);
  }
}

TEST(Matricule, three_written_forms) {
  EXPECT_EQ(parse_matricule("2751263220749"), (Matricule{"2751263220749", ""}));
  EXPECT_EQ(parse_matricule("275126322074974"), (Matricule{"2751263220749", "74"}));
  EXPECT_EQ(parse_matricule("2751263220749 74"), (Matricule{"2751263220749", "74"}));
}

TEST(Matricule, other_forms_are_refused) {
  for (const std::string_view text :
       {"", "275126322074", "27512632207497", "2751263220749 7", "2751263220749  74", "2751263220749-74",
        " 275126322074974", "275126322074974 ", "2751263220749740", "275126322074A74", "2751263220749A4",
        "27512632 2074974", "180032C02040123", "180032b02040123", "18003A202040123"}) {
    EXPECT_FALSE(parse_matricule(text)) << text;
  }
  EXPECT_FALSE(parse_matricule(std::string_view("\0\0\0\0\0\0\0\0\0\0\0\0\0", 13)));
}

TEST(Matricule, month_and_department_are_not_judged) {
  for (const std::string_view number : {"1800000000001", "1809963220001", "2794299999001"}) {
    EXPECT_TRUE(parse_matricule(number)) << number;
    EXPECT_TRUE(computed_key(number)) << number;
  }
}

TEST(Matricule, an_answer_may_hold_any_letter_in_seventh_place) {
  EXPECT_TRUE(is_answer_number("180032B020401"));
  EXPECT_TRUE(is_answer_number("180032z020401"));
  EXPECT_TRUE(is_answer_number("2751263220749"));
  EXPECT_FALSE(is_answer_number("18003Z2020401"));
  EXPECT_FALSE(is_answer_number("180032-020401"));
  EXPECT_FALSE(is_answer_number("180032B02040"));
  EXPECT_FALSE(computed_key("180032z020401")) << "no rule gives its key";
}

TEST(Matricule, an_absent_key_does_not_match) {
  EXPECT_FALSE(key_matches({"2751263220749", ""}));
}

// Corsica by the other published method: 2A -> 19 and 2B -> 18 written in the number itself.
TEST(Matricule, corsica_agrees_with_the_method_by_substitution) {
  std::mt19937 random(20260101);  // NOLINT: the same inputs in every run
  std::uniform_int_distribution<int> digit('0', '9');
  for (int i = 0; i < 2000; ++i) {
    std::string number;
    while (number.size() < 13) number += static_cast<char>(digit(random));
    const bool south = i % 2 == 0;
    std::string substituted = number;
    number.replace(5, 2, south ? "2A" : "2B");
    substituted.replace(5, 2, south ? "19" : "18");
    ASSERT_EQ(computed_key(number), computed_key(substituted)) << number;
  }
}

TEST(Matricule, every_key_makes_number_and_key_a_multiple_of_97) {
  std::mt19937_64 random(20260102);  // NOLINT: the same inputs in every run
  std::uniform_int_distribution<long long> numbers(0, 9'999'999'999'999);
  for (int i = 0; i < 2000; ++i) {
    const long long value = i == 0 ? 0 : numbers(random);
    std::string number = std::to_string(value);
    number.insert(0, 13 - number.size(), '0');
    const auto key = computed_key(number);
    ASSERT_TRUE(key && is_key(*key)) << number;
    EXPECT_GE(*key, "01");
    EXPECT_LE(*key, "97");
    EXPECT_EQ((value + std::stoll(*key)) % 97, 0) << number;
    EXPECT_TRUE(key_matches({number, *key}));
  }
}

TEST(Matricule, any_bytes_are_answered) {
  std::mt19937 random(20260103);  // NOLINT: the same inputs in every run
  std::uniform_int_distribution<int> byte(0, 255);
  std::uniform_int_distribution<std::size_t> size(0, 20);
  for (int i = 0; i < 20000; ++i) {
    std::string text(size(random), '\0');
    for (auto& c : text) c = static_cast<char>(byte(random));
    const auto matricule = parse_matricule(text);
    if (matricule) {
      EXPECT_TRUE(is_number(matricule->number));
    }
    static_cast<void>(computed_key(text));
    static_cast<void>(find_oid(text));
  }
}

TEST(Oid, the_four_current_ones) {
  const auto nir = find_oid("1.2.250.1.213.1.4.8");
  ASSERT_TRUE(nir);
  EXPECT_EQ(nir->kind, MatriculeKind::NIR);
  EXPECT_EQ(nir->environment, OidEnvironment::PRODUCTION);
  EXPECT_EQ(find_oid("1.2.250.1.213.1.4.9")->kind, MatriculeKind::NIA);
  EXPECT_EQ(find_oid("1.2.250.1.213.1.4.10")->environment, OidEnvironment::TEST);
  EXPECT_EQ(find_oid("1.2.250.1.213.1.4.11")->environment, OidEnvironment::DEMO);
}

TEST(Oid, others_are_unknown) {
  for (const std::string_view text : {"", "1.2.250.1.213.1.4", "1.2.250.1.213.1.4.2", "1.2.250.1.213.1.4.80",
                                      " 1.2.250.1.213.1.4.8", "urn:oid:1.2.250.1.213.1.4.8"}) {
    EXPECT_FALSE(find_oid(text)) << text;
  }
}

}  // namespace
}  // namespace insd::identity
