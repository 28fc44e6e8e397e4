// SPDX-License-Identifier: Apache-2.0
#include "daemon/insi/endpoint.h"

#include <algorithm>
#include <charconv>

#include "drivers/base/error.h"

namespace insd::insi {
namespace {

void require(bool ok, const char* why) {
  if (!ok) throw Error(Code::CONFIG_INVALID, std::string("insi.endpoint: ") + why);
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string checked_host(std::string_view text, std::string_view also_allowed) {
  require(!text.empty() && text.size() <= 253, "no host");
  std::string host;
  for (const char c : text) {
    require(is_alphanumeric(c) || also_allowed.find(c) != std::string_view::npos, "host");
    host.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return host;
}

std::string checked_port(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  require(error == std::errc() && end == text.data() + text.size() && value >= 1 && value <= 65535, "port");
  return std::to_string(value);
}

}  // namespace

std::string Endpoint::authority() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == "443" ? name : name + ":" + port;
}

Endpoint parse_endpoint(std::string_view url) {
  constexpr std::string_view kScheme = "https://";
  require(url.starts_with(kScheme), "not an https URL");
  url.remove_prefix(kScheme.size());
  require(std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7F && c != '#'; }),
          "a character that is not allowed");
  const std::size_t slash = std::min(url.find('/'), url.size());
  std::string_view authority = url.substr(0, slash);
  Endpoint endpoint{.host = {}, .port = "443", .path = std::string(url.substr(slash))};
  if (endpoint.path.empty()) endpoint.path = "/";
  std::string_view rest;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    require(close != std::string_view::npos, "host");
    endpoint.host = checked_host(authority.substr(1, close - 1), ":.");
    rest = authority.substr(close + 1);
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    endpoint.host = checked_host(authority.substr(0, colon), "-._");
    rest = authority.substr(colon);
  }
  if (!rest.empty()) {
    require(rest.front() == ':', "host");
    endpoint.port = checked_port(rest.substr(1));
  }
  return endpoint;
}

}  // namespace insd::insi
