// SPDX-License-Identifier: Apache-2.0
#include "daemon/identity/transitions.h"

#include <algorithm>
#include <array>

#include "daemon/identity/birth_date.h"
#include "daemon/identity/evidence.h"
#include "daemon/identity/given_names.h"
#include "daemon/identity/name.h"
#include "drivers/base/error.h"

namespace insd::identity {
namespace {

void require_certain(const Identity& identity) {
  if (identity.attributes.doubtful) throw Error(Code::IDENTITY_STATE, "the identity is doubtful");
  if (identity.attributes.fictitious) throw Error(Code::IDENTITY_STATE, "the identity is fictitious");
}

void require_shown(const Identity& identity, std::string_view shown) {
  if (shown != traits_digest(identity.traits)) {
    throw Error(Code::IDENTITY_STALE, "the traits are not those that were shown")
        .with_field("traits_digest", "is not that of the identity");
  }
}

void require_acceptable(const Comparison& comparison, const AcceptOrder& order) {
  if (comparison.has("ANSWER_NOT_BENEFICIARY")) throw Error(Code::ANSWER_BLOCKED);
  if (comparison.has("RETURNED_OID_UNKNOWN"))
    throw Error(Code::ANSWER_BLOCKED, "the number has no known OID");
  if (comparison.has("DIFFERENT_PERSON")) throw Error(Code::IDENTITY_COLLISION);
  if (comparison.has("ANOTHER_ENVIRONMENT")) {
    throw Error(Code::IDENTITY_STATE, "number and answer are of different environments");
  }
  Error error(Code::CONFIRMATION_REQUIRED);
  for (const TraitLine& line : comparison.traits) {
    if (line.confirm && std::ranges::find(order.confirmed, line.trait) == order.confirmed.end()) {
      error.add_field("confirmed_traits", std::string(to_string(line.trait)) + " must be confirmed");
    }
  }
  if (comparison.number == NumberRelation::CHANGED_KNOWN_HISTORY && !order.number_change_confirmed) {
    error.add_field("number_change_confirmed", "the number has changed");
  }
  if (!error.fields().empty()) throw Error(std::move(error));
}

// Which of the list's beginnings is the first given name only a person knows, unless there is only one.
std::string first_given_name(const Traits& known, const Answer& answer, const std::string& chosen) {
  const std::string& list =
      answer.traits.given_names.empty() ? answer.traits.first_given_name : answer.traits.given_names;
  if (!chosen.empty()) {
    if (is_coherent(chosen, list)) return chosen;
    throw Error(Code::INVALID_ARGUMENT).with_field("first_given_name", "does not begin the returned list");
  }
  if (is_coherent(known.first_given_name, list)) return known.first_given_name;
  if (!answer.traits.first_given_name.empty()) return answer.traits.first_given_name;
  const auto candidates = first_given_name_candidates(list);
  if (candidates.size() == 1 && as_words(candidates[0]) == as_capitals(candidates[0])) return candidates[0];
  throw Error(Code::INVALID_ARGUMENT)
      .with_field("first_given_name", "is missing: a person chooses it among the beginnings of the list");
}

std::vector<NationalNumber> merged_history(const Identity& identity, const Answer& answer) {
  std::vector<NationalNumber> history = answer.history;
  const auto keep = [&](const NationalNumber& former) {
    const auto same = [&](const NationalNumber& other) { return same_number(former, other); };
    if (!same(answer.number) && std::ranges::none_of(history, same)) history.push_back(former);
  };
  for (const NationalNumber& former : identity.history) keep(former);
  if (identity.number) keep(*identity.number);
  return history;
}

void withdraw_number(Identity& identity) {
  if (identity.number) identity.replaced_number = std::move(identity.number);
  identity.number.reset();
  identity.acceptance.reset();
  identity.pending.reset();
  identity.retrieved_at.reset();
  // What the phone's application vouched for, it vouched for as a whole.
  if (identity.source == Source::APPLICATION_CARTE_VITALE && identity.evidence &&
      identity.evidence->type == EvidenceType::APPLICATION_CARTE_VITALE) {
    identity.evidence.reset();
  }
  identity.source = Source::NONE;
}

}  // namespace

Accepted accept(Identity& identity, const Answer& answer, const AcceptOrder& order, const Act& act) {
  require_certain(identity);
  Accepted accepted{compare(known_of(identity), answer), {}};
  require_acceptable(accepted.comparison, order);
  Identity next = identity;
  next.traits = answer.traits;
  if (next.traits.given_names.empty()) next.traits.given_names = answer.traits.first_given_name;
  next.traits.first_given_name = first_given_name(identity.traits, answer, order.first_given_name);
  if (next.traits.birth_place.empty()) next.traits.birth_place = identity.traits.birth_place;
  next.history = merged_history(identity, answer);
  if (identity.number && !same_number(*identity.number, answer.number))
    next.replaced_number = identity.number;
  next.number = answer.number;
  next.source = Source::INSI;
  next.retrieved_at = answer.retrieved_at;
  next.acceptance = Acceptance{act.by, act.at};
  next.test_environment = identity.test_environment || answer.test_environment;
  next.ins_expectation = InsExpectation::EXPECTED;
  next.expectation_reason.clear();
  next.pending.reset();
  ++next.revision;
  for (const TraitLine& line : accepted.comparison.traits) {
    if (value_of(next.traits, line.trait) != line.known) accepted.changed.push_back(line.trait);
  }
  identity = std::move(next);
  return accepted;
}

void validate(Identity& identity, Evidence evidence, std::string_view shown, const Act& act) {
  require_certain(identity);
  if (!has_minimal_traits(identity.traits)) throw Error(Code::IDENTITY_STATE, "minimal traits are missing");
  require_shown(identity, shown);
  check_evidence(evidence, identity.traits, day_of(act.at), "evidence");
  evidence.checked_by = act.by;
  evidence.checked_at = act.at;
  evidence.traits_digest = traits_digest(identity.traits);
  identity.evidence = std::move(evidence);
  ++identity.revision;
}

void confirm_evidence(Identity& identity, std::string_view shown, const Act& act) {
  require_certain(identity);
  if (!identity.evidence || is_validated(identity)) {
    throw Error(Code::IDENTITY_STATE, "there is no document check that has lapsed");
  }
  if (identity.evidence->type == EvidenceType::APPLICATION_CARTE_VITALE) {
    throw Error(Code::IDENTITY_STATE, "the application's word is for what it gave");
  }
  validate(identity, *identity.evidence, shown, act);
}

void set_attributes(Identity& identity, const Attributes& attributes) {
  if (!may_be_combined(attributes)) {
    throw Error(Code::INVALID_ARGUMENT).with_field("attributes", "fictitious stands alone");
  }
  identity.attributes = attributes;
  if (attributes.doubtful || attributes.fictitious) {
    withdraw_number(identity);
    identity.evidence.reset();
  }
  ++identity.revision;
}

void demote(Identity& identity, Demotion demotion) {
  const bool number = demotion != Demotion::EVIDENCE && (identity.number || identity.pending);
  const bool evidence = demotion != Demotion::ACCEPTANCE && identity.evidence;
  if (!number && !evidence) throw Error(Code::IDENTITY_STATE, "there is nothing to take back");
  if (number) withdraw_number(identity);
  if (evidence) identity.evidence.reset();
  ++identity.revision;
}

bool has_minimal_traits(const Traits& traits) {
  return !traits.birth_name.empty() && !(traits.given_names.empty() && traits.first_given_name.empty()) &&
         is_birth_date(traits.birth_date) && traits.sex != Sex::UNSPECIFIED;
}

std::string day_of(Time at) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(at));
  const auto padded = [](unsigned value, std::size_t width) {
    std::string text = std::to_string(value);
    return text.size() < width ? std::string(width - text.size(), '0') + text : text;
  };
  return padded(static_cast<unsigned>(std::max(0, static_cast<int>(day.year()))), 4) + '-' +
         padded(static_cast<unsigned>(day.month()), 2) + '-' + padded(static_cast<unsigned>(day.day()), 2);
}

}  // namespace insd::identity
