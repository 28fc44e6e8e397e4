// SPDX-License-Identifier: Apache-2.0
// The decisions of `insctl identify`: asked for, never preselected, and sent as they were given.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/clients/fake_daemon.h"
#include "tests/unit/clients/insctl_run.h"

namespace insd::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class Identify : public ::testing::Test {
 protected:
  Identify() {
    daemon.info.set_insi_mode(v1::INSI_MODE_ORGANISATION);
    auto& person = *daemon.vitale.mutable_reading()->add_beneficiaries();
    person.set_usual_name("DURAND");
    person.set_given_name("LEA");
    auto& result = *daemon.by_vitale.mutable_result();
    result.set_outcome(v1::SEARCH_OUTCOME_FOUND);
    result.set_answer_id("answer-1");
    result.add_attempts()->set_code("00");
    line(v1::TRAIT_BIRTH_NAME, v1::TRAIT_VERDICT_EQUAL, false);
    line(v1::TRAIT_BIRTH_PLACE, v1::TRAIT_VERDICT_MISSING, true);
    daemon.comparison.set_advice(v1::COMPARE_ADVICE_CONFIRM);
    daemon.identity.set_identity_id(std::string(32, 'a'));
    daemon.identity.set_traits_digest(std::string(64, 'D'));
    daemon.identity.set_revision(7);
    daemon.identity.set_status(v1::IDENTITY_STATUS_PROVISIONAL);
    daemon.identity.mutable_facts()->mutable_traits()->set_birth_name("DURAND");
    daemon.identity.mutable_facts()->mutable_number()->set_number("2550699999999");
    auto& missing = *daemon.identity.add_missing();
    missing.set_code("DOCUMENT_CHECK");
    missing.set_remedy("CHECK-A-DOCUMENT");
    missing.set_rule("RNIV");
  }

  void line(v1::Trait trait, v1::TraitVerdict verdict, bool confirm) {
    auto& each = *daemon.comparison.add_traits();
    each.set_trait(trait);
    each.set_verdict(verdict);
    each.set_confirmation_required(confirm);
  }

  int identify(std::vector<std::string> more, const std::string& input, bool interactive = true) {
    std::vector<std::string> command = {"identify", "--acting-user", "secretary-7", "--acting-how", "badge"};
    command.insert(command.end(), more.begin(), more.end());
    const auto ran = test::run_insctl(command, input, interactive,
                                      [target = daemon.target()](const char* name) -> const char* {
                                        const std::string_view wanted(name);
                                        if (wanted == "INSD_SOCKET") return target.c_str();
                                        return wanted == "LANG" ? "en_GB.UTF-8" : nullptr;
                                      });
    out = ran.out;
    err = ran.err;
    return ran.status;
  }

  static constexpr const char* kSeen = "Durand\nLea Anne\nLea\nF\n1999-06-25\n\n";

  test::FakeDaemon daemon;
  std::string out;
  std::string err;
};

TEST_F(Identify, AsksEachThingOnceAndSendsWhatThePersonSaid) {
  EXPECT_EQ(identify({}, std::string(kSeen) + "y\ny\n2\nFR\n"), EXIT_OK) << err;
  EXPECT_EQ(daemon.created->traits().birth_name(), "Durand");
  EXPECT_EQ(daemon.created->traits().given_names(), "Lea Anne");
  EXPECT_EQ(daemon.created->traits().birth_place(), "");
  EXPECT_EQ(daemon.created->context().acting_user().id(), "secretary-7");
  EXPECT_EQ(daemon.compared->answer_id(), "answer-1");
  EXPECT_THAT(daemon.accepted->confirmed_traits(), ElementsAre(v1::TRAIT_BIRTH_PLACE));
  EXPECT_EQ(daemon.accepted->expected_revision(), 7U);
  EXPECT_EQ(daemon.validated->evidence().type(), v1::EVIDENCE_TYPE_NATIONAL_IDENTITY_CARD);
  EXPECT_EQ(daemon.validated->evidence().issuing_country(), "FR");
  EXPECT_EQ(daemon.validated->traits_digest(), std::string(64, 'D'));
  EXPECT_THAT(out, AllOf(HasSubstr("Qualified identity"), HasSubstr("2550699999999")));
}

TEST_F(Identify, AnEmptyLineStopsAtTheAnswer) {
  EXPECT_EQ(identify({}, "\n"), EXIT_OK);
  EXPECT_FALSE(daemon.created);
  EXPECT_THAT(out, Not(HasSubstr("identity (identit")));
}

TEST_F(Identify, WithoutAYesNothingIsAcceptedOrChecked) {
  EXPECT_EQ(identify({}, std::string(kSeen) + "\n\n"), EXIT_NEGATIVE);
  EXPECT_TRUE(daemon.compared);
  EXPECT_FALSE(daemon.accepted);
  EXPECT_FALSE(daemon.validated);
  EXPECT_THAT(out, AllOf(HasSubstr("Provisional identity"), HasSubstr("CHECK-A-DOCUMENT (RNIV)")));
  const auto told = out.substr(out.find("Provisional"));
  EXPECT_THAT(told, Not(HasSubstr("2550699999999"))) << "the number of an identity that is not qualified";
}

TEST_F(Identify, AnAnswerToStopAtIsNeverOffered) {
  daemon.comparison.set_advice(v1::COMPARE_ADVICE_STOP);
  EXPECT_EQ(identify({"--accept", "--name", "Durand", "--first-given-name", "Lea", "--sex", "F",
                      "--birth-date", "1999-06-25"},
                     "", false),
            EXIT_NEGATIVE);
  EXPECT_FALSE(daemon.accepted);
}

TEST_F(Identify, ARefusalIsToldAndTheIdentityAllTheSame) {
  daemon.accept_refusal = test::error_detail("CONFIRMATION_REQUIRED");
  EXPECT_EQ(identify({"--accept", "--name", "Durand", "--first-given-name", "Lea", "--sex", "F",
                      "--birth-date", "1999-06-25"},
                     "", false),
            EXIT_NEGATIVE);
  EXPECT_THAT(err, HasSubstr("SUMMARY-OF-CONFIRMATION_REQUIRED"));
  EXPECT_THAT(out, HasSubstr("Provisional identity"));
}

TEST_F(Identify, AMinorsCompanyIsAskedFor) {
  EXPECT_EQ(identify({}, std::string(kSeen) + "y\ny\n8\nn\ny\n1\n"), EXIT_OK) << err;
  const auto& evidence = daemon.validated->evidence();
  EXPECT_EQ(evidence.type(), v1::EVIDENCE_TYPE_FAMILY_BOOK_WITH_GUARDIAN);
  EXPECT_EQ(evidence.guardian(), v1::GUARDIAN_KIND_GUARDIAN);
  EXPECT_TRUE(evidence.court_decision_seen());
  EXPECT_EQ(evidence.guardian_evidence(), v1::EVIDENCE_TYPE_PASSPORT);
}

TEST_F(Identify, DecisionsWithoutTheTraitsAreRefusedBeforeAnythingIsRead) {
  EXPECT_EQ(identify({"--accept"}, "", false), EXIT_USAGE);
  EXPECT_THAT(err, HasSubstr("--name"));
  EXPECT_EQ(identify({"--evidence", "nothing"}, "", false), EXIT_USAGE);
  EXPECT_FALSE(daemon.vitale_search);
}

}  // namespace
}  // namespace insd::cli
