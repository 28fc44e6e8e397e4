// SPDX-License-Identifier: Apache-2.0
#include "daemon/identity/compare.h"

#include <algorithm>

#include "daemon/identity/birth_date.h"
#include "daemon/identity/cog.h"
#include "daemon/identity/given_names.h"
#include "daemon/identity/matricule.h"
#include "daemon/identity/oid.h"

namespace insd::identity {
namespace {

Verdict compare_names(const std::string& known, const std::string& returned) {
  if (known.empty() || returned.empty()) return Verdict::MISSING;
  if (as_capitals(known) == as_capitals(returned)) return Verdict::EQUAL;
  return as_words(known) == as_words(returned) ? Verdict::EQUAL_AFTER_SEPARATORS : Verdict::DIFFERENT;
}

Verdict compare_lists(const std::string& known, const std::string& returned) {
  const Verdict verdict = compare_names(known, returned);
  if (verdict != Verdict::DIFFERENT) return verdict;
  return begins(as_words(returned), as_words(known)) ? Verdict::COMPATIBLE_PREFIX : Verdict::DIFFERENT;
}

// The first given name is a prefix of every list it belongs to. How far that prefix goes nobody can tell from
// the list: it agrees only where the whole list was known, or is this one name.
Verdict compare_first(const std::string& known, const std::string& list, Verdict lists) {
  if (known.empty() || list.empty()) return Verdict::MISSING;
  const Verdict whole = compare_names(known, list);
  if (whole != Verdict::DIFFERENT) return whole;
  if (!is_coherent(known, list)) return Verdict::DIFFERENT;
  if (lists != Verdict::EQUAL && lists != Verdict::EQUAL_AFTER_SEPARATORS) return Verdict::COMPATIBLE_PREFIX;
  const bool literally = begins(as_capitals(list), as_capitals(known));
  return literally ? Verdict::EQUAL : Verdict::EQUAL_AFTER_SEPARATORS;
}

// A health identity holds the completed date, INSi the lunar one: the same birth.
Verdict compare_dates(const std::string& known, const std::string& returned) {
  if (known.empty() || returned.empty()) return Verdict::MISSING;
  if (known == returned) return Verdict::EQUAL;
  const auto a = complete_birth_date(known);
  const auto b = complete_birth_date(returned);
  return a && b && a->date == b->date ? Verdict::EQUAL : Verdict::DIFFERENT;
}

Verdict compare_places(const std::string& known, const std::string& returned) {
  if (known.empty() || returned.empty() || is_unknown_place(known)) return Verdict::MISSING;
  return as_upper_cog(known) == as_upper_cog(returned) ? Verdict::EQUAL : Verdict::DIFFERENT;
}

Verdict compare_sex(Sex known, Sex returned) {
  if (known == Sex::UNSPECIFIED || returned == Sex::UNSPECIFIED) return Verdict::MISSING;
  return known == returned ? Verdict::EQUAL : Verdict::DIFFERENT;
}

// What an answer fills in was seen by nobody; what it leaves open takes nothing away. INSi may know no birth
// place, everything else it owes.
bool must_confirm(const TraitLine& line) {
  switch (line.verdict) {
    case Verdict::EQUAL:
    case Verdict::EQUAL_AFTER_SEPARATORS:
      return false;
    case Verdict::COMPATIBLE_PREFIX:
    case Verdict::DIFFERENT:
      return true;
    case Verdict::MISSING:
      break;
  }
  // Nobody's first given name is filled in: Accept asks for it.
  if (line.trait == TraitName::FIRST_GIVEN_NAME) return false;
  return !line.returned.empty() || (!line.known.empty() && line.trait != TraitName::BIRTH_PLACE);
}

NumberRelation compare_numbers(const std::optional<NationalNumber>& known, const Answer& answer) {
  if (!known) return NumberRelation::NOT_COMPARED;
  if (same_number(*known, answer.number)) return NumberRelation::SAME;
  const bool before = std::ranges::any_of(
      answer.history, [&](const NationalNumber& former) { return same_number(former, *known); });
  return before ? NumberRelation::CHANGED_KNOWN_HISTORY : NumberRelation::DIFFERENT_PERSON;
}

std::vector<std::string_view> reasons_of(const Comparison& comparison, const Known& known,
                                         const Answer& answer) {
  std::vector<std::string_view> reasons;
  if (comparison.number == NumberRelation::DIFFERENT_PERSON) reasons.emplace_back("DIFFERENT_PERSON");
  if (answer.blocked) reasons.emplace_back("ANSWER_NOT_BENEFICIARY");
  if (known.number && known.test_environment != answer.test_environment) {
    reasons.emplace_back("ANOTHER_ENVIRONMENT");
  }
  if (!find_oid(answer.number.oid)) reasons.emplace_back("RETURNED_OID_UNKNOWN");
  if (comparison.number == NumberRelation::CHANGED_KNOWN_HISTORY) reasons.emplace_back("NUMBER_CHANGED");
  if (answer.found_by_other_given_name) reasons.emplace_back("FOUND_BY_OTHER_GIVEN_NAME");
  if (comparison.traits[static_cast<std::size_t>(TraitName::FIRST_GIVEN_NAME)].verdict ==
      Verdict::DIFFERENT) {
    reasons.emplace_back("FIRST_GIVEN_NAME_NOT_COHERENT");
  }
  if (!answer.number.key.empty() && !key_matches({answer.number.number, answer.number.key})) {
    reasons.emplace_back("RETURNED_KEY_INVALID");
  }
  return reasons;
}

Advice advice_of(const Comparison& comparison) {
  for (const std::string_view stop :
       {"DIFFERENT_PERSON", "ANSWER_NOT_BENEFICIARY", "ANOTHER_ENVIRONMENT", "RETURNED_OID_UNKNOWN"}) {
    if (comparison.has(stop)) return Advice::STOP;
  }
  const auto differs = [](const TraitLine& line) { return line.verdict == Verdict::DIFFERENT; };
  if (std::ranges::any_of(comparison.traits, differs)) return Advice::VIGILANCE;
  const bool confirm = std::ranges::any_of(comparison.traits, &TraitLine::confirm);
  return confirm || comparison.has("NUMBER_CHANGED") ? Advice::CONFIRM : Advice::ACCEPT;
}

}  // namespace

std::string_view to_string(TraitName trait) {
  constexpr std::array<std::string_view, kTraits> kNames = {"birth_name", "given_names", "first_given_name",
                                                            "sex",        "birth_date",  "birth_place"};
  return kNames[static_cast<std::size_t>(trait)];
}

std::string value_of(const Traits& traits, TraitName trait) {
  switch (trait) {
    case TraitName::BIRTH_NAME:
      return traits.birth_name;
    case TraitName::GIVEN_NAMES:
      return traits.given_names;
    case TraitName::FIRST_GIVEN_NAME:
      return traits.first_given_name;
    case TraitName::SEX:
      return std::string(to_local_letter(traits.sex));
    case TraitName::BIRTH_DATE:
      return traits.birth_date;
    case TraitName::BIRTH_PLACE:
      return traits.birth_place;
  }
  return {};
}

bool Comparison::has(std::string_view reason) const {
  return std::ranges::find(reasons, reason) != reasons.end();
}

Known known_of(const Identity& identity) {
  return {identity.traits, identity.number, identity.test_environment};
}

Comparison compare(const Known& known, const Answer& answer) {
  const Traits& ours = known.traits;
  const Traits& theirs = answer.traits;
  Comparison result;
  const auto put = [&](TraitName trait, Verdict verdict, const std::string& returned) {
    // Whoever was not found by his own first given name is not "the same" by it.
    const bool given = trait == TraitName::GIVEN_NAMES || trait == TraitName::FIRST_GIVEN_NAME;
    if (given && answer.found_by_other_given_name &&
        (verdict == Verdict::EQUAL || verdict == Verdict::EQUAL_AFTER_SEPARATORS)) {
      verdict = Verdict::COMPATIBLE_PREFIX;
    }
    TraitLine line{trait, verdict, value_of(ours, trait), returned, false};
    line.confirm = must_confirm(line);
    result.traits[static_cast<std::size_t>(trait)] = std::move(line);
  };
  // Older answers hold only a first name (specs: insi 1.3).
  const std::string& list = theirs.given_names.empty() ? theirs.first_given_name : theirs.given_names;
  const Verdict lists = compare_lists(ours.given_names, list);
  put(TraitName::BIRTH_NAME, compare_names(ours.birth_name, theirs.birth_name), theirs.birth_name);
  put(TraitName::GIVEN_NAMES, lists, list);
  put(TraitName::FIRST_GIVEN_NAME, compare_first(ours.first_given_name, list, lists), list);
  put(TraitName::SEX, compare_sex(ours.sex, theirs.sex), std::string(to_local_letter(theirs.sex)));
  put(TraitName::BIRTH_DATE, compare_dates(ours.birth_date, theirs.birth_date), theirs.birth_date);
  put(TraitName::BIRTH_PLACE, compare_places(ours.birth_place, theirs.birth_place), theirs.birth_place);
  result.number = compare_numbers(known.number, answer);
  result.reasons = reasons_of(result, known, answer);
  result.advice = advice_of(result);
  return result;
}

}  // namespace insd::identity
