// SPDX-License-Identifier: Apache-2.0
// Identities to render. The persons are the published ones of specs: ins-rules 2 and 5.
#pragma once

#include <chrono>

#include "daemon/identity/identity.h"
#include "daemon/render/disclosure.h"

namespace insd::render::test {

inline constexpr const char* kNir = "1.2.250.1.213.1.4.8";
inline constexpr const char* kNia = "1.2.250.1.213.1.4.9";
inline constexpr const char* kNirTest = "1.2.250.1.213.1.4.10";

inline identity::Time noon() {
  using namespace std::chrono;
  return sys_days(year{2026} / 11 / 23) + hours(12);
}

/// Traits of the reference person of FR Core, provisional.
inline identity::Identity provisional() {
  identity::Identity made;
  made.id = std::string(32, 'a');
  made.traits = {.birth_name = "DARK",
                 .given_names = "JEANNE MARIE CECILE",
                 .first_given_name = "JEANNE",
                 .sex = identity::Sex::FEMALE,
                 .birth_date = "1960-05-30",
                 .birth_place = "88154"};
  return made;
}

inline void retrieve(identity::Identity& identity, const char* number, const char* key, const char* oid) {
  identity.number = {.number = number, .key = key, .oid = oid, .start_date = {}, .end_date = {}};
  identity.source = identity::Source::INSI;
  identity.acceptance = {.accepted_by = "desk", .accepted_at = noon()};
  identity.retrieved_at = noon();
}

inline void validate(identity::Identity& identity) {
  identity.evidence.emplace();
  identity.evidence->type = identity::EvidenceType::NATIONAL_IDENTITY_CARD;
  identity.evidence->issuing_country = "FR";
  identity.evidence->expire_date = "2030-01-31";
  identity.evidence->checked_by = "desk";
  identity.evidence->checked_at = noon();
  identity.evidence->traits_digest = identity::traits_digest(identity.traits);
}

inline identity::Identity retrieved() {
  identity::Identity made = provisional();
  retrieve(made, "2600588154002", "33", kNir);
  return made;
}

inline identity::Identity validated() {
  identity::Identity made = provisional();
  validate(made);
  return made;
}

inline identity::Identity qualified() {
  identity::Identity made = retrieved();
  validate(made);
  return made;
}

/// A NIA that became a NIR.
inline identity::Identity from_nia() {
  identity::Identity made = qualified();
  made.history.push_back({.number = "1090763220888",
                          .key = "35",
                          .oid = kNia,
                          .start_date = "2019-03-01",
                          .end_date = "2020-02-29"});
  made.replaced_number = made.history.front();
  return made;
}

/// A number that changed with the civil sex; the history holds the active one too, as official ones do.
inline identity::Identity changed_number() {
  identity::Identity made = qualified();
  identity::NationalNumber old{
      .number = "1600588154002", .key = "83", .oid = kNir, .start_date = {}, .end_date = {}};
  made.history = {old, *made.number, old};
  made.replaced_number = old;
  return made;
}

/// The published vectors of the datamatrix.
inline identity::Identity garcia() {
  identity::Identity made;
  made.traits = {.birth_name = "GARCIA-HAMMADI",
                 .given_names = "SARAH-LOU ANNA",
                 .first_given_name = "SARAH-LOU",
                 .sex = identity::Sex::FEMALE,
                 .birth_date = "1977-01-21",
                 .birth_place = "01154"};
  retrieve(made, "2770101154003", "29", kNir);
  validate(made);
  return made;
}

inline identity::Identity corse() {
  identity::Identity made;
  made.traits = {.birth_name = "CORSE",
                 .given_names = "ANTHONY",
                 .first_given_name = "ANTHONY",
                 .sex = identity::Sex::MALE,
                 .birth_date = "1980-03-02",
                 .birth_place = "2B020"};
  retrieve(made, "180032B020401", "23", kNirTest);
  validate(made);
  return made;
}

inline std::vector<LocalIdentifier> ipp() {
  return {{.value = "IPP-42", .oid = "1.2.250.1.71.4.2.2", .namespace_id = "CHU"}};
}

}  // namespace insd::render::test
