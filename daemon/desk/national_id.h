// SPDX-License-Identifier: Apache-2.0
// What the texts of a professional's certificate say by their form (specs: cps 2.4). Pure. A form that is not
// known in public says nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace insd::desk {

/// Of the CN. The number itself is checked with nobody.
enum class NationalIdKind : std::uint8_t {
  UNKNOWN,
  RPPS,             ///< "8" and 11 digits
  ADELI,            ///< "0" and 9 characters, digits but for the A or B of Corsica
  STUDENT,          ///< "9" and digits
  STRUCTURE_STAFF,  ///< "1" + FINESS or "3" + SIRET, "/", a number of the structure's own
};

NationalIdKind national_id_kind(std::string_view common_name);

/// Code of the national table G15 whose label is `title`, letters of ASCII in either case; empty when it is
/// none of the seven labels that are known here.
std::string_view profession_code(std::string_view title);

}  // namespace insd::desk
