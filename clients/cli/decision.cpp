// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/decision.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ostream>

#include "clients/cli/render.h"
#include "clients/cli/text.h"

namespace insd::cli {
namespace {

constexpr int kMostQuestions = 3;
constexpr std::string_view kEvidencePrefix = "EVIDENCE_TYPE_";
constexpr std::string_view kTraitPrefix = "TRAIT_";

// Those a person may have looked at and that count; the daemon explains why the others do not.
constexpr std::array kOffered = {
    v1::EVIDENCE_TYPE_PASSPORT,
    v1::EVIDENCE_TYPE_NATIONAL_IDENTITY_CARD,
    v1::EVIDENCE_TYPE_RESIDENCE_PERMIT,
    v1::EVIDENCE_TYPE_ELECTRONIC_IDENTITY_CARD,
    v1::EVIDENCE_TYPE_DIGITAL_IDENTITY,
    v1::EVIDENCE_TYPE_TRUSTED_THIRD_PARTY,
    v1::EVIDENCE_TYPE_BIRTH_CERTIFICATE_WITH_GUARDIAN,
    v1::EVIDENCE_TYPE_FAMILY_BOOK_WITH_GUARDIAN,
    v1::EVIDENCE_TYPE_MINOR_CIRCULATION_DOCUMENT,
    v1::EVIDENCE_TYPE_BIRTH_CERTIFICATE_WITH_VITALE,
    v1::EVIDENCE_TYPE_FAMILY_BOOK_WITH_VITALE,
};
constexpr std::size_t kOfAdults = 5;  // the first of kOffered

// "TRAIT_BIRTH_NAME" as an option's value: "birth-name".
std::string as_option(std::string_view name, std::string_view prefix) {
  std::string text(name.substr(prefix.size()));
  for (char& c : text) c = c == '_' ? '-' : static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return text;
}

std::vector<std::string> options_of(const google::protobuf::EnumDescriptor& values, std::string_view prefix) {
  std::vector<std::string> names;
  for (int i = 1; i < values.value_count(); ++i) names.push_back(as_option(values.value(i)->name(), prefix));
  return names;
}

template <class Enum>
Enum value_of(const google::protobuf::EnumDescriptor& values, std::string_view prefix,
              const std::string& option) {
  for (int i = 1; i < values.value_count(); ++i) {
    if (as_option(values.value(i)->name(), prefix) == option)
      return static_cast<Enum>(values.value(i)->number());
  }
  return Enum();
}

v1::EvidenceType evidence_named(const std::string& option) {
  return value_of<v1::EvidenceType>(*v1::EvidenceType_descriptor(), kEvidencePrefix, option);
}

bool asks(const Session& session) {
  return session.io.interactive && !session.options.pin_stdin;
}

std::string ask(Session& session, const std::string& question) {
  session.io.err << "      " << question << colon(session.language) << std::flush;
  return read_line(session.io.input);
}

// Yes only when the person says so.
bool confirms(Session& session, const std::string& question) {
  for (int i = 0; i < kMostQuestions; ++i) {
    const std::string answer = ask(session, question + " " + session.say(Word::YES_OR_NO));
    if (answer == "o" || answer == "oui" || answer == "y" || answer == "yes") return true;
    if (answer.empty() || answer == "n" || answer == "non" || answer == "no") return false;
  }
  return false;
}

v1::EvidenceType choose_document(Session& session, std::size_t offered) {
  for (std::size_t i = 0; i < offered; ++i) {
    session.io.err << "      " << i + 1 << ". "
                   << term_of(session.language, kOffered.at(i), v1::EvidenceType_Name) << '\n';
  }
  for (int i = 0; i < kMostQuestions; ++i) {
    const std::string line = ask(session, session.say(Word::ASK_DOCUMENT, {std::to_string(offered)}));
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
    const bool whole = error == std::errc() && end == line.data() + line.size();
    if (whole && number >= 1 && number <= offered) return kOffered.at(number - 1);
    if (line.empty()) break;
  }
  return v1::EVIDENCE_TYPE_UNSPECIFIED;
}

void ask_for_guardian(Session& session, v1::Evidence& evidence) {
  const bool parent = confirms(session, session.say(Word::ASK_PARENT));
  evidence.set_guardian(parent ? v1::GUARDIAN_KIND_PARENT : v1::GUARDIAN_KIND_GUARDIAN);
  if (!parent) evidence.set_court_decision_seen(confirms(session, session.say(Word::ASK_COURT)));
  session.io.err << "      " << session.say(Word::GUARDIAN_DOCUMENT) << '\n';
  evidence.set_guardian_evidence(choose_document(session, kOfAdults));
}

std::optional<v1::Evidence> ask_for_evidence(Session& session) {
  v1::Evidence evidence;
  evidence.set_type(choose_document(session, kOffered.size()));
  if (evidence.type() == v1::EVIDENCE_TYPE_UNSPECIFIED) return std::nullopt;
  if (evidence.type() == v1::EVIDENCE_TYPE_NATIONAL_IDENTITY_CARD) {
    evidence.set_issuing_country(ask(session, session.say(Word::ASK_COUNTRY)));
  }
  if (evidence.type() == v1::EVIDENCE_TYPE_BIRTH_CERTIFICATE_WITH_GUARDIAN ||
      evidence.type() == v1::EVIDENCE_TYPE_FAMILY_BOOK_WITH_GUARDIAN) {
    ask_for_guardian(session, evidence);
  }
  return evidence;
}

v1::IdentityTraits traits_of_options(const Options& options) {
  v1::IdentityTraits traits;
  traits.set_birth_name(options.name);
  for (const auto& name : options.given_names) {
    *traits.mutable_given_names() += (traits.given_names().empty() ? "" : " ") + name;
  }
  traits.set_first_given_name(options.first_given_name);
  traits.set_sex(options.sex);
  traits.set_birth_date(options.birth_date);
  traits.set_birth_place(options.birth_place);
  return traits;
}

bool has_traits(const Options& options) {
  return !options.name.empty() || !options.given_names.empty() || !options.first_given_name.empty() ||
         !options.sex.empty() || !options.birth_date.empty() || !options.birth_place.empty();
}

std::string in_words(const Session& session, const v1::TraitComparison& line) {
  const std::string none = session.say(Word::NONE);
  return session.say(Word::CONFIRM_TRAIT, {term_of(session.language, line.trait(), v1::Trait_Name),
                                           line.returned().empty() ? none : printable(line.returned()),
                                           line.known().empty() ? none : printable(line.known())});
}

}  // namespace

std::vector<std::string> evidence_names() {
  return options_of(*v1::EvidenceType_descriptor(), kEvidencePrefix);
}

std::vector<std::string> trait_names() {
  return options_of(*v1::Trait_descriptor(), kTraitPrefix);
}

bool is_decision_wanted(const Session& session) {
  const Options& options = session.options;
  const bool decided = options.accept || !options.evidence.empty() || !options.confirmed.empty();
  if (!decided && !has_traits(options)) return asks(session);
  if (asks(session) && !has_traits(options)) return true;
  const auto need = [&](bool there, const char* option) {
    if (!there) throw UsageError(session.say(Word::USAGE_MISSING, {option}));
  };
  need(!options.name.empty(), "--name");
  need(!options.given_names.empty() || !options.first_given_name.empty(), "--first-given-name");
  need(!options.sex.empty(), "--sex");
  need(!options.birth_date.empty(), "--birth-date");
  return true;
}

std::optional<v1::IdentityTraits> traits_seen(Session& session) {
  if (has_traits(session.options)) return traits_of_options(session.options);
  if (!asks(session)) return std::nullopt;
  session.io.err << "      " << session.say(Word::TRAITS_OF_DOCUMENT) << '\n';
  v1::IdentityTraits traits;
  traits.set_birth_name(ask(session, session.say(Word::BIRTH_NAME)));
  if (traits.birth_name().empty()) return std::nullopt;
  traits.set_given_names(ask(session, session.say(Word::GIVEN_NAMES)));
  traits.set_first_given_name(ask(session, session.say(Word::FIRST_GIVEN_NAME)));
  traits.set_sex(ask(session, session.say(Word::ASK_SEX)));
  traits.set_birth_date(ask(session, session.say(Word::ASK_BIRTH_DATE)));
  traits.set_birth_place(ask(session, session.say(Word::ASK_BIRTH_PLACE)));
  return traits;
}

bool accepts(Session& session, const v1::Comparison& comparison, v1::AcceptRequest& request) {
  const Options& options = session.options;
  if (comparison.advice() == v1::COMPARE_ADVICE_STOP) return false;
  for (const auto& name : options.confirmed) {
    request.add_confirmed_traits(value_of<v1::Trait>(*v1::Trait_descriptor(), kTraitPrefix, name));
  }
  request.set_number_change_confirmed(options.confirm_number_change);
  if (options.accept || !asks(session)) return options.accept;
  const auto& confirmed = request.confirmed_traits();
  for (const auto& line : comparison.traits()) {
    if (!line.confirmation_required() || std::ranges::find(confirmed, line.trait()) != confirmed.end())
      continue;
    if (!confirms(session, in_words(session, line))) return false;
    request.add_confirmed_traits(line.trait());
  }
  if (comparison.number_relation() == v1::NUMBER_RELATION_CHANGED_KNOWN_HISTORY &&
      !request.number_change_confirmed()) {
    if (!confirms(session, session.say(Word::CONFIRM_NUMBER))) return false;
    request.set_number_change_confirmed(true);
  }
  return confirms(session, session.say(Word::ASK_ACCEPT));
}

std::optional<v1::Evidence> evidence_seen(Session& session) {
  const Options& options = session.options;
  if (options.evidence.empty()) return asks(session) ? ask_for_evidence(session) : std::nullopt;
  v1::Evidence evidence;
  evidence.set_type(evidence_named(options.evidence));
  evidence.set_issuing_country(options.issuing_country);
  evidence.set_expire_date(options.expire_date);
  if (options.guardian == "parent") evidence.set_guardian(v1::GUARDIAN_KIND_PARENT);
  if (options.guardian == "guardian") evidence.set_guardian(v1::GUARDIAN_KIND_GUARDIAN);
  evidence.set_guardian_evidence(evidence_named(options.guardian_evidence));
  evidence.set_court_decision_seen(options.court_decision_seen);
  return evidence;
}

}  // namespace insd::cli
