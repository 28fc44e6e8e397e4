// SPDX-License-Identifier: Apache-2.0
// Which card is this? One registration line per card type (card_kind.cpp).
#pragma once

#include <cstdint>
#include <string_view>

#include "drivers/base/bytes.h"

namespace insd {

enum class CardKind : std::uint8_t {
  UNKNOWN,
  VITALE_2,
  VITALE_1,  ///< recognised, not read (SCOT and IGEA)
  CP8,       ///< of Vitale 1's family, but not a Vitale (bank, parking): recognised, not read
  CPS_3,
  CPS_3_CONTACTLESS,  ///< recognised, no signature possible
  CPS_4,              ///< recognised, only the ANS module can use it
};

/// From the ATR alone: a guess that SELECT confirms or refutes when the card is read.
CardKind classify_atr(ByteView atr);

bool is_vitale(CardKind kind);
bool is_cps(CardKind kind);
/// Recognised, and never read by anybody here.
bool is_unsupported(CardKind kind);
std::string_view to_string(CardKind kind);

}  // namespace insd
