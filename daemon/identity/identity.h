// SPDX-License-Identifier: Apache-2.0
// A patient's identity as a value: the facts, and the status that follows from them. The status is computed,
// never stored (specs: ins-rules 1.1).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/identity/sex.h"

namespace insd::identity {

using Time = std::chrono::system_clock::time_point;

/// Strict traits, number and OID excepted. Values are kept byte for byte as their source gave them.
struct Traits {
  std::string birth_name;
  std::string given_names;       ///< the list, separated by spaces; empty when only the first is known
  std::string first_given_name;  ///< chosen by a person, never computed; empty when nobody has
  Sex sex = Sex::UNSPECIFIED;
  std::string birth_date;   ///< AAAA-MM-JJ, possibly lunar; see complete_birth_date()
  std::string birth_place;  ///< COG; empty when not known

  bool operator==(const Traits&) const = default;
};

/// What a person calls himself. Given by a person; nothing ever fills it in or changes it (EXI ID 08).
struct UsedNames {
  std::string used_name;
  std::string used_given_name;

  bool operator==(const UsedNames&) const = default;
};

/// A national number and its authority: one value. As received.
struct NationalNumber {
  std::string number;  ///< 13 characters
  std::string key;     ///< 2 digits; empty when none came
  std::string oid;
  std::string start_date, end_date;  ///< AAAA-MM-JJ; of a history, may be absent or in any order

  bool operator==(const NationalNumber&) const = default;
};

/// The same number of the same authority? Keys do not count: official answers carry wrong ones.
bool same_number(const NationalNumber& a, const NationalNumber& b);

/// Homonyme, douteuse, fictive.
struct Attributes {
  bool homonym = false;
  bool doubtful = false;
  bool fictitious = false;

  bool operator==(const Attributes&) const = default;
};

/// Only doubtful and homonym go together (RNIV 1, 3.2.3).
constexpr bool may_be_combined(const Attributes& attributes) {
  return !attributes.fictitious || (!attributes.homonym && !attributes.doubtful);
}

/// What may be looked at to check an identity; what counts, and for whom, is in evidence.h.
enum class EvidenceType : std::uint8_t {
  UNSPECIFIED,
  PASSPORT,
  NATIONAL_IDENTITY_CARD,
  RESIDENCE_PERMIT,
  ELECTRONIC_IDENTITY_CARD,
  DIGITAL_IDENTITY,
  APPLICATION_CARTE_VITALE,
  TRUSTED_THIRD_PARTY,
  BIRTH_CERTIFICATE_WITH_GUARDIAN,
  FAMILY_BOOK_WITH_GUARDIAN,
  MINOR_CIRCULATION_DOCUMENT,
  BIRTH_CERTIFICATE_WITH_VITALE,
  FAMILY_BOOK_WITH_VITALE,
  DRIVING_LICENCE,
  VITALE_CARD,
  BIRTH_CERTIFICATE,
  FAMILY_BOOK,
};

enum class Guardian : std::uint8_t { NOBODY, PARENT, GUARDIAN };

/// A document check: which document, by whom, when, against which traits.
struct Evidence {
  EvidenceType type = EvidenceType::UNSPECIFIED;
  std::string issuing_country;  ///< ISO 3166-1 alpha-2; empty when not asked for
  std::string expire_date;      ///< AAAA-MM-JJ; empty when not told
  Guardian guardian = Guardian::NOBODY;
  EvidenceType guardian_evidence = EvidenceType::UNSPECIFIED;
  bool court_decision_seen = false;
  std::string checked_by;
  Time checked_at;
  std::string traits_digest;  ///< traits_digest() of what it was checked against

  bool operator==(const Evidence&) const = default;
};

/// Somebody's word that the answer is about the patient.
struct Acceptance {
  std::string accepted_by;
  Time accepted_at;

  bool operator==(const Acceptance&) const = default;
};

/// Where number and traits were retrieved from.
enum class Source : std::uint8_t { NONE, INSI, APPLICATION_CARTE_VITALE };

/// Who vouches for the facts.
enum class Origin : std::uint8_t { DAEMON, APPLICATION, OTHER_DAEMON };

enum class InsExpectation : std::uint8_t { EXPECTED, NOT_YET, NOT_EXPECTED };

/// An answer of INSi, as it is compared and accepted.
struct Answer {
  NationalNumber number;
  std::vector<NationalNumber> history;
  Traits traits;  ///< first_given_name only when INSi sent one
  Time retrieved_at;
  bool test_environment = false;
  bool blocked = false;  ///< ANSWER_NOT_BENEFICIARY: about somebody else than the card's person
  bool found_by_other_given_name = false;

  bool operator==(const Answer&) const = default;
};

struct Identity {
  std::string id;              ///< 32 hexadecimal digits, random: tells nothing
  std::uint64_t revision = 1;  ///< grows with every change
  Traits traits;
  UsedNames used;
  std::optional<NationalNumber> number;           ///< once an answer was accepted
  std::vector<NationalNumber> history;            ///< as received, duplicates included
  std::optional<NationalNumber> replaced_number;  ///< what `number` replaced, or what a demotion withdrew
  Attributes attributes;
  std::optional<Evidence> evidence;
  std::optional<Acceptance> acceptance;
  Source source = Source::NONE;
  std::optional<Time> retrieved_at;  ///< when the source was asked
  Origin origin = Origin::DAEMON;
  bool test_environment = false;  ///< for ever
  InsExpectation ins_expectation = InsExpectation::EXPECTED;
  std::string expectation_reason;
  std::optional<Answer> pending;  ///< nobody has accepted it yet

  bool operator==(const Identity&) const = default;
};

/// Provisoire, récupérée, validée, qualifiée.
enum class Status : std::uint8_t { PROVISIONAL, RETRIEVED, VALIDATED, QUALIFIED };

/// Was an answer accepted? (number, source and acceptance)
bool is_retrieved(const Identity& identity);

/// Does a document of high trust prove the traits of now?
bool is_validated(const Identity& identity);

/// Doubtful and fictitious are provisional, whatever else is known.
Status status_of(const Identity& identity);

/// SHA-256, 64 hexadecimal digits, of the traits that a document shows: birth name, given names (the first,
/// when there is no list), sex, birth date, birth place; case, accents, hyphens and apostrophes do not count,
/// and of a lunar date its completed form does.
std::string traits_digest(const Traits& traits);

}  // namespace insd::identity
