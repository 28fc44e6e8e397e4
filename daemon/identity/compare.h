// SPDX-License-Identifier: Apache-2.0
// What is known of a patient beside what INSi answered, trait by trait (specs: ins-rules 1.8). A total
// function: it judges any bytes and decides nothing; a person does.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/identity/identity.h"

namespace insd::identity {

enum class TraitName : std::uint8_t {
  BIRTH_NAME,
  GIVEN_NAMES,
  FIRST_GIVEN_NAME,
  SEX,
  BIRTH_DATE,
  BIRTH_PLACE
};
inline constexpr std::size_t kTraits = 6;

/// "birth_name", ... as in IdentityTraits.
std::string_view to_string(TraitName trait);

/// The trait's value as text; of the sex its letter.
std::string value_of(const Traits& traits, TraitName trait);

enum class Verdict : std::uint8_t { EQUAL, EQUAL_AFTER_SEPARATORS, COMPATIBLE_PREFIX, MISSING, DIFFERENT };

struct TraitLine {
  TraitName trait = TraitName::BIRTH_NAME;
  Verdict verdict = Verdict::MISSING;
  std::string known, returned;
  bool confirm = false;  ///< a person must confirm it by name
};

enum class NumberRelation : std::uint8_t { NOT_COMPARED, SAME, CHANGED_KNOWN_HISTORY, DIFFERENT_PERSON };
enum class Advice : std::uint8_t { ACCEPT, CONFIRM, VIGILANCE, STOP };

struct Comparison {
  std::array<TraitLine, kTraits> traits;
  NumberRelation number = NumberRelation::NOT_COMPARED;
  Advice advice = Advice::ACCEPT;
  std::vector<std::string_view> reasons;  ///< stable codes
  [[nodiscard]] bool has(std::string_view reason) const;
};

/// What was known before the answer.
struct Known {
  Traits traits;
  std::optional<NationalNumber> number;
  bool test_environment = false;  ///< of that number
};
Known known_of(const Identity& identity);

/// Of `answer.traits` the first given name is compared with the returned list: INSi does not return it.
/// Of the numbers the 13 characters and the OID count, not the key.
Comparison compare(const Known& known, const Answer& answer);

}  // namespace insd::identity
