// SPDX-License-Identifier: Apache-2.0
// An ATR of any length and content is classified without a throw, and a longer one is never taken for a card.
#include "drivers/card_kind.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto kind = insd::classify_atr(insd::ByteView(data, size));
  if (insd::to_string(kind).empty()) __builtin_trap();
  if (insd::is_vitale(kind) && insd::is_cps(kind)) __builtin_trap();
  constexpr std::size_t kLongestAtr = 33;  // ISO 7816-3
  if (size > kLongestAtr && kind != insd::CardKind::UNKNOWN) __builtin_trap();
  return 0;
}
