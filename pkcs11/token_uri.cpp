// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/token_uri.h"

#include <algorithm>

#include "drivers/base/error.h"

namespace insd::pkcs11 {
namespace {

constexpr std::size_t kMaxUriBytes = 1024;

[[noreturn]] void refuse(const std::string& why) {
  throw Error(Code::CONFIG_INVALID, "insi.organisation.pkcs11_uri: " + why);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result.push_back(text[i]);
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) refuse("a '%' without two hexadecimal digits");
    result.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return result;
}

bool agrees(const std::optional<std::string>& wanted, const std::string& seen) {
  return !wanted || *wanted == seen;
}

void take(TokenUri& uri, std::string_view name, std::string value) {
  if (name == "type") {
    if (value != "private") refuse("type must be private");
    return;
  }
  std::optional<std::string>* place = nullptr;
  if (name == "token") place = &uri.token;
  if (name == "serial") place = &uri.serial;
  if (name == "model") place = &uri.model;
  if (name == "manufacturer") place = &uri.manufacturer;
  if (name == "object") place = &uri.object;
  if (name == "id") place = &uri.id;
  if (place == nullptr) refuse("unknown attribute " + printable(name, 60));
  if (*place) refuse(std::string(name) + " occurs twice");
  *place = std::move(value);
}

}  // namespace

bool TokenUri::names(const TokenInfo& info) const {
  return agrees(token, info.ref.label) && agrees(serial, info.ref.serial) && agrees(model, info.model) &&
         agrees(manufacturer, info.manufacturer);
}

TokenUri parse_token_uri(std::string_view text) {
  constexpr std::string_view kScheme = "pkcs11:";
  if (text.size() > kMaxUriBytes) refuse("is too long");
  if (!text.starts_with(kScheme)) refuse("must begin with pkcs11:");
  text.remove_prefix(kScheme.size());
  if (text.find('?') != std::string_view::npos)
    refuse("has a query: name the module and the PIN by module and pin_file");
  TokenUri uri;
  while (!text.empty()) {
    const auto end = std::min(text.find(';'), text.size());
    const std::string_view attribute = text.substr(0, end);
    const auto equals = attribute.find('=');
    if (equals == std::string_view::npos) refuse("an attribute without '='");
    take(uri, attribute.substr(0, equals), decoded(attribute.substr(equals + 1)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (!uri.token && !uri.serial) refuse("names no token (token= or serial=)");
  return uri;
}

}  // namespace insd::pkcs11
