// SPDX-License-Identifier: Apache-2.0
#include "daemon/render/disclosure.h"

#include <gtest/gtest.h>

#include "drivers/base/error.h"
#include "tests/unit/render/everything.h"
#include "tests/unit/render/subjects.h"

namespace insd::render {
namespace {

using namespace test;

TEST(Disclosure, OnlyAQualifiedIdentityCarriesItsNumberInAnyFormat) {
  identity::Identity doubtful = qualified();
  doubtful.attributes.doubtful = true;
  identity::Identity fictitious = qualified();
  fictitious.attributes.fictitious = true;
  identity::Identity lapsed = qualified();
  lapsed.traits.birth_name = "DARC";  // the document was checked against another name
  identity::Identity unaccepted = qualified();
  unaccepted.acceptance.reset();
  for (const auto& each :
       {provisional(), retrieved(), validated(), doubtful, fictitious, lapsed, unaccepted}) {
    const Disclosure out = disclose(each, ipp());
    EXPECT_FALSE(out.number);
    EXPECT_TRUE(out.history.empty());
    EXPECT_FALSE(out.replaced);
    for (const auto& [format, text] : everything(out)) {
      EXPECT_EQ(text.find("2600588154002"), std::string::npos) << format;
      EXPECT_EQ(text.find("2 60 05 88 154 002"), std::string::npos) << format;
    }
  }
  const auto entitled = everything(disclose(qualified(), ipp()));
  EXPECT_EQ(entitled.size(), 8U);
  for (const auto& [format, text] : entitled) {
    const bool says_it = text.find("260058815400233") != std::string::npos ||
                         text.find("2 60 05 88 154 002 33") != std::string::npos;
    EXPECT_EQ(says_it, format != "label" && format != "datamatrix_svg") << format;
  }
}

TEST(Disclosure, TheEnvironmentOfTestsIsMarkedInEveryFormatAndStatus) {
  const std::map<std::string, std::string> marks = {
      {"fhir_2_1_0", "HTEST"},
      {"fhir_2_2_0", "HTEST"},
      {"hl7", "|T|2.5^FRA^2.11|"},
      {"cda", "assigningAuthorityName=\"IDENTITE DE TEST\""},
      {"payload", "S21.2.250.1.213.1.4.10S3"},
      {"datamatrix_svg", ">TEST</text>"},
      {"cartouche", "IDENTITÉ DE TEST"},
      {"label", "IDENTITÉ DE TEST"},
  };
  for (auto each : {provisional(), retrieved(), validated(), qualified(), changed_number()}) {
    for (const auto& [format, text] : everything(disclose(each, ipp()))) {
      EXPECT_EQ(text.find(marks.at(format)), std::string::npos) << format;
    }
    each.test_environment = true;
    for (const auto& [format, text] : everything(disclose(each, ipp()))) {
      EXPECT_NE(text.find(marks.at(format)), std::string::npos) << format << ": " << text;
    }
  }
}

TEST(Disclosure, ANumberOfTestsLeavesUnderTheAuthorityOfTests) {
  auto nir = qualified();
  nir.test_environment = true;
  EXPECT_EQ(disclose(nir, {}).number->authority.dotted, kNirTest);
  auto nia = qualified();
  nia.number->oid = kNia;
  nia.test_environment = true;
  EXPECT_EQ(disclose(nia, {}).number->authority.dotted, kNia);
  EXPECT_EQ(disclose(qualified(), {}).number->authority.dotted, kNir);
}

TEST(Disclosure, HistoryHasEachNumberOnceAndNeverTheActiveOne) {
  const Disclosure out = disclose(changed_number(), {});
  ASSERT_EQ(out.history.size(), 1U);
  EXPECT_EQ(out.history.front().text, "160058815400283");
}

TEST(Disclosure, AWrongKeyIsKeptAndSaidAMissingOneComputed) {
  auto wrong = qualified();
  wrong.number->key = "10";
  const Disclosure out = disclose(wrong, {});
  EXPECT_EQ(out.number->text, "260058815400210");
  EXPECT_EQ(out.warnings, std::vector<std::string>{"RETURNED_KEY_INVALID"});
  auto none = qualified();
  none.number->key.clear();
  EXPECT_EQ(disclose(none, {}).number->text, "260058815400233");
  EXPECT_TRUE(disclose(none, {}).warnings.empty());
}

std::string refused_path(const identity::Identity& identity, std::vector<LocalIdentifier> local = {}) {
  try {
    disclose(identity, std::move(local));
  } catch (const Error& error) {
    return error.fields().empty() ? error.what() : error.fields().front().path;
  }
  return {};
}

TEST(Disclosure, HostileTextsAreRefusedByTheirPathAndNeverRepeated) {
  using namespace std::string_literals;
  for (const std::string& bad :
       {"A\0B"s, "A\nB"s, "A\rPID|x"s, "\x1B[2J"s, "A\xC2\x85"s, "A\xFF"s, "\xC0\x80"s, "A\xE2\x80\xAE"s,
        "A\xEF\xBF\xBE"s, "\xED\xA0\x80"s, std::string(401, 'A'), std::string(1 << 20, 'A')}) {
    auto each = qualified();
    each.traits.birth_name = bad;
    EXPECT_EQ(refused_path(each), "identity.traits.birth_name");
    each = qualified();
    each.used.used_given_name = bad;
    EXPECT_EQ(refused_path(each), "identity.used.used_given_name");
    auto local = ipp();
    local[0].value = bad;
    EXPECT_EQ(refused_path(qualified(), local), "local_identifiers[0].value");
    local = ipp();
    local[0].namespace_id = bad;
    EXPECT_EQ(refused_path(qualified(), local), "local_identifiers[0].namespace_id");
  }
  auto each = provisional();
  each.traits.birth_name.clear();
  EXPECT_EQ(refused_path(each), "identity.traits.birth_name");
  each = provisional();
  each.traits.birth_place = "12&34";
  EXPECT_EQ(refused_path(each), "identity.traits.birth_place");
  each = provisional();
  each.traits.birth_date = "30/05/1960";
  EXPECT_EQ(refused_path(each), "identity.traits.birth_date");
}

TEST(Disclosure, NumbersAreJudgedBeforeTheyLeave) {
  auto each = qualified();
  each.number->number = "26005881540\"2";
  EXPECT_EQ(refused_path(each), "identity.number.number");
  each = qualified();
  each.number->oid = "1.2.250.1.213.1.4.2";
  EXPECT_EQ(refused_path(each), "identity.number.oid");
  each = qualified();
  each.history.assign(51, *each.number);
  EXPECT_EQ(refused_path(each), "identity.history");
}

TEST(Disclosure, ALocalIdentifierCannotPretendToBeNational) {
  for (const char* oid : {kNir, "1.2.250.1.213.1.4.2", "", "1", "1..2", ".1.2", "1.2.x", "1.2&3.4"}) {
    auto local = ipp();
    local[0].oid = oid;
    EXPECT_EQ(refused_path(provisional(), local), "local_identifiers[0].oid") << oid;
  }
  EXPECT_EQ(refused_path(provisional(), std::vector<LocalIdentifier>(11, ipp()[0])), "local_identifiers");
}

}  // namespace
}  // namespace insd::render
