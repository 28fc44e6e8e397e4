// SPDX-License-Identifier: Apache-2.0
#include "daemon/insi/proxy.h"

#include <algorithm>
#include <array>

#include <openssl/evp.h>

#include "daemon/insi/endpoint.h"
#include "daemon/keys/private_file.h"
#include "drivers/base/error.h"

namespace insd::insi {
namespace {

constexpr const char* kCredentialsKey = "insi.proxy.credentials_file";

bool is_excepted(std::string_view host, std::string_view entry) {
  if (entry == "*") return true;
  if (entry.empty()) return false;
  std::string lower(entry);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower.front() == '.' ? host.ends_with(lower) : host == lower;
}

}  // namespace

std::string Proxy::connect_request(const std::string& target) const {
  std::string head = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\nUser-Agent: insd\r\n";
  if (!credentials_file.empty()) {
    const SecretString secret = keys::read_secret_file(credentials_file, kCredentialsKey);
    if (secret.view().find(':') == std::string_view::npos) {
      throw Error(Code::CONFIG_INVALID,
                  std::string(kCredentialsKey) + ": its first line is not user:password");
    }
    std::array<unsigned char, 4 * (SecretString::kCapacity / 3 + 1) + 1> text{};
    const int length = EVP_EncodeBlock(text.data(), secret.bytes().data(), static_cast<int>(secret.size()));
    head.append("Proxy-Authorization: Basic ")
        .append(reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(length))
        .append("\r\n");
    wipe(text.data(), text.size());
  }
  return head + "\r\n";
}

std::optional<Proxy> proxy_for(const InsiProxyConfig& config, std::string_view host) {
  if (config.address.empty()) return std::nullopt;
  constexpr std::string_view kScheme = "http://";
  std::string_view rest = config.address;
  const std::size_t colon = rest.rfind(':');
  if (!rest.starts_with(kScheme) || colon <= kScheme.size() || rest.back() == ']') {
    throw Error(Code::CONFIG_INVALID, "insi.proxy.address: not \"http://host:port\"");
  }
  Endpoint endpoint;
  try {
    endpoint = parse_endpoint("https://" + std::string(rest.substr(kScheme.size())));
  } catch (const Error& error) {
    throw Error(Code::CONFIG_INVALID, "insi.proxy.address: not \"http://host:port\"");
  }
  if (endpoint.path != "/") throw Error(Code::CONFIG_INVALID, "insi.proxy.address: has a path");
  for (const std::string& entry : config.no_proxy) {
    if (is_excepted(host, entry)) return std::nullopt;
  }
  return Proxy{endpoint.host, endpoint.port, config.credentials_file};
}

}  // namespace insd::insi
