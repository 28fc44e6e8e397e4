// SPDX-License-Identifier: Apache-2.0
#include "drivers/card_kind.h"

namespace insd {

CardKind classify_atr(ByteView) { return CardKind::UNKNOWN; }
bool is_vitale(CardKind kind) { return kind == CardKind::VITALE_2 || kind == CardKind::VITALE_1; }
bool is_cps(CardKind kind) {
  return kind == CardKind::CPS_3 || kind == CardKind::CPS_3_CONTACTLESS || kind == CardKind::CPS_4;
}
std::string_view to_string(CardKind) { return "UNKNOWN"; }

}  // namespace insd
