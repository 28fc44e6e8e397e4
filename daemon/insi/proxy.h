// SPDX-License-Identifier: Apache-2.0
// The HTTP proxy between insd and the teleservice: it lets the encrypted connection through (CONNECT), and no
// more.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/config.h"

namespace insd::insi {

struct Proxy {
  std::string host, port;
  std::filesystem::path credentials_file;  ///< empty: none

  /// Head of the request that opens a tunnel to `target`, "host:port". Reads the credentials: CONFIG_INVALID
  /// when others may read the file, or when it is not "user:password".
  [[nodiscard]] std::string connect_request(const std::string& target) const;
};

/// Nothing: `host` is reached directly. Throws CONFIG_INVALID for an address that is not "http://host:port".
std::optional<Proxy> proxy_for(const InsiProxyConfig& config, std::string_view host);

}  // namespace insd::insi
