// SPDX-License-Identifier: Apache-2.0
// The assigning authority of a national number. A number never travels alone: (number, OID) is one value.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace insd::identity {

enum class MatriculeKind : std::uint8_t { NIR, NIA };

/// What the OID says of itself. INSi's qualification platform answers with production OIDs (specs: insi 6),
/// so the environment of a call comes from configuration, never from here.
enum class OidEnvironment : std::uint8_t { PRODUCTION, TEST, DEMO };

struct Oid {
  std::string_view dotted;  ///< e.g. "1.2.250.1.213.1.4.8"
  std::string_view name;    ///< e.g. "INS-NIR"
  MatriculeKind kind;
  OidEnvironment environment;
};

/// The table's entry; nothing for any other text, the obsolete INS-C included (specs: ins-rules 2).
std::optional<Oid> find_oid(std::string_view dotted);

}  // namespace insd::identity
