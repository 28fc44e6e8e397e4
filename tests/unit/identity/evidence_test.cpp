// SPDX-License-Identifier: Apache-2.0
#include "daemon/identity/evidence.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/base/error.h"
#include "tests/unit/identity/people.h"

namespace insd::identity {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kToday = "2026-11-24";

struct Refused {
  Code code = Code::INTERNAL;
  std::vector<std::string> fields;
};

// Nothing when it is accepted.
std::optional<Refused> refusal(const Evidence& evidence, const Traits& traits) {
  try {
    check_evidence(evidence, traits, kToday, "evidence");
  } catch (const Error& error) {
    Refused refused{error.code(), {}};
    for (const auto& field : error.fields()) refused.fields.push_back(field.path);
    return refused;
  }
  return std::nullopt;
}

Traits born(const std::string& date) {
  Traits traits = typed_houilles();
  traits.birth_date = date;
  return traits;
}

Evidence of(EvidenceType type) {
  Evidence evidence;
  evidence.type = type;
  return evidence;
}

Evidence family_book() {
  Evidence evidence = of(EvidenceType::FAMILY_BOOK_WITH_GUARDIAN);
  evidence.guardian = Guardian::PARENT;
  evidence.guardian_evidence = EvidenceType::PASSPORT;
  return evidence;
}

TEST(Evidence, EveryTypeIsInTheTableOnce) {
  std::set<EvidenceType> types;
  for (const auto& kind : evidence_kinds()) {
    EXPECT_TRUE(types.insert(kind.type).second) << kind.name;
    EXPECT_EQ(find_evidence(kind.type), &kind);
    EXPECT_EQ(kind.trust == Trust::HIGH, !kind.fr_core_code.empty()) << kind.name;
  }
  EXPECT_EQ(types.size(), static_cast<std::size_t>(EvidenceType::FAMILY_BOOK));
  EXPECT_EQ(find_evidence(EvidenceType::UNSPECIFIED), nullptr);
  EXPECT_EQ(find_evidence(static_cast<EvidenceType>(200)), nullptr);
  EXPECT_FALSE(is_high_trust(static_cast<EvidenceType>(200)));
}

TEST(Evidence, CodesOfTheRenderedForms) {
  EXPECT_EQ(find_evidence(EvidenceType::PASSPORT)->fr_core_code, "PA");
  EXPECT_EQ(find_evidence(EvidenceType::FAMILY_BOOK_WITH_GUARDIAN)->fr_core_code, "LEP");
  EXPECT_EQ(find_evidence(EvidenceType::FAMILY_BOOK_WITH_GUARDIAN)->pam_code, "LE");
  EXPECT_EQ(find_evidence(EvidenceType::APPLICATION_CARTE_VITALE)->fr_core_code, "AV");
}

TEST(Evidence, ADrivingLicenceAVitaleCardAndACertificateAloneProveNothing) {
  for (const auto type : {EvidenceType::DRIVING_LICENCE, EvidenceType::VITALE_CARD,
                          EvidenceType::BIRTH_CERTIFICATE, EvidenceType::FAMILY_BOOK}) {
    const auto refused = refusal(of(type), born("1993-01-27"));
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->code, Code::EVIDENCE_REFUSED);
    EXPECT_THAT(refused->fields, ElementsAre("evidence.type"));
  }
}

TEST(Evidence, TheApplicationCarteVitaleIsReceivedNotLookedAt) {
  EXPECT_EQ(refusal(of(EvidenceType::APPLICATION_CARTE_VITALE), typed_houilles())->code,
            Code::EVIDENCE_REFUSED);
}

TEST(Evidence, NothingIsPreselected) {
  EXPECT_EQ(refusal({}, typed_houilles())->code, Code::INVALID_ARGUMENT);
  EXPECT_THAT(refusal({}, typed_houilles())->fields, ElementsAre("evidence.type"));
}

TEST(Evidence, AnIdentityCardCountsOfSomeStatesOnly) {
  Evidence card = of(EvidenceType::NATIONAL_IDENTITY_CARD);
  EXPECT_EQ(refusal(card, typed_houilles())->code, Code::EVIDENCE_REFUSED);
  for (const char* good : {"FR", "DE", "CH", "LI", "NO", "IS", "VA", "MC", "SM", "AD"}) {
    card.issuing_country = good;
    EXPECT_FALSE(refusal(card, typed_houilles())) << good;
  }
  for (const char* bad : {"GB", "US", "MA", "TR"}) {
    card.issuing_country = bad;
    EXPECT_THAT(refusal(card, typed_houilles())->fields, ElementsAre("evidence.issuing_country")) << bad;
  }
  for (const char* malformed : {"fr", "F", "FRA", "\xff\xff"}) {
    card.issuing_country = malformed;
    EXPECT_EQ(refusal(card, typed_houilles())->code, Code::INVALID_ARGUMENT);
  }
}

TEST(Evidence, TheFamilyBookIsForMinorsWithAParent) {
  EXPECT_FALSE(refusal(family_book(), born("2010-08-07")));
  EXPECT_THAT(refusal(family_book(), born("1993-01-27"))->fields, ElementsAre("evidence.type"));
}

TEST(Evidence, TheDayOfComingOfAgeDecides) {
  EXPECT_FALSE(refusal(family_book(), born("2008-11-25")));
  EXPECT_TRUE(refusal(family_book(), born("2008-11-24")));
  EXPECT_FALSE(refusal(family_book(), born("2008-00-00")));  // 31 December
  EXPECT_TRUE(refusal(family_book(), born("2007-00-00")));
  EXPECT_TRUE(refusal(family_book(), born("0000-00-00")));
}

TEST(Evidence, AMinorWithoutCompanyProvesNothing) {
  Evidence alone = of(EvidenceType::BIRTH_CERTIFICATE_WITH_GUARDIAN);
  EXPECT_THAT(refusal(alone, born("2010-08-07"))->fields,
              ElementsAre("evidence.guardian", "evidence.guardian_evidence"));
  Evidence licence = family_book();
  licence.guardian_evidence = EvidenceType::DRIVING_LICENCE;
  EXPECT_THAT(refusal(licence, born("2010-08-07"))->fields, ElementsAre("evidence.guardian_evidence"));
  licence.guardian_evidence = EvidenceType::FAMILY_BOOK_WITH_GUARDIAN;
  EXPECT_THAT(refusal(licence, born("2010-08-07"))->fields, ElementsAre("evidence.guardian_evidence"));
}

TEST(Evidence, AGuardianShowsTheDecisionOfTheCourt) {
  Evidence evidence = family_book();
  evidence.guardian = Guardian::GUARDIAN;
  EXPECT_THAT(refusal(evidence, born("2010-08-07"))->fields, ElementsAre("evidence.court_decision_seen"));
  evidence.court_decision_seen = true;
  EXPECT_FALSE(refusal(evidence, born("2010-08-07")));
}

TEST(Evidence, ContradictionsAreNamed) {
  Evidence evidence = passport();
  evidence.guardian = Guardian::PARENT;
  evidence.guardian_evidence = EvidenceType::PASSPORT;
  evidence.court_decision_seen = true;
  evidence.expire_date = "2026-02-30";
  const auto refused = refusal(evidence, typed_houilles());
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, Code::INVALID_ARGUMENT);
  EXPECT_THAT(refused->fields, ElementsAre("evidence.expire_date", "evidence.guardian",
                                           "evidence.guardian_evidence", "evidence.court_decision_seen"));
}

}  // namespace
}  // namespace insd::identity
