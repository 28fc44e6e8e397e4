// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace insd::token {

/// What one insd-token is for. SIGN: a professional's card. TLS: an organisation's key, and the connection to
/// the teleservice that needs it.
enum class Role : std::uint8_t { SIGN, TLS };

}  // namespace insd::token
