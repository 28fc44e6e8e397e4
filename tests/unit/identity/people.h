// SPDX-License-Identifier: Apache-2.0
// Persons of the public test data (specs: ins-rules 8), as INSi answers and as identities.
#pragma once

#include <chrono>

#include "daemon/identity/identity.h"
#include "daemon/identity/transitions.h"

namespace insd::identity {

inline constexpr const char* kNir = "1.2.250.1.213.1.4.8";
inline constexpr const char* kNia = "1.2.250.1.213.1.4.9";

inline Time at_noon(int year, unsigned month, unsigned day) {
  return std::chrono::sys_days(std::chrono::year(year) / static_cast<int>(month) / static_cast<int>(day)) +
         std::chrono::hours(12);
}

inline const Time kNow = at_noon(2026, 11, 24);
inline const Act kSecretary{"secretary-1", kNow};

/// HOUILLES PIERRE PAUL JACQUES (test CR01); the number is another test person's.
inline Answer houilles() {
  Answer answer;
  answer.number = {"1090763220834", "89", kNir, "", ""};
  answer.traits = {"HOUILLES", "PIERRE PAUL JACQUES", "", Sex::MALE, "1993-01-27", "63220"};
  answer.retrieved_at = kNow;
  return answer;
}

inline Traits typed_houilles() {
  return {"HOUILLES", "PIERRE PAUL JACQUES", "PIERRE", Sex::MALE, "1993-01-27", "63220"};
}

inline Identity typed_identity() {
  Identity identity;
  identity.id = "00112233445566778899aabbccddeeff";
  identity.traits = typed_houilles();
  return identity;
}

inline Evidence passport() {
  Evidence evidence;
  evidence.type = EvidenceType::PASSPORT;
  return evidence;
}

inline Identity validated_identity() {
  Identity identity = typed_identity();
  validate(identity, passport(), traits_digest(identity.traits), kSecretary);
  return identity;
}

inline Identity qualified_identity() {
  Identity identity = validated_identity();
  accept(identity, houilles(), {}, kSecretary);
  return identity;
}

}  // namespace insd::identity
