// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/cnda.h"

#include <algorithm>
#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/clients/fake_daemon.h"

namespace insd::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const CndaCase& the_case(std::string_view slug) {
  return *std::ranges::find(cnda_cases(), slug, &CndaCase::slug);
}

CaseOutcome nia() {
  CaseOutcome outcome;
  outcome.what = &the_case("2.05");
  outcome.result.set_outcome(v1::SEARCH_OUTCOME_FOUND);
  auto& number = *outcome.result.mutable_answer()->mutable_number();
  number.set_number("1090763220888");
  number.set_key("35");
  number.set_oid("1.2.250.1.213.1.4.9");
  auto& attempt = *outcome.result.add_attempts();
  attempt.set_code("00");
  attempt.set_request_message("<request/>");
  attempt.set_answer_message("<answer/>");
  return outcome;
}

TEST(CndaCases, EachHasAFolderOfItsOwnAndWordsInBothLanguages) {
  std::set<std::string_view> slugs;
  for (const CndaCase& each : cnda_cases()) {
    EXPECT_TRUE(slugs.insert(each.slug).second) << each.slug;
    EXPECT_TRUE(each.slug.starts_with(each.id));
    EXPECT_FALSE(each.title_fr.empty() || each.title_en.empty()) << each.slug;
    EXPECT_EQ(each.note_fr.empty(), each.note_en.empty()) << each.slug;
    EXPECT_TRUE(each.play != Play::NOT_PLAYABLE || !each.note_fr.empty()) << each.slug;
  }
}

TEST(CndaJudge, EveryPartOfTheExpectationCounts) {
  CaseOutcome outcome = nia();
  judge(Language::ENGLISH, outcome);
  EXPECT_EQ(outcome.verdict, CaseVerdict::PASSED) << outcome.got;
  outcome.result.mutable_answer()->mutable_number()->set_oid("1.2.250.1.213.1.4.8");
  judge(Language::ENGLISH, outcome);
  EXPECT_EQ(outcome.verdict, CaseVerdict::FAILED);
  EXPECT_THAT(outcome.expected, HasSubstr("OID 1.2.250.1.213.1.4.9"));
  EXPECT_THAT(outcome.got, HasSubstr("OID 1.2.250.1.213.1.4.8"));
}

TEST(CndaJudge, AnErrorIsNoAnswerAndAnAnswerIsNoError) {
  CaseOutcome failed;
  failed.what = &the_case("2.05");
  failed.error.set_code("INSI_UNAVAILABLE");
  judge(Language::ENGLISH, failed);
  EXPECT_EQ(failed.verdict, CaseVerdict::FAILED);
  CaseOutcome old = nia();
  old.what = &the_case("1.02");
  judge(Language::ENGLISH, old);
  EXPECT_EQ(old.verdict, CaseVerdict::FAILED);
  old.error.set_code("INVALID_ARGUMENT");
  judge(Language::ENGLISH, old);
  EXPECT_EQ(old.verdict, CaseVerdict::PASSED);
}

TEST(CndaJudge, TheQuestionsAskedCount) {
  CaseOutcome outcome;
  outcome.what = &the_case("2.07-2");
  outcome.result.set_outcome(v1::SEARCH_OUTCOME_NOT_FOUND);
  for (int i = 0; i < 3; ++i) outcome.result.add_attempts()->set_code("01");
  judge(Language::FRENCH, outcome);
  EXPECT_EQ(outcome.verdict, CaseVerdict::FAILED) << "all given names together were not asked";
  outcome.result.add_attempts()->set_code("01");
  judge(Language::FRENCH, outcome);
  EXPECT_EQ(outcome.verdict, CaseVerdict::PASSED);
}

TEST(CndaPage, NothingThatWasReceivedIsMarkup) {
  EXPECT_EQ(escaped("<b a=\"'&\x1b"), "&lt;b a=&quot;&#39;&amp;?");
  CaseOutcome outcome = nia();
  outcome.result.mutable_answer()->mutable_number()->set_number("<script src=//x>");
  judge(Language::FRENCH, outcome);
  const auto page = index_page(Language::FRENCH, {outcome}, "insd <img>");
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, HasSubstr("&lt;script src=//x&gt;"));
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  EXPECT_THAT(page, HasSubstr("échoué"));
}

TEST(CndaDossier, IsWholeOrNotThereAndReplacesNothing) {
  const test::PrivateDirectory directory;
  const auto target = directory.path() / "dossier";
  CaseOutcome outcome = nia();
  judge(Language::FRENCH, outcome);
  write_dossier(Language::FRENCH, target.string() + "/", {outcome}, "insd");
  for (const char* file :
       {"index.html", "2.05/request-1.xml", "2.05/answer-1.xml", "2.05/screen.txt", "2.05/result.json"})
    EXPECT_TRUE(std::filesystem::exists(target / file)) << file;
  EXPECT_THROW(write_dossier(Language::FRENCH, target, {}, "insd"), UsageError);
  EXPECT_TRUE(std::filesystem::exists(target / "2.05/result.json"));
  EXPECT_THROW(write_dossier(Language::FRENCH, directory.path() / "none" / "x", {}, "insd"), Failure);
  const auto entries = std::filesystem::directory_iterator(directory.path());
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1) << "no draft is left";
}

}  // namespace
}  // namespace insd::cli
