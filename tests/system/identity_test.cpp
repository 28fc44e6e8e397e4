// SPDX-License-Identifier: Apache-2.0
// From an INSi answer to a qualified identity through the whole product: daemon, audit trail, simulator.
#include <array>
#include <ctime>
#include <fstream>

#include <gmock/gmock.h>

#include "tests/system/identity_desk.h"

namespace insd::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using IdentityTest = IdentityDesk;

std::string days_ago(int days) {
  const auto seconds = std::time(nullptr) - days * 86'400L;
  std::array<char, 16> text{};
  std::tm parts{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d", ::gmtime_r(&seconds, &parts));
  return text.data();
}

TEST_F(IdentityTest, ProvisionalRetrievedQualified) {
  start();
  const auto typed = create();
  EXPECT_EQ(typed.status(), v1::IDENTITY_STATUS_PROVISIONAL);
  EXPECT_THAT(missing_of(typed), ElementsAre("RETRIEVAL", "DOCUMENT_CHECK"));
  EXPECT_EQ(typed.facts().traits().birth_name(), "ADRUN");

  const std::string answer = answer_id();
  v1::CompareRequest comparing;
  comparing.set_answer_id(answer);
  comparing.mutable_identity()->set_identity_id(typed.identity_id());
  const auto comparison = done(&Stub::Compare, comparing).comparison();
  EXPECT_EQ(comparison.advice(), v1::COMPARE_ADVICE_ACCEPT);
  EXPECT_EQ(comparison.traits_size(), 6);
  EXPECT_EQ(comparison.returned_number().number(), "2751263220749");

  const auto accepted = done(&Stub::Accept, acceptance(typed.identity_id(), answer));
  EXPECT_EQ(accepted.identity().status(), v1::IDENTITY_STATUS_RETRIEVED);
  EXPECT_THAT(missing_of(accepted.identity()), ElementsAre("DOCUMENT_CHECK"));
  EXPECT_EQ(accepted.identity().facts().acceptance().accepted_by(), "secretary-7");

  const auto valid = done(&Stub::Validate, passport(accepted.identity())).identity();
  EXPECT_EQ(valid.status(), v1::IDENTITY_STATUS_QUALIFIED);
  EXPECT_TRUE(valid.complete());
  EXPECT_THAT(missing_of(valid), IsEmpty());
  EXPECT_EQ(valid.facts().number().oid(), kNir);
  EXPECT_TRUE(valid.facts().test_environment());
  EXPECT_EQ(valid.facts().evidence().fr_core_code(), "PA");
  EXPECT_EQ(valid.facts().used_names().used_name(), "Martin-Adrun");

  v1::GetStatusRequest asking;
  asking.mutable_identity()->set_identity_id(valid.identity_id());
  EXPECT_EQ(done(&Stub::GetStatus, asking).identity().status(), v1::IDENTITY_STATUS_QUALIFIED);
  EXPECT_EQ(demoted(valid.identity_id()).status(), v1::IDENTITY_STATUS_PROVISIONAL);
}

TEST_F(IdentityTest, AChangedNumberIsShownAndConfirmed) {
  start();
  v1::SearchByTraitsRequest search;
  *search.mutable_context() = context();
  search.mutable_traits()->set_birth_name("ECETINSI");
  search.mutable_traits()->add_given_names("PIERRE-ALAIN");
  search.mutable_traits()->set_sex("M");
  search.mutable_traits()->set_birth_date("2009-07-14");
  const auto found = expect_value(client_->search(search));

  v1::AcceptRequest request;
  *request.mutable_context() = act();
  request.set_answer_id(found.answer_id());
  request.mutable_known_traits()->set_birth_name("ECETINSI");
  request.mutable_known_traits()->set_first_given_name("PIERRE-ALAIN");
  request.mutable_known_traits()->set_sex("M");
  request.mutable_known_traits()->set_birth_date("2009-07-14");
  request.mutable_known_traits()->set_birth_place("63220");
  request.mutable_known_number()->set_number("209076322083439");
  request.mutable_known_number()->set_oid(kNir);
  const auto hasty = refused(&Stub::Accept, request);
  EXPECT_EQ(hasty.detail.code(), "CONFIRMATION_REQUIRED");
  EXPECT_THAT(fields_of(hasty),
              ElementsAre("confirmed_traits", "confirmed_traits", "number_change_confirmed"));

  request.add_confirmed_traits(v1::TRAIT_GIVEN_NAMES);
  request.add_confirmed_traits(v1::TRAIT_FIRST_GIVEN_NAME);
  request.set_number_change_confirmed(true);
  const auto accepted = done(&Stub::Accept, request);
  EXPECT_EQ(accepted.comparison().number_relation(), v1::NUMBER_RELATION_CHANGED_KNOWN_HISTORY);
  EXPECT_EQ(accepted.identity().facts().replaced_number().number(), "2090763220834");
  EXPECT_EQ(accepted.identity().facts().history_size(), 2);
  EXPECT_EQ(accepted.identity().facts().traits().given_names(), "PIERRE-ALAIN MURIEL FLORIANT");

  request.mutable_known_number()->set_number("275126322074974");
  EXPECT_EQ(refused(&Stub::Accept, request).detail.code(), "IDENTITY_COLLISION");
}

TEST_F(IdentityTest, WhatIsRefusedChangesNothing) {
  start();
  const auto before = qualified();
  auto driving = passport(before);
  driving.mutable_evidence()->set_type(v1::EVIDENCE_TYPE_DRIVING_LICENCE);
  EXPECT_EQ(refused(&Stub::Validate, driving).detail.code(), "EVIDENCE_REFUSED");
  auto both = passport(before);
  both.set_confirm_evidence(true);
  EXPECT_THAT(fields_of(refused(&Stub::Validate, both)), ElementsAre("evidence"));
  auto blind = passport(before);
  blind.clear_traits_digest();
  EXPECT_THAT(fields_of(refused(&Stub::Validate, blind)), ElementsAre("traits_digest"));
  blind.set_traits_digest(std::string(64, '0'));
  EXPECT_EQ(refused(&Stub::Validate, blind).detail.code(), "IDENTITY_STALE");
  auto family = passport(before);
  family.mutable_evidence()->set_type(v1::EVIDENCE_TYPE_FAMILY_BOOK_WITH_GUARDIAN);
  EXPECT_THAT(fields_of(refused(&Stub::Validate, family)), Contains("evidence.guardian"));

  v1::SetAttributesRequest attributes;
  *attributes.mutable_context() = act();
  attributes.mutable_identity()->set_identity_id(before.identity_id());
  attributes.add_attributes(v1::IDENTITY_ATTRIBUTE_FICTITIOUS);
  attributes.add_attributes(v1::IDENTITY_ATTRIBUTE_DOUBTFUL);
  EXPECT_THAT(fields_of(refused(&Stub::SetAttributes, attributes)), ElementsAre("attributes"));

  v1::GetStatusRequest asking;
  asking.mutable_identity()->set_identity_id(before.identity_id());
  const auto after = done(&Stub::GetStatus, asking).identity();
  EXPECT_EQ(after.revision(), before.revision());
  EXPECT_EQ(after.facts().SerializeAsString(), before.facts().SerializeAsString());

  attributes.clear_attributes();
  attributes.add_attributes(v1::IDENTITY_ATTRIBUTE_DOUBTFUL);
  EXPECT_EQ(done(&Stub::SetAttributes, attributes).identity().status(), v1::IDENTITY_STATUS_PROVISIONAL);
  EXPECT_EQ(refused(&Stub::Accept, acceptance(before.identity_id(), answer_id())).detail.code(),
            "IDENTITY_STATE");
}

TEST_F(IdentityTest, BadFieldsAreNamed) {
  start();
  v1::CreateIdentityRequest request;
  EXPECT_THAT(fields_of(refused(&Stub::CreateIdentity, request)), ElementsAre("context"));
  request.mutable_context()->set_purpose_id(std::string(65, 'x'));
  EXPECT_THAT(fields_of(refused(&Stub::CreateIdentity, request)),
              ElementsAre("context.purpose_id", "context.request_id", "context.acting_user"));
  *request.mutable_context() = act();
  auto* traits = request.mutable_traits();
  traits->set_birth_name(std::string("A\0B", 3));
  traits->set_given_names(std::string(200'000, 'A'));
  traits->set_sex("X");
  traits->set_birth_date("31/12/1975");
  traits->set_birth_place("Clermont");
  request.mutable_used_names()->set_used_name("a\nb");
  request.add_attributes(static_cast<v1::IdentityAttribute>(77));
  request.set_ins_expectation(v1::INS_EXPECTATION_NOT_EXPECTED);
  EXPECT_THAT(
      fields_of(refused(&Stub::CreateIdentity, request)),
      ElementsAre("traits.birth_name", "traits.given_names", "traits.sex", "traits.birth_date",
                  "traits.birth_place", "used_names.used_name", "attributes[0]", "expectation_reason"));
  traits->set_birth_date("2099-01-01");
  EXPECT_THAT(fields_of(refused(&Stub::CreateIdentity, request)), Contains("traits.birth_date"));
  v1::ForgetIdentityRequest forgetting;
  forgetting.set_identity_id(std::string(100'000, 'a'));
  EXPECT_THAT(fields_of(refused(&Stub::ForgetIdentity, forgetting)), ElementsAre("identity_id"));
  v1::GetStatusRequest asking;
  EXPECT_THAT(fields_of(refused(&Stub::GetStatus, asking)), ElementsAre("identity"));
  asking.mutable_identity()->set_identity_id("x");
  EXPECT_THAT(fields_of(refused(&Stub::GetStatus, asking)), ElementsAre("identity.identity_id"));
  asking.mutable_identity()->set_identity_id(std::string(32, '0'));
  EXPECT_EQ(refused(&Stub::GetStatus, asking).detail.code(), "NOT_FOUND");
  for (const std::string& token : {std::string(), std::string("INSD\1\1x"), std::string(100'000, '\0')}) {
    EXPECT_EQ(refused(&Stub::Restore, restoring(token)).detail.code(), "IDENTITY_TOKEN_INVALID");
  }
}

TEST_F(IdentityTest, ADemotionOutlivesRestartsAndTokens) {
  start();
  const auto identity = qualified();
  const auto token = sealed(identity.identity_id(), v1::TOKEN_AUDIENCE_THIS_DAEMON);
  restart();
  EXPECT_EQ(done(&Stub::Restore, restoring(token.sealed_token())).identity().facts().SerializeAsString(),
            identity.facts().SerializeAsString());
  demoted(identity.identity_id());
  EXPECT_EQ(refused(&Stub::Restore, restoring(token.sealed_token())).detail.code(), "IDENTITY_STALE");
  restart();
  EXPECT_EQ(refused(&Stub::Restore, restoring(token.sealed_token())).detail.code(), "IDENTITY_STALE");
  v1::GetStatusRequest asking;
  asking.mutable_identity()->set_sealed_token(token.sealed_token());
  EXPECT_EQ(refused(&Stub::GetStatus, asking).detail.code(), "IDENTITY_STALE");
}

TEST_F(IdentityTest, AnotherDaemonTakesTheAnswerOnlyAndOnlyWithTheSitesKey) {
  start();
  const auto identity = qualified();
  const auto own = sealed(identity.identity_id(), v1::TOKEN_AUDIENCE_THIS_DAEMON);
  const auto site = sealed(identity.identity_id(), v1::TOKEN_AUDIENCE_SITE);
  restart("role = \"desk\"\n", "state-of-another");
  EXPECT_EQ(refused(&Stub::Restore, restoring(own.sealed_token())).detail.code(), "IDENTITY_TOKEN_INVALID");
  const auto restored = done(&Stub::Restore, restoring(site.sealed_token())).identity();
  EXPECT_EQ(restored.status(), v1::IDENTITY_STATUS_PROVISIONAL);
  EXPECT_TRUE(restored.answer_pending());
  EXPECT_FALSE(restored.facts().has_number());
  EXPECT_FALSE(restored.facts().has_evidence());
  EXPECT_FALSE(restored.facts().has_acceptance());
  EXPECT_EQ(restored.facts().origin(), v1::FACTS_ORIGIN_OTHER_DAEMON);
  // Somebody here compares and accepts: every trait, because nothing is known here.
  EXPECT_EQ(refused(&Stub::Accept, acceptance(restored.identity_id(), "")).detail.code(),
            "CONFIRMATION_REQUIRED");
  EXPECT_EQ(done(&Stub::Accept, acceptance_of_all(restored.identity_id())).identity().status(),
            v1::IDENTITY_STATUS_RETRIEVED);
}

TEST_F(IdentityTest, AKiosksAnswerIsFinishedAtADesk) {
  start("role = \"kiosk\"\n");
  v1::CreateIdentityRequest request;
  request.mutable_context()->set_purpose_id("visit-1");
  request.mutable_context()->set_request_id("request-1");
  request.set_answer_id(answer_id());
  const auto pending = done(&Stub::CreateIdentity, request).identity();
  EXPECT_EQ(pending.status(), v1::IDENTITY_STATUS_PROVISIONAL);
  EXPECT_TRUE(pending.answer_pending());
  EXPECT_FALSE(pending.has_facts());
  EXPECT_THAT(pending.ShortDebugString(), Not(HasSubstr("ADRUN")));
  EXPECT_THAT(pending.ShortDebugString(), Not(HasSubstr("27512")));
  EXPECT_EQ(refused(&Stub::Accept, acceptance(pending.identity_id(), "")).detail.code(), "PERMISSION_DENIED");
  const auto token = sealed(pending.identity_id(), v1::TOKEN_AUDIENCE_SITE);
  restart("role = \"desk\"\n", "state-of-the-desk");
  const auto restored = done(&Stub::Restore, restoring(token.sealed_token())).identity();
  const auto accepted = done(&Stub::Accept, acceptance_of_all(restored.identity_id())).identity();
  EXPECT_EQ(done(&Stub::Validate, passport(accepted)).identity().status(), v1::IDENTITY_STATUS_QUALIFIED);
}

TEST_F(IdentityTest, DeclaringAndTheApplicationCarteVitaleNeedARight) {
  start();
  v1::DeclareIdentityRequest declaring;
  *declaring.mutable_context() = act();
  v1::AcceptApcvRequest apcv;
  *apcv.mutable_context() = act();
  EXPECT_EQ(refused(&Stub::DeclareIdentity, declaring).detail.code(), "PERMISSION_DENIED");
  EXPECT_EQ(refused(&Stub::AcceptApcv, apcv).detail.code(), "PERMISSION_DENIED");
  restart("role = \"desk\"\nrights = [\"declare_identity\", \"accept_apcv\"]\n");

  EXPECT_THAT(fields_of(refused(&Stub::AcceptApcv, apcv)), Contains("number.number"));
  *apcv.mutable_traits() = zoe();
  apcv.mutable_number()->set_number("275126322074974");
  apcv.mutable_number()->set_oid(kNir);
  const auto carried = done(&Stub::AcceptApcv, apcv).identity();
  EXPECT_EQ(carried.status(), v1::IDENTITY_STATUS_QUALIFIED);
  EXPECT_EQ(carried.facts().source(), v1::RETRIEVAL_SOURCE_APPLICATION_CARTE_VITALE);
  EXPECT_FALSE(carried.facts().has_retrieve_time());
  apcv.mutable_number()->set_number("275126322074973");
  EXPECT_THAT(fields_of(refused(&Stub::AcceptApcv, apcv)), ElementsAre("number.key"));

  // What was qualified yesterday, handed back.
  *declaring.mutable_facts() = qualified().facts();
  const auto declared = done(&Stub::DeclareIdentity, declaring).identity();
  EXPECT_EQ(declared.status(), v1::IDENTITY_STATUS_QUALIFIED);
  EXPECT_EQ(declared.facts().origin(), v1::FACTS_ORIGIN_APPLICATION);
  // Evidence of other traits than those declared proves nothing.
  declaring.mutable_facts()->mutable_traits()->set_birth_place("63113");
  const auto moved = done(&Stub::DeclareIdentity, declaring).identity();
  EXPECT_EQ(moved.status(), v1::IDENTITY_STATUS_RETRIEVED);
  EXPECT_TRUE(moved.facts().evidence().lapsed());
  // What is of tomorrow, or no key of before, is named.
  auto tomorrow = declaring;
  tomorrow.mutable_facts()->mutable_acceptance()->mutable_accept_time()->set_seconds(std::time(nullptr) +
                                                                                     86'400);
  tomorrow.mutable_facts()->mutable_evidence()->mutable_check_time()->set_seconds(std::time(nullptr) +
                                                                                  86'400);
  tomorrow.mutable_facts()->mutable_retrieve_time()->set_seconds(std::time(nullptr) + 86'400);
  auto& former = *tomorrow.mutable_facts()->add_history();
  former.set_number("2751263220749");
  former.set_oid(kNir);
  former.set_key("\n");
  EXPECT_THAT(fields_of(refused(&Stub::DeclareIdentity, tomorrow)),
              ::testing::UnorderedElementsAre(
                  "facts.acceptance.accept_time", "facts.evidence.check_time", "facts.retrieve_time",
                  "facts.history[" + std::to_string(tomorrow.facts().history_size() - 1) + "].key"));
  // Contradictions are named.
  declaring.mutable_facts()->set_ins_expectation(v1::INS_EXPECTATION_NOT_YET);
  declaring.mutable_facts()->add_attributes(v1::IDENTITY_ATTRIBUTE_DOUBTFUL);
  declaring.mutable_facts()->mutable_evidence()->clear_checked_by();
  EXPECT_THAT(fields_of(refused(&Stub::DeclareIdentity, declaring)),
              ::testing::UnorderedElementsAre("facts.ins_expectation", "facts.attributes", "facts.evidence",
                                              "facts.evidence.checked_by"));
}

TEST_F(IdentityTest, ANewbornIsCompleteWithoutANumber) {
  start();
  v1::CreateIdentityRequest request;
  *request.mutable_context() = act();
  *request.mutable_traits() = zoe();
  request.mutable_traits()->set_birth_date(days_ago(3));
  request.set_ins_expectation(v1::INS_EXPECTATION_NOT_YET);
  const auto child = done(&Stub::CreateIdentity, request).identity();
  auto book = passport(child);
  book.mutable_evidence()->set_type(v1::EVIDENCE_TYPE_FAMILY_BOOK_WITH_GUARDIAN);
  book.mutable_evidence()->set_guardian(v1::GUARDIAN_KIND_GUARDIAN);
  book.mutable_evidence()->set_guardian_evidence(v1::EVIDENCE_TYPE_RESIDENCE_PERMIT);
  EXPECT_THAT(fields_of(refused(&Stub::Validate, book)), ElementsAre("evidence.court_decision_seen"));
  book.mutable_evidence()->set_court_decision_seen(true);
  const auto valid = done(&Stub::Validate, book).identity();
  EXPECT_EQ(valid.status(), v1::IDENTITY_STATUS_VALIDATED);
  EXPECT_TRUE(valid.complete());
  EXPECT_FALSE(valid.facts().has_number());
}

TEST_F(IdentityTest, APassingForeignerIsCompleteWithoutANumberAndForAReason) {
  start();
  v1::CreateIdentityRequest request;
  *request.mutable_context() = act();
  *request.mutable_traits() = zoe();
  request.set_ins_expectation(v1::INS_EXPECTATION_NOT_EXPECTED);
  EXPECT_THAT(fields_of(refused(&Stub::CreateIdentity, request)), ElementsAre("expectation_reason"));
  request.set_expectation_reason("on holiday, insured abroad");
  const auto created = done(&Stub::CreateIdentity, request).identity();
  EXPECT_FALSE(created.complete());
  const auto valid = done(&Stub::Validate, passport(created)).identity();
  EXPECT_EQ(valid.status(), v1::IDENTITY_STATUS_VALIDATED);
  EXPECT_TRUE(valid.complete());
  EXPECT_THAT(missing_of(valid), IsEmpty());
}

TEST_F(IdentityTest, AParentsNumberIsNotTakenForAChild) {
  start();
  v1::CreateIdentityRequest request;
  *request.mutable_context() = act();
  *request.mutable_traits() = zoe();
  request.mutable_traits()->set_given_names("LEA");
  request.mutable_traits()->set_first_given_name("LEA");
  request.mutable_traits()->set_birth_date(days_ago(3));
  request.set_ins_expectation(v1::INS_EXPECTATION_NOT_YET);
  const auto child = done(&Stub::CreateIdentity, request).identity();
  // The answer about the mother, same name and sex.
  const std::string mother = answer_id();
  v1::CompareRequest comparing;
  comparing.set_answer_id(mother);
  comparing.mutable_identity()->set_identity_id(child.identity_id());
  EXPECT_EQ(done(&Stub::Compare, comparing).comparison().advice(), v1::COMPARE_ADVICE_VIGILANCE);
  EXPECT_EQ(refused(&Stub::Accept, acceptance(child.identity_id(), mother)).detail.code(),
            "CONFIRMATION_REQUIRED");
  v1::GetStatusRequest asking;
  asking.mutable_identity()->set_identity_id(child.identity_id());
  EXPECT_FALSE(done(&Stub::GetStatus, asking).identity().facts().has_number());
}

TEST_F(IdentityTest, EveryTransitionIsInTheTrailAndNoPatient) {
  start();
  const auto identity = qualified();
  demoted(identity.identity_id(), v1::DEMOTION_EVIDENCE);
  world_.stop_insd();
  std::ifstream trail(world_.directory() / "state" / "journal.sqlite", std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(trail), {}};
  std::ifstream log(world_.directory() / "state" / "journal.sqlite-wal", std::ios::binary);
  bytes.append(std::istreambuf_iterator<char>(log), {});
  for (const char* operation :
       {"identity.create", "identity.accept", "identity.validate PASSPORT", "identity.demote"}) {
    EXPECT_THAT(bytes, HasSubstr(operation));
  }
  for (const char* datum : {"ADRUN", "Adrun", "2751263220749", "1975-12-31"})
    EXPECT_THAT(bytes, Not(HasSubstr(datum)));
}

}  // namespace
}  // namespace insd::test
