// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/render_identity.h"

#include <ostream>

#include "clients/cli/text.h"

namespace insd::cli {
void print_traits(std::ostream& out, Language language, const v1::IdentityTraits& traits) {
  const auto trait = [&](Word label, const std::string& value) {
    print_line(out, say(language, label), value, kIdentityLabelWidth);
  };
  trait(Word::BIRTH_NAME, traits.birth_name());
  trait(Word::GIVEN_NAMES, traits.given_names());
  trait(Word::FIRST_GIVEN_NAME, traits.first_given_name());
  trait(Word::SEX, traits.sex());
  trait(Word::BIRTH_DATE, traits.birth_date());
  trait(Word::BIRTH_PLACE, traits.birth_place());
}

void print_comparison(std::ostream& out, Language language, const v1::Comparison& comparison) {
  const std::string none = say(language, Word::NONE);
  for (const auto& each : comparison.traits()) {
    std::string text = term_of(language, each.verdict(), v1::TraitVerdict_Name);
    if (each.verdict() != v1::TRAIT_VERDICT_EQUAL) {
      text += colon(language);
      text +=
          say(language, Word::SEEN_AND_RETURNED,
              {each.known().empty() ? none : each.known(), each.returned().empty() ? none : each.returned()});
    }
    print_line(out, term_of(language, each.trait(), v1::Trait_Name), text, kIdentityLabelWidth);
  }
  if (comparison.number_relation() != v1::NUMBER_RELATION_NOT_COMPARED) {
    print_line(out, say(language, Word::INS_NUMBER),
               term_of(language, comparison.number_relation(), v1::NumberRelation_Name), kIdentityLabelWidth);
  }
  for (const auto& reason : comparison.reasons()) out << "  ! " << printable(term(language, reason)) << '\n';
  out.flush();
}

void print_identity(std::ostream& out, Language language, const v1::IdentityReport& identity) {
  const auto& facts = identity.facts();
  out << term_of(language, identity.status(), v1::IdentityStatus_Name) << '\n';
  if (facts.test_environment()) out << "  " << say(language, Word::ANSWER_TEST) << '\n';
  // Only a qualified identity may show its number (specs: ins-rules 1.3).
  if (identity.status() == v1::IDENTITY_STATUS_QUALIFIED) {
    print_line(out, say(language, Word::INS_NUMBER), number_in_words(language, facts.number()),
               kIdentityLabelWidth);
    print_line(out, say(language, Word::OID), oid_in_words(language, facts.number()), kIdentityLabelWidth);
  }
  print_traits(out, language, facts.traits());
  if (facts.has_evidence()) {
    const std::string document = term_of(language, facts.evidence().type(), v1::EvidenceType_Name);
    print_line(out, say(language, Word::CHECKED_ON),
               say(language, Word::CHECKED_BY,
                   {document, facts.evidence().checked_by(), local_time(facts.evidence().check_time())}),
               kIdentityLabelWidth);
  }
  for (const auto& remark : identity.remarks()) out << "  ! " << printable(term(language, remark)) << '\n';
  print_line(out, say(language, Word::IDENTITY_ID), identity.identity_id(), kIdentityLabelWidth);
  print_line(out, say(language, Word::KEPT_UNTIL), local_time(identity.expire_time()), kIdentityLabelWidth);
  if (identity.missing().empty()) return;
  out << '\n' << say(language, Word::WHAT_IS_MISSING) << '\n';
  for (const auto& missing : identity.missing()) {
    out << "  - " << printable(missing.remedy()) << " (" << printable(missing.rule()) << ")\n";
  }
}

}  // namespace insd::cli
