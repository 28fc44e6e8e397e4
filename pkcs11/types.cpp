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

}  // namespace

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
