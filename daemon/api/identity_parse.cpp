// SPDX-License-Identifier: Apache-2.0
// What callers say of identities: every field bounded, every fault named.
#include <algorithm>

#include "daemon/api/identity_convert.h"
#include "daemon/identity/birth_date.h"
#include "daemon/identity/evidence.h"
#include "daemon/identity/local_traits.h"
#include "daemon/identity/oid.h"
#include "drivers/base/bytes.h"

namespace insd::api {
namespace {

constexpr std::size_t kMaxPerson = 64;
constexpr std::size_t kMaxReason = 200;
constexpr int kMaxHistory = 50;
constexpr int kMaxAttributes = 8;

std::string joined(std::string_view path, std::string_view field) {
  return path.empty() ? std::string(field) : std::string(path) + '.' + std::string(field);
}

std::string text_of(const std::string& text, std::size_t most, std::string_view field,
                    identity::Violations& violations) {
  if (text.size() > most || printable(text, most) != text) {
    violations.add(field, "must be at most " + std::to_string(most) + " bytes of printable UTF-8");
    return {};
  }
  return text;
}

// Nothing but times of this epoch: the clock counts nanoseconds in 64 bits.
identity::Time time_of(const google::protobuf::Timestamp& time, std::string_view field,
                       identity::Violations& violations) {
  constexpr std::int64_t kYear2100 = 4'102'444'800;
  if (time.seconds() < 0 || time.seconds() > kYear2100 || time.nanos() < 0 || time.nanos() > 999'999'999) {
    violations.add(field, "is not a time between 1970 and 2100");
    return {};
  }
  return identity::Time(
      std::chrono::seconds(time.seconds()) +
      std::chrono::duration_cast<identity::Time::duration>(std::chrono::nanoseconds(time.nanos())));
}

// What has been done cannot have been done later than now, but for two clocks that differ a little.
identity::Time past_time(const google::protobuf::Timestamp& time, identity::Time now, std::string_view field,
                         identity::Violations& violations) {
  constexpr std::chrono::minutes kClocksDiffer{5};
  const identity::Time read = time_of(time, field, violations);
  if (read > now + kClocksDiffer) violations.add(field, "is in the future");
  return read;
}

identity::NationalNumber raw_number(const v1::InsNumber& proto) {
  return {proto.number(), proto.key(), proto.oid(), proto.start_date(), proto.end_date()};
}

bool is_test_range(const identity::NationalNumber& number) {
  const auto oid = identity::find_oid(number.oid);
  return oid && oid->environment != identity::OidEnvironment::PRODUCTION;
}

bool is_digest(const std::string& text) {
  return text.size() == 64 &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); });
}

// Evidence of before: who and when are the application's word, the rest is judged as if it were checked then.
std::optional<identity::Evidence> declared_evidence(const v1::Evidence& proto, const identity::Traits& traits,
                                                    identity::Time now, std::string_view path,
                                                    identity::Violations& violations) {
  identity::Evidence evidence = evidence_of(proto, path, violations);
  identity::Violations own(path);
  evidence.checked_by = text_of(proto.checked_by(), kMaxPerson, "checked_by", own);
  if (proto.checked_by().empty()) own.add("checked_by", "is missing");
  if (!proto.has_check_time()) own.add("check_time", "is missing");
  evidence.checked_at = past_time(proto.check_time(), now, "check_time", own);
  evidence.traits_digest = proto.traits_digest().empty()
                               ? identity::traits_digest(traits)
                               : digest_of(proto.traits_digest(), "traits_digest", own);
  // The application's own word may be declared; here it is not looked at, and so not judged as a document.
  if (own.empty() && evidence.type != identity::EvidenceType::APPLICATION_CARTE_VITALE) {
    try {
      identity::check_evidence(evidence, traits, identity::day_of(evidence.checked_at), path);
    } catch (const Error& error) {
      identity::Violations found("");
      for (const auto& field : error.fields()) found.add(field.path, field.description);
      violations.absorb(found);
    }
  }
  violations.absorb(own);
  return evidence;
}

void declare_number(const v1::IdentityFacts& facts, identity::Time now, std::string_view path,
                    identity::Identity& identity, identity::Violations& violations) {
  identity::Violations own(path);
  const bool retrieved =
      facts.has_number() || facts.has_acceptance() || facts.source() != v1::RETRIEVAL_SOURCE_UNSPECIFIED;
  if (!retrieved) return;
  if (!facts.has_number()) own.add("number", "is missing beside source and acceptance");
  if (!facts.has_acceptance()) own.add("acceptance", "is missing beside the number");
  if (facts.source() != v1::RETRIEVAL_SOURCE_INSI &&
      facts.source() != v1::RETRIEVAL_SOURCE_APPLICATION_CARTE_VITALE) {
    own.add("source", "is missing or not known");
  }
  if (identity.ins_expectation != identity::InsExpectation::EXPECTED) {
    own.add("ins_expectation", "contradicts the number");
  }
  if (identity.attributes.doubtful || identity.attributes.fictitious) {
    own.add("attributes", "contradict the number: it was withdrawn");
  }
  identity.number = number_of(facts.number(), joined(path, "number"), violations);
  identity.acceptance = identity::Acceptance{
      text_of(facts.acceptance().accepted_by(), kMaxPerson, "acceptance.accepted_by", own),
      past_time(facts.acceptance().accept_time(), now, "acceptance.accept_time", own)};
  if (facts.acceptance().accepted_by().empty()) own.add("acceptance.accepted_by", "is missing");
  if (!facts.acceptance().has_accept_time()) own.add("acceptance.accept_time", "is missing");
  identity.source = static_cast<identity::Source>(facts.source());
  if (facts.has_retrieve_time()) {
    identity.retrieved_at = past_time(facts.retrieve_time(), now, "retrieve_time", own);
  }
  violations.absorb(own);
}

}  // namespace

std::string digest_of(const std::string& text, std::string_view field, identity::Violations& violations) {
  if (is_digest(text)) return text;
  violations.add(field, text.empty() ? "is missing" : "is not 64 hexadecimal digits");
  return {};
}

identity::Traits traits_of(const v1::IdentityTraits& proto, bool typed, bool complete, identity::Time now,
                           std::string_view path, identity::Violations& violations) {
  identity::Violations own(path);
  identity::Traits traits =
      identity::local_traits({proto.birth_name(), proto.given_names(), proto.first_given_name(), proto.sex(),
                              proto.birth_date(), proto.birth_place()},
                             typed ? identity::Spelling::TYPED : identity::Spelling::KEPT,
                             complete ? identity::Completeness::MINIMAL : identity::Completeness::ANY, own);
  // The day begins in Noumea before it does here: up to 11 hours earlier than by UTC.
  constexpr std::chrono::hours kEarliestDay{11};
  if (traits.birth_date > identity::day_of(now + kEarliestDay)) own.add("birth_date", "is in the future");
  violations.absorb(own);
  return traits;
}

identity::NationalNumber number_of(const v1::InsNumber& proto, std::string_view path,
                                   identity::Violations& violations) {
  identity::Violations own(path);
  if (!v1::NumberKind_IsValid(proto.kind())) own.add("kind", "is not known");
  identity::NationalNumber number = identity::local_number(raw_number(proto), own);
  violations.absorb(own);
  return number;
}

identity::UsedNames used_of(const v1::UsedNames& proto, std::string_view path,
                            identity::Violations& violations) {
  identity::Violations own(path);
  identity::UsedNames used{identity::free_name(proto.used_name(), "used_name", own),
                           identity::free_name(proto.used_given_name(), "used_given_name", own)};
  violations.absorb(own);
  return used;
}

identity::Evidence evidence_of(const v1::Evidence& proto, std::string_view path,
                               identity::Violations& violations) {
  identity::Violations own(path);
  const auto type = [&](v1::EvidenceType value, std::string_view field) {
    if (!v1::EvidenceType_IsValid(value)) own.add(field, "is not known");
    return v1::EvidenceType_IsValid(value) ? static_cast<identity::EvidenceType>(value)
                                           : identity::EvidenceType::UNSPECIFIED;
  };
  identity::Evidence evidence;
  evidence.type = type(proto.type(), "type");
  evidence.guardian_evidence = type(proto.guardian_evidence(), "guardian_evidence");
  if (!v1::GuardianKind_IsValid(proto.guardian())) {
    own.add("guardian", "is not known");
  } else {
    evidence.guardian = static_cast<identity::Guardian>(proto.guardian());
  }
  evidence.issuing_country = text_of(proto.issuing_country(), 2, "issuing_country", own);
  evidence.expire_date = text_of(proto.expire_date(), 10, "expire_date", own);
  evidence.court_decision_seen = proto.court_decision_seen();
  violations.absorb(own);
  return evidence;
}

identity::Attributes attributes_of(const google::protobuf::RepeatedField<int>& values, std::string_view path,
                                   identity::Violations& violations) {
  identity::Violations own(path);
  identity::Attributes attributes;
  if (values.size() > kMaxAttributes) {
    own.add("attributes", "has more than 8 entries");
  } else {
    bool none = false;
    for (int i = 0; i < values.size(); ++i) {
      if (values[i] == v1::IDENTITY_ATTRIBUTE_NONE) {
        none = true;
      } else if (values[i] == v1::IDENTITY_ATTRIBUTE_HOMONYM) {
        attributes.homonym = true;
      } else if (values[i] == v1::IDENTITY_ATTRIBUTE_DOUBTFUL) {
        attributes.doubtful = true;
      } else if (values[i] == v1::IDENTITY_ATTRIBUTE_FICTITIOUS) {
        attributes.fictitious = true;
      } else {
        own.add("attributes[" + std::to_string(i) + "]", "is not known");
      }
    }
    if (none && values.size() != 1) own.add("attributes", "NONE stands alone");
    if (!identity::may_be_combined(attributes)) own.add("attributes", "fictitious stands alone");
  }
  violations.absorb(own);
  return attributes;
}

identity::InsExpectation expectation_of(v1::InsExpectation value, const std::string& reason,
                                        identity::Violations& violations) {
  if (!v1::InsExpectation_IsValid(value)) {
    violations.add("ins_expectation", "is not known");
    return identity::InsExpectation::EXPECTED;
  }
  text_of(reason, kMaxReason, "expectation_reason", violations);
  if (value == v1::INS_EXPECTATION_NOT_EXPECTED && reason.empty()) {
    violations.add("expectation_reason", "is missing: why no number is expected");
  }
  if (value == v1::INS_EXPECTATION_UNSPECIFIED) return identity::InsExpectation::EXPECTED;
  return static_cast<identity::InsExpectation>(static_cast<int>(value) - 1);
}

identity::Identity declared(const v1::IdentityFacts& facts, identity::Time now, std::string_view path,
                            identity::Violations& violations) {
  identity::Identity identity;
  identity::Violations own(path);
  identity.origin = identity::Origin::APPLICATION;
  identity.traits = traits_of(facts.traits(), false, true, now, joined(path, "traits"), violations);
  identity.used = used_of(facts.used_names(), joined(path, "used_names"), violations);
  identity.attributes = attributes_of(facts.attributes(), path, violations);
  identity.ins_expectation = expectation_of(facts.ins_expectation(), facts.expectation_reason(), own);
  identity.expectation_reason = own.empty() ? facts.expectation_reason() : std::string();
  declare_number(facts, now, path, identity, violations);
  if (facts.history_size() > kMaxHistory) {
    own.add("history", "has more than 50 entries");
  } else {
    for (int i = 0; i < facts.history_size(); ++i) {
      // Official histories hold wrong keys: they are kept.
      v1::InsNumber former = facts.history(i);
      former.clear_key();
      const std::string where = joined(path, "history[" + std::to_string(i) + "]");
      identity.history.push_back(number_of(former, where, violations));
      identity.history.back().key =
          text_of(facts.history(i).key(), 2, "history[" + std::to_string(i) + "].key", own);
    }
  }
  if (facts.has_replaced_number()) {
    identity.replaced_number =
        number_of(facts.replaced_number(), joined(path, "replaced_number"), violations);
  }
  if (facts.has_evidence()) {
    identity.evidence =
        declared_evidence(facts.evidence(), identity.traits, now, joined(path, "evidence"), violations);
    if (identity.attributes.doubtful || identity.attributes.fictitious) {
      own.add("evidence", "contradicts the attributes");
    }
  }
  // What the daemon computes is not looked at, but for its form.
  if (!v1::FactsOrigin_IsValid(facts.origin())) own.add("origin", "is not known");
  text_of(facts.completed_birth_date(), 10, "completed_birth_date", own);
  text_of(facts.evidence().fr_core_code(), 8, "evidence.fr_core_code", own);
  identity.test_environment =
      facts.test_environment() || (identity.number && is_test_range(*identity.number));
  violations.absorb(own);
  return identity;
}

namespace {

identity::Time trusted_time(const google::protobuf::Timestamp& time) {
  identity::Violations ignored("");
  return time_of(time, "", ignored);
}

identity::Traits trusted_traits(const v1::IdentityTraits& proto) {
  return {proto.birth_name(),       proto.given_names(),
          proto.first_given_name(), identity::parse_local_sex(proto.sex()),
          proto.birth_date(),       proto.birth_place()};
}

}  // namespace

identity::Answer from_proto(const v1::PendingAnswer& proto) {
  identity::Answer answer;
  answer.number = raw_number(proto.number());
  for (const v1::InsNumber& former : proto.history()) answer.history.push_back(raw_number(former));
  answer.traits = trusted_traits(proto.traits());
  answer.retrieved_at = trusted_time(proto.retrieve_time());
  answer.test_environment = proto.test_environment();
  answer.blocked = proto.blocked();
  answer.found_by_other_given_name = proto.found_by_other_given_name();
  return answer;
}

identity::Identity from_sealed(const v1::SealedIdentity& proto) {
  const v1::IdentityFacts& facts = proto.facts();
  identity::Violations ignored("");
  identity::Identity identity;
  identity.id = proto.identity_id();
  identity.revision = proto.revision();
  identity.traits = trusted_traits(facts.traits());
  identity.used = {facts.used_names().used_name(), facts.used_names().used_given_name()};
  if (facts.has_number()) identity.number = raw_number(facts.number());
  for (const v1::InsNumber& former : facts.history()) identity.history.push_back(raw_number(former));
  if (facts.has_replaced_number()) identity.replaced_number = raw_number(facts.replaced_number());
  identity.attributes = attributes_of(facts.attributes(), "", ignored);
  if (facts.has_evidence()) {
    identity.evidence = evidence_of(facts.evidence(), "", ignored);
    identity.evidence->checked_by = facts.evidence().checked_by();
    identity.evidence->checked_at = trusted_time(facts.evidence().check_time());
    identity.evidence->traits_digest = facts.evidence().traits_digest();
  }
  if (facts.has_acceptance()) {
    identity.acceptance = identity::Acceptance{facts.acceptance().accepted_by(),
                                               trusted_time(facts.acceptance().accept_time())};
  }
  identity.source = static_cast<identity::Source>(facts.source());
  if (facts.has_retrieve_time()) identity.retrieved_at = trusted_time(facts.retrieve_time());
  identity.origin = static_cast<identity::Origin>(static_cast<int>(facts.origin()) - 1);
  identity.test_environment = facts.test_environment();
  identity.ins_expectation = expectation_of(facts.ins_expectation(), facts.expectation_reason(), ignored);
  identity.expectation_reason = facts.expectation_reason();
  if (proto.has_pending()) identity.pending = from_proto(proto.pending());
  return identity;
}

}  // namespace insd::api
