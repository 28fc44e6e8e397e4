// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/types.h"

#include <algorithm>

namespace insd::pkcs11 {

std::string card_number(const std::string& label) {
  constexpr std::size_t digits = 10;
  if (!label.starts_with("CPS")) return {};
  const auto dash = label.find('-');
  if (dash == std::string::npos) return {};
  const auto number = label.substr(dash + 1, digits);
  const auto rest = dash + 1 + number.size();
  // OpenSC adds " (Code porteur)" to the label.
  if (rest < label.size() && label[rest] != ' ') return {};
  const bool complete = number.size() == digits && std::all_of(number.begin(), number.end(),
                                                               [](char c) { return c >= '0' && c <= '9'; });
  return complete ? number : std::string();
}

}  // namespace insd::pkcs11
