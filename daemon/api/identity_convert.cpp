// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/identity_convert.h"

#include "daemon/api/convert.h"
#include "daemon/api/number_kind.h"
#include "daemon/identity/birth_date.h"
#include "daemon/identity/evidence.h"
#include "daemon/identity/explain.h"
#include "daemon/identity/given_names.h"
#include "daemon/identity/matricule.h"
#include "daemon/identity/oid.h"

namespace insd::api {
namespace {

// Where the numbers of an enumeration are the contract's, shifted or not, each pair is checked here.
static_assert(static_cast<int>(identity::EvidenceType::FAMILY_BOOK) == v1::EVIDENCE_TYPE_FAMILY_BOOK);
static_assert(static_cast<int>(identity::EvidenceType::PASSPORT) == v1::EVIDENCE_TYPE_PASSPORT);
static_assert(static_cast<int>(identity::EvidenceType::MINOR_CIRCULATION_DOCUMENT) ==
              v1::EVIDENCE_TYPE_MINOR_CIRCULATION_DOCUMENT);
static_assert(static_cast<int>(identity::Guardian::GUARDIAN) == v1::GUARDIAN_KIND_GUARDIAN);
static_assert(static_cast<int>(identity::Source::APPLICATION_CARTE_VITALE) ==
              v1::RETRIEVAL_SOURCE_APPLICATION_CARTE_VITALE);
static_assert(static_cast<int>(identity::Origin::OTHER_DAEMON) + 1 == v1::FACTS_ORIGIN_OTHER_DAEMON);
static_assert(static_cast<int>(identity::InsExpectation::NOT_EXPECTED) + 1 ==
              v1::INS_EXPECTATION_NOT_EXPECTED);
static_assert(static_cast<int>(identity::TraitName::BIRTH_PLACE) + 1 == v1::TRAIT_BIRTH_PLACE);
static_assert(static_cast<int>(identity::Verdict::DIFFERENT) + 1 == v1::TRAIT_VERDICT_DIFFERENT);
static_assert(static_cast<int>(identity::NumberRelation::DIFFERENT_PERSON) + 1 ==
              v1::NUMBER_RELATION_DIFFERENT_PERSON);
static_assert(static_cast<int>(identity::Advice::STOP) + 1 == v1::COMPARE_ADVICE_STOP);
static_assert(static_cast<int>(identity::Status::QUALIFIED) + 1 == v1::IDENTITY_STATUS_QUALIFIED);

template <typename To, typename From>
To shifted(From value) {
  return static_cast<To>(static_cast<int>(value) + 1);
}

v1::Evidence to_proto(const identity::Evidence& evidence, bool lapsed) {
  v1::Evidence proto;
  proto.set_type(static_cast<v1::EvidenceType>(evidence.type));
  proto.set_issuing_country(evidence.issuing_country);
  proto.set_expire_date(evidence.expire_date);
  proto.set_guardian(static_cast<v1::GuardianKind>(evidence.guardian));
  proto.set_guardian_evidence(static_cast<v1::EvidenceType>(evidence.guardian_evidence));
  proto.set_court_decision_seen(evidence.court_decision_seen);
  proto.set_checked_by(evidence.checked_by);
  *proto.mutable_check_time() = api::to_proto(evidence.checked_at);
  proto.set_traits_digest(evidence.traits_digest);
  proto.set_lapsed(lapsed);
  if (const auto* kind = identity::find_evidence(evidence.type)) {
    proto.set_fr_core_code(std::string(kind->fr_core_code));
  }
  return proto;
}

void put_attributes(const identity::Attributes& attributes, v1::IdentityFacts& proto) {
  if (attributes.homonym) proto.add_attributes(v1::IDENTITY_ATTRIBUTE_HOMONYM);
  if (attributes.doubtful) proto.add_attributes(v1::IDENTITY_ATTRIBUTE_DOUBTFUL);
  if (attributes.fictitious) proto.add_attributes(v1::IDENTITY_ATTRIBUTE_FICTITIOUS);
}

void put_explanation(const identity::Identity& identity, Language language, v1::IdentityReport& proto) {
  const identity::Explanation explanation = identity::explain(identity);
  proto.set_status(shifted<v1::IdentityStatus>(explanation.status));
  proto.set_status_rule(std::string(explanation.status_rule));
  for (const identity::Missing& missing : explanation.missing) {
    v1::MissingFact& fact = *proto.add_missing();
    fact.set_code(std::string(missing.code));
    fact.set_rule(std::string(missing.rule));
    fact.set_remedy(std::string(language == Language::FRENCH ? missing.remedy_fr : missing.remedy_en));
  }
  proto.set_complete(explanation.complete);
  for (const std::string_view remark : explanation.remarks) proto.add_remarks(std::string(remark));
}

identity::NationalNumber number_of_insi(const insi::Number& number) {
  return {number.number, number.key, number.oid, number.start_date, number.end_date};
}

}  // namespace

void put_number(const identity::NationalNumber& number, v1::InsNumber& proto) {
  proto.set_number(number.number);
  proto.set_key(number.key);
  proto.set_oid(number.oid);
  proto.set_kind(number_kind(number.oid));
  proto.set_start_date(number.start_date);
  proto.set_end_date(number.end_date);
  proto.set_key_valid(number.key.empty() || identity::key_matches({number.number, number.key}));
}

v1::IdentityTraits to_proto(const identity::Traits& traits) {
  v1::IdentityTraits proto;
  proto.set_birth_name(traits.birth_name);
  proto.set_given_names(traits.given_names);
  proto.set_first_given_name(traits.first_given_name);
  proto.set_sex(std::string(identity::to_local_letter(traits.sex)));
  proto.set_birth_date(traits.birth_date);
  proto.set_birth_place(traits.birth_place);
  return proto;
}

v1::IdentityFacts to_proto(const identity::Identity& identity) {
  v1::IdentityFacts proto;
  *proto.mutable_traits() = to_proto(identity.traits);
  proto.mutable_used_names()->set_used_name(identity.used.used_name);
  proto.mutable_used_names()->set_used_given_name(identity.used.used_given_name);
  if (identity.number) put_number(*identity.number, *proto.mutable_number());
  for (const auto& former : identity.history) put_number(former, *proto.add_history());
  if (identity.replaced_number) put_number(*identity.replaced_number, *proto.mutable_replaced_number());
  put_attributes(identity.attributes, proto);
  if (identity.evidence) {
    *proto.mutable_evidence() = to_proto(*identity.evidence, !identity::is_validated(identity));
  }
  if (identity.acceptance) {
    proto.mutable_acceptance()->set_accepted_by(identity.acceptance->accepted_by);
    *proto.mutable_acceptance()->mutable_accept_time() = to_proto(identity.acceptance->accepted_at);
  }
  proto.set_source(static_cast<v1::RetrievalSource>(identity.source));
  if (identity.retrieved_at) *proto.mutable_retrieve_time() = to_proto(*identity.retrieved_at);
  proto.set_origin(shifted<v1::FactsOrigin>(identity.origin));
  proto.set_test_environment(identity.test_environment);
  proto.set_ins_expectation(shifted<v1::InsExpectation>(identity.ins_expectation));
  proto.set_expectation_reason(identity.expectation_reason);
  if (const auto born = identity::complete_birth_date(identity.traits.birth_date)) {
    proto.set_birth_date_interpreted(born->interpreted);
    proto.set_completed_birth_date(born->date);
  }
  return proto;
}

v1::Trait to_proto(identity::TraitName trait) {
  return shifted<v1::Trait>(trait);
}

v1::Comparison to_proto(const identity::Comparison& comparison, const identity::Known& known,
                        const identity::Answer& answer) {
  v1::Comparison proto;
  for (const identity::TraitLine& line : comparison.traits) {
    v1::TraitComparison& added = *proto.add_traits();
    added.set_trait(to_proto(line.trait));
    added.set_verdict(shifted<v1::TraitVerdict>(line.verdict));
    added.set_known(line.known);
    added.set_returned(line.returned);
    added.set_confirmation_required(line.confirm);
  }
  proto.set_number_relation(shifted<v1::NumberRelation>(comparison.number));
  proto.set_advice(shifted<v1::CompareAdvice>(comparison.advice));
  for (const std::string_view reason : comparison.reasons) proto.add_reasons(std::string(reason));
  if (known.number && comparison.number != identity::NumberRelation::SAME) {
    put_number(*known.number, *proto.mutable_known_number());
  }
  put_number(answer.number, *proto.mutable_returned_number());
  return proto;
}

v1::IdentityReport report(const Identities::Held& held, Language language, CallerRole role,
                          const std::string& kiosk_given_name) {
  const identity::Identity& identity = held.identity;
  v1::IdentityReport proto;
  proto.set_identity_id(identity.id);
  proto.set_revision(identity.revision);
  *proto.mutable_expire_time() = to_proto(held.expires);
  proto.set_answer_pending(identity.pending.has_value());
  put_explanation(identity, language, proto);
  if (role == CallerRole::KIOSK) {
    // Remarks tell of the person, too.
    proto.clear_remarks();
    proto.set_kiosk_given_name(kiosk_given_name);
    return proto;
  }
  *proto.mutable_facts() = to_proto(identity);
  proto.set_traits_digest(identity::traits_digest(identity.traits));
  return proto;
}

identity::Answer answer_of(const KeptAnswer& kept) {
  identity::Answer answer;
  answer.number = number_of_insi(kept.answer.active);
  for (const insi::Number& former : kept.answer.history) answer.history.push_back(number_of_insi(former));
  answer.traits.birth_name = kept.answer.birth_name;
  answer.traits.given_names = kept.answer.given_names;
  answer.traits.first_given_name = kept.answer.first_given_name;
  answer.traits.sex = identity::parse_sex(kept.answer.sex);
  answer.traits.birth_date = kept.answer.birth_date;
  answer.traits.birth_place = kept.answer.birth_place;
  answer.retrieved_at = kept.asked_at;
  const auto oid = identity::find_oid(answer.number.oid);
  answer.test_environment = kept.environment == InsiEnvironment::TEST ||
                            (oid && oid->environment != identity::OidEnvironment::PRODUCTION);
  answer.blocked = kept.blocked;
  answer.found_by_other_given_name = kept.found_by_other_given_name;
  return answer;
}

v1::PendingAnswer to_proto(const identity::Answer& answer) {
  v1::PendingAnswer proto;
  put_number(answer.number, *proto.mutable_number());
  for (const auto& former : answer.history) put_number(former, *proto.add_history());
  *proto.mutable_traits() = to_proto(answer.traits);
  *proto.mutable_retrieve_time() = to_proto(answer.retrieved_at);
  proto.set_test_environment(answer.test_environment);
  proto.set_blocked(answer.blocked);
  proto.set_found_by_other_given_name(answer.found_by_other_given_name);
  return proto;
}

}  // namespace insd::api
