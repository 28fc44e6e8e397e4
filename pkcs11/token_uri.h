// SPDX-License-Identifier: Apache-2.0
// A key on a token, named by a PKCS#11 URI (RFC 7512).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "pkcs11/types.h"

namespace insd::pkcs11 {

/// What must agree; absent = not asked for.
struct TokenUri {
  std::optional<std::string> token, serial, model, manufacturer;  ///< of the token
  std::optional<std::string> object, id;                          ///< CKA_LABEL and CKA_ID of the key

  [[nodiscard]] bool names(const TokenInfo& info) const;
};

/// "pkcs11:token=NAME;serial=...;model=...;manufacturer=...;object=...;id=%01%02;type=private", in any order,
/// each once. Throws CONFIG_INVALID: another scheme, an unknown or repeated attribute, a bad escape, a query
/// (module and PIN are keys of the configuration), nothing that names a token.
TokenUri parse_token_uri(std::string_view text);

}  // namespace insd::pkcs11
