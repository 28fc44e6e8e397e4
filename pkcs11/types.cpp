// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/types.h"

#include <algorithm>

#include "drivers/base/error.h"

namespace insd::pkcs11 {
namespace {

bool label_says(const std::string& label, KeyUse use) {
  const char* word = use == KeyUse::SIGNATURE ? "Signature" : "Authentification";
  return label.find(word) != std::string::npos;
}

// Bounds for a module that gives none that can be (0, or the smallest above the largest): those of ISO 7816
// PINs in one block. Refusing a PIN costs nothing; sending a wrong one costs a try.
constexpr PinBounds kFallback{4, 8};

}  // namespace

PinBounds pin_bounds(const TokenInfo& token) {
  if (token.pin_max_length == 0 || token.pin_min_length > token.pin_max_length) return kFallback;
  return {token.pin_min_length, token.pin_max_length};
}

void require_pin_form(const SecretString& pin, const TokenInfo& token) {
  const auto bounds = pin_bounds(token);
  const auto text = pin.view();
  const bool digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (text.empty() || !digits || text.size() < bounds.min || text.size() > bounds.max) {
    throw Error(Code::PIN_MALFORMED, "not the digits, or not as many, as the token asks for");
  }
}

const Certificate& choose_certificate(const std::vector<Certificate>& certificates, KeyUse use) {
  std::vector<const Certificate*> fitting;
  for (const auto& certificate : certificates) {
    if (certificate.use == use) fitting.push_back(&certificate);
  }
  if (fitting.size() > 1) {
    std::erase_if(fitting, [use](const auto* certificate) { return !label_says(certificate->label, use); });
  }
  if (fitting.size() == 1) return *fitting.front();
  throw Error(Code::KEY_NOT_FOUND,
              fitting.empty() ? "no certificate for this use" : "several certificates for this use");
}

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
