// SPDX-License-Identifier: Apache-2.0
// The payload of the INS datamatrix (format v2.2.20230926, specs: ins-rules 5). It carries no signature:
// whatever is scanned is data without authenticity and qualifies nobody.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "daemon/identity/oid.h"
#include "daemon/render/disclosure.h"

namespace insd::render {

/// The longest payload has 300 bytes; written separators, a prefix and a line end come on top.
inline constexpr std::size_t kMostScannedBytes = 512;

/// The bytes of a qualified identity's datamatrix; 0x1D stands after a field of variable length that is
/// neither full nor last. Names are transliterated to A-Z, space, apostrophe, hyphen. Throws IDENTITY_STATE
/// unless qualified, TRAITS_INVALID for a trait the format cannot carry, UNSUPPORTED for a NIA of the test
/// environment: the format has no other place for that mark than the authority, and there is no test one.
std::string datamatrix_payload(const Disclosure& disclosure);

struct Scanned {
  std::string number;  ///< 13 characters
  std::string key;
  identity::Oid authority;
  std::string given_names, birth_name;
  std::string sex;          ///< "M" or "F"
  std::string birth_date;   ///< AAAA-MM-JJ
  std::string birth_place;  ///< empty when the code has none
  bool separators_lost = false;
};

/// Reads what a scanner gave: 0x1D, its written forms "<GS>" and U+241D, or nothing at all between fields;
/// the AIM prefix "]d1"/"]d2" and a line end are left out. Throws INVALID_ARGUMENT naming `data` and what is
/// wrong in it, never its content: too long, another header (2D-Doc, a version that is not 01, a reserved
/// zone that is not zero: a signature there could not be verified), an unknown, repeated or missing field, a
/// wrong key.
Scanned parse_datamatrix(std::string_view data);

}  // namespace insd::render
