// SPDX-License-Identifier: Apache-2.0
// Traits and numbers as an application hands them over: complete and well formed, or refused field by field.
#pragma once

#include <string>

#include "daemon/identity/identity.h"
#include "daemon/identity/violations.h"

namespace insd::identity {

struct TraitsInput {
  std::string birth_name, given_names, first_given_name, sex, birth_date, birth_place;
};

enum class Spelling : std::uint8_t {
  TYPED,  ///< by a person: made upper case without accents (EXI INS 1.2)
  KEPT,   ///< once from INSi: judged, and kept byte for byte
};
enum class Completeness : std::uint8_t { MINIMAL, ANY };

/// Every field is bounded; MINIMAL asks for birth name, a given name, sex and birth date. The first given
/// name must be coherent with the list. Violations: "birth_name", "given_names", "first_given_name", "sex",
/// "birth_date", "birth_place".
Traits local_traits(const TraitsInput& input, Spelling spelling, Completeness completeness,
                    Violations& violations);

/// Free text for people: valid UTF-8 without control characters, at most 100 characters.
std::string free_name(const std::string& text, std::string_view field, Violations& violations);

/// A number that an application holds: 13 characters, or 15 with an empty `key`; the key, when there is one,
/// must be right; the OID one of the table. Violations: "number", "key", "oid", "start_date", "end_date".
NationalNumber local_number(const NationalNumber& input, Violations& violations);

}  // namespace insd::identity
