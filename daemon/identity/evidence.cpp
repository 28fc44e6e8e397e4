// SPDX-License-Identifier: Apache-2.0
#include "daemon/identity/evidence.h"

#include <algorithm>
#include <array>

#include "daemon/identity/birth_date.h"
#include "drivers/base/error.h"

namespace insd::identity {
namespace {

using enum EvidenceType;
constexpr auto kNone = Companion::NONE;

constexpr auto kKinds = std::to_array<EvidenceKind>({
    {PASSPORT, "PASSPORT", Trust::HIGH, Holder::ANYBODY, kNone, true, "PA", "PA"},
    {NATIONAL_IDENTITY_CARD, "NATIONAL_IDENTITY_CARD", Trust::HIGH, Holder::NATIONAL, kNone, true, "CN",
     "CN"},
    {RESIDENCE_PERMIT, "RESIDENCE_PERMIT", Trust::HIGH, Holder::FOREIGNER, kNone, true, "CS", "CS"},
    {ELECTRONIC_IDENTITY_CARD, "ELECTRONIC_IDENTITY_CARD", Trust::HIGH, Holder::ANYBODY, kNone, true, "eCN",
     ""},
    {DIGITAL_IDENTITY, "DIGITAL_IDENTITY", Trust::HIGH, Holder::ANYBODY, kNone, true, "IN", ""},
    {APPLICATION_CARTE_VITALE, "APPLICATION_CARTE_VITALE", Trust::HIGH, Holder::ANYBODY, kNone, false, "AV",
     ""},
    {TRUSTED_THIRD_PARTY, "TRUSTED_THIRD_PARTY", Trust::HIGH, Holder::ANYBODY, kNone, false, "TC", ""},
    {BIRTH_CERTIFICATE_WITH_GUARDIAN, "BIRTH_CERTIFICATE_WITH_GUARDIAN", Trust::HIGH, Holder::MINOR,
     Companion::GUARDIAN, false, "AN", "AN"},
    {FAMILY_BOOK_WITH_GUARDIAN, "FAMILY_BOOK_WITH_GUARDIAN", Trust::HIGH, Holder::MINOR, Companion::GUARDIAN,
     false, "LEP", "LE"},
    {MINOR_CIRCULATION_DOCUMENT, "MINOR_CIRCULATION_DOCUMENT", Trust::HIGH, Holder::FOREIGN_MINOR, kNone,
     false, "CC", "CC"},
    {BIRTH_CERTIFICATE_WITH_VITALE, "BIRTH_CERTIFICATE_WITH_VITALE", Trust::HIGH, Holder::NURSING_HOME, kNone,
     false, "ANCV", ""},
    {FAMILY_BOOK_WITH_VITALE, "FAMILY_BOOK_WITH_VITALE", Trust::HIGH, Holder::NURSING_HOME, kNone, false,
     "LECV", ""},
    {DRIVING_LICENCE, "DRIVING_LICENCE", Trust::NONE, Holder::ANYBODY, kNone, false, "", ""},
    {VITALE_CARD, "VITALE_CARD", Trust::NONE, Holder::ANYBODY, kNone, false, "", ""},
    {BIRTH_CERTIFICATE, "BIRTH_CERTIFICATE", Trust::NONE, Holder::ANYBODY, kNone, false, "", ""},
    {FAMILY_BOOK, "FAMILY_BOOK", Trust::NONE, Holder::ANYBODY, kNone, false, "", ""},
});

constexpr auto kCardStates =
    std::to_array<std::string_view>({"AD", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI",
                                     "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MC",
                                     "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK", "SM", "VA"});
static_assert(std::ranges::is_sorted(kCardStates));

bool is_country(std::string_view text) {
  return text.size() == 2 && std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

/// Collects what is wrong, in the request's terms.
class Refusal {
 public:
  Refusal(Code code, std::string_view path) : error_(code), path_(path) {}
  void add(std::string_view field, std::string why) {
    error_.add_field(path_.empty() ? std::string(field) : path_ + '.' + std::string(field), std::move(why));
  }
  void throw_if_any() const {
    if (!error_.fields().empty()) throw Error(error_);
  }

 private:
  Error error_;
  std::string path_;
};

void check_form(const Evidence& evidence, const EvidenceKind& kind, std::string_view path) {
  Refusal wrong(Code::INVALID_ARGUMENT, path);
  if (!evidence.issuing_country.empty() && !is_country(evidence.issuing_country)) {
    wrong.add("issuing_country", "is not two upper-case letters (ISO 3166-1)");
  }
  if (!evidence.expire_date.empty() && !is_calendar_date(evidence.expire_date)) {
    wrong.add("expire_date", "is not a day AAAA-MM-JJ");
  }
  if (kind.companion == Companion::NONE) {
    if (evidence.guardian != Guardian::NOBODY) wrong.add("guardian", "does not go with this document");
    if (evidence.guardian_evidence != UNSPECIFIED) {
      wrong.add("guardian_evidence", "does not go with this document");
    }
  }
  if (evidence.court_decision_seen && evidence.guardian != Guardian::GUARDIAN) {
    wrong.add("court_decision_seen", "goes with a guardian only");
  }
  wrong.throw_if_any();
}

void check_company(const Evidence& evidence, Refusal& refusal) {
  if (evidence.guardian == Guardian::NOBODY) refusal.add("guardian", "is missing: a parent or a guardian");
  const EvidenceKind* device = find_evidence(evidence.guardian_evidence);
  if (device == nullptr || !device->proves_guardian) {
    refusal.add("guardian_evidence", "is not a high-trust device of an adult");
  }
  if (evidence.guardian == Guardian::GUARDIAN && !evidence.court_decision_seen) {
    refusal.add("court_decision_seen", "is missing: a guardian shows the decision of the court");
  }
}

}  // namespace

std::span<const EvidenceKind> evidence_kinds() {
  return kKinds;
}

const EvidenceKind* find_evidence(EvidenceType type) {
  const auto* const found = std::ranges::find(kKinds, type, &EvidenceKind::type);
  return found == kKinds.end() ? nullptr : found;
}

bool is_high_trust(EvidenceType type) {
  const EvidenceKind* kind = find_evidence(type);
  return kind != nullptr && kind->trust == Trust::HIGH;
}

bool issues_accepted_cards(std::string_view country) {
  return std::ranges::binary_search(kCardStates, country);
}

void check_evidence(const Evidence& evidence, const Traits& traits, std::string_view today,
                    std::string_view path) {
  Refusal refusal(Code::EVIDENCE_REFUSED, path);
  const EvidenceKind* kind = find_evidence(evidence.type);
  if (kind == nullptr) {
    throw Error(Code::INVALID_ARGUMENT)
        .with_field(path.empty() ? "type" : std::string(path) + ".type", "is missing or not known");
  }
  check_form(evidence, *kind, path);
  if (kind->trust != Trust::HIGH) refusal.add("type", "is not a device of high trust");
  if (evidence.type == APPLICATION_CARTE_VITALE) refusal.add("type", "is received, not looked at");
  if (kind->holder == Holder::NATIONAL && !issues_accepted_cards(evidence.issuing_country)) {
    refusal.add("issuing_country", "is missing, or its identity card is not accepted");
  }
  if (kind->holder == Holder::MINOR || kind->holder == Holder::FOREIGN_MINOR) {
    if (!is_minor(traits.birth_date, today)) refusal.add("type", "is for minors only");
  }
  if (kind->companion == Companion::GUARDIAN) check_company(evidence, refusal);
  refusal.throw_if_any();
}

}  // namespace insd::identity
