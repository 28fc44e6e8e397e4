// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/identity/birth_date.h"
#include "daemon/identity/explain.h"
#include "tests/unit/identity/people.h"

namespace insd::identity {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string_view> missing(const Identity& identity) {
  std::vector<std::string_view> codes;
  for (const Missing& each : explain(identity).missing) codes.push_back(each.code);
  return codes;
}

TEST(Status, IsTwoFactsAndNothingElse) {
  EXPECT_EQ(status_of(Identity{}), Status::PROVISIONAL);
  EXPECT_EQ(status_of(typed_identity()), Status::PROVISIONAL);
  EXPECT_EQ(status_of(validated_identity()), Status::VALIDATED);
  EXPECT_EQ(status_of(qualified_identity()), Status::QUALIFIED);
  Identity retrieved = qualified_identity();
  retrieved.evidence.reset();
  EXPECT_EQ(status_of(retrieved), Status::RETRIEVED);
}

TEST(Status, ANumberWithoutAcceptanceOrSourceRetrievesNothing) {
  for (const auto& take : std::vector<std::function<void(Identity&)>>{
           [](Identity& id) { id.number.reset(); }, [](Identity& id) { id.acceptance.reset(); },
           [](Identity& id) { id.source = Source::NONE; }}) {
    Identity identity = qualified_identity();
    take(identity);
    EXPECT_EQ(status_of(identity), Status::VALIDATED);
  }
}

TEST(Status, DoubtfulAndFictitiousAreProvisionalWhateverIsKnown) {
  Identity identity = qualified_identity();
  identity.attributes.doubtful = true;
  EXPECT_EQ(status_of(identity), Status::PROVISIONAL);
  identity.attributes = {false, false, true};
  EXPECT_EQ(status_of(identity), Status::PROVISIONAL);
  identity.attributes = {true, false, false};
  EXPECT_EQ(status_of(identity), Status::QUALIFIED);
  EXPECT_THAT(explain(identity).remarks, Contains("HOMONYM"));
}

TEST(Status, EvidenceOfLowTrustOrOfOtherTraitsValidatesNothing) {
  Identity identity = validated_identity();
  identity.evidence->type = EvidenceType::DRIVING_LICENCE;
  EXPECT_EQ(status_of(identity), Status::PROVISIONAL);
  identity = validated_identity();
  identity.traits.birth_date = "1993-01-28";
  EXPECT_EQ(status_of(identity), Status::PROVISIONAL);
  EXPECT_THAT(missing(identity), ElementsAre("RETRIEVAL", "EVIDENCE_CONFIRMATION"));
}

TEST(Status, TheDigestIsOfWhatADocumentShows) {
  const std::string digest = traits_digest(typed_houilles());
  EXPECT_EQ(digest.size(), 64U);
  Traits same = typed_houilles();
  same.given_names = "Pierre-Paul Jacques";
  same.first_given_name = "PIERRE PAUL";
  EXPECT_EQ(traits_digest(same), digest);
  const std::vector<std::function<void(Traits&)>> changes = {
      [](Traits& traits) { traits.birth_name += 'X'; }, [](Traits& traits) { traits.given_names = "PIERRE"; },
      [](Traits& traits) { traits.sex = Sex::FEMALE; },
      [](Traits& traits) { traits.birth_date = "1993-01-00"; },
      [](Traits& traits) { traits.birth_place.clear(); }};
  for (const auto& change : changes) {
    Traits other = typed_houilles();
    change(other);
    EXPECT_NE(traits_digest(other), digest);
  }
  Traits shifted = typed_houilles();
  shifted.birth_name = "HOUILLES PIERRE";
  shifted.given_names = "PAUL JACQUES";
  EXPECT_NE(traits_digest(shifted), digest);
}

TEST(Status, ALunarDateAndItsCompletedFormAreOneBirth) {
  Traits lunar = typed_houilles();
  lunar.birth_date = "1993-00-00";
  Traits completed = typed_houilles();
  completed.birth_date = "1993-12-31";
  EXPECT_EQ(traits_digest(lunar), traits_digest(completed));
}

TEST(Explanation, SaysWhatIsMissingInTheOrderOfWork) {
  Identity nothing;
  EXPECT_THAT(missing(nothing),
              ElementsAre("MINIMAL_TRAITS", "RETRIEVAL", "DOCUMENT_CHECK", "FIRST_GIVEN_NAME"));
  EXPECT_THAT(missing(typed_identity()), ElementsAre("RETRIEVAL", "DOCUMENT_CHECK"));
  Identity pending = typed_identity();
  pending.pending = houilles();
  EXPECT_THAT(missing(pending), ElementsAre("ACCEPTANCE", "DOCUMENT_CHECK"));
  EXPECT_THAT(missing(qualified_identity()), IsEmpty());
  EXPECT_TRUE(explain(qualified_identity()).complete);
  EXPECT_FALSE(explain(validated_identity()).complete);
}

TEST(Explanation, EachMissingFactNamesItsRuleAndSpeaksBothLanguages) {
  Identity worst;
  worst.attributes = {true, true, true};
  for (const Missing& each : explain(worst).missing) {
    EXPECT_FALSE(each.rule.empty()) << each.code;
    EXPECT_FALSE(each.remedy_en.empty()) << each.code;
    EXPECT_FALSE(each.remedy_fr.empty()) << each.code;
  }
  EXPECT_EQ(explain(worst).status_rule, "RNIV 1 EXI SI 09");
  EXPECT_EQ(explain(qualified_identity()).status_rule, "RNIV 1 EXI SI 08");
}

TEST(Explanation, WithoutAnExpectedNumberAValidatedIdentityIsComplete) {
  for (const auto expectation : {InsExpectation::NOT_YET, InsExpectation::NOT_EXPECTED}) {
    Identity identity = validated_identity();
    identity.ins_expectation = expectation;
    EXPECT_TRUE(explain(identity).complete);
    EXPECT_EQ(status_of(identity), Status::VALIDATED);
    identity.evidence.reset();
    EXPECT_FALSE(explain(identity).complete);
  }
}

TEST(Explanation, RemarksWhatIsOddAndDoesNotForbid) {
  Identity identity = qualified_identity();
  identity.number->key = "10";
  identity.traits.first_given_name = "JACQUES";
  identity.test_environment = true;
  identity.evidence->expire_date = "2026-11-23";
  const auto remarks = explain(identity).remarks;
  EXPECT_THAT(remarks, ElementsAre("FIRST_GIVEN_NAME_NOT_COHERENT", "RETURNED_KEY_INVALID",
                                   "TEST_ENVIRONMENT", "DOCUMENT_EXPIRED"));
}

TEST(BirthDate, IsCompletedAsTheRulesSay) {
  const auto completed = [](const char* text) {
    return complete_birth_date(text).value_or(CompletedDate{}).date;
  };
  EXPECT_EQ(completed("1975-06-00"), "1975-06-01");
  EXPECT_EQ(completed("1975-00-15"), "1975-01-15");
  EXPECT_EQ(completed("1975-00-00"), "1975-12-31");
  EXPECT_EQ(completed("1950-31-12"), "1950-01-12");
  EXPECT_EQ(completed("1961-13-01"), "1961-01-01");
  EXPECT_EQ(completed("1961-13-32"), "1961-12-31");
  EXPECT_EQ(completed("1975-02-30"), "1975-02-01");
  EXPECT_EQ(completed("2000-02-29"), "2000-02-29");
  EXPECT_FALSE(complete_birth_date("2000-02-29")->interpreted);
  EXPECT_TRUE(complete_birth_date("1900-02-29")->interpreted);
  EXPECT_FALSE(complete_birth_date("0000-01-01"));
  EXPECT_FALSE(complete_birth_date("1975-6-01"));
}

}  // namespace
}  // namespace insd::identity
