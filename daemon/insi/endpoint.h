// SPDX-License-Identifier: Apache-2.0
// An https URL in its parts.
#pragma once

#include <string>
#include <string_view>

namespace insd::insi {

struct Endpoint {
  std::string host;  ///< name or address, lower case, an IPv6 address without brackets
  std::string port;  ///< decimal, "443" when the URL has none
  std::string path;  ///< begins with '/'
  [[nodiscard]] std::string authority() const;  ///< for the Host header
};

/// Throws CONFIG_INVALID for anything but "https://host[:port][/path][?query]": another scheme, user
/// information, a fragment, characters that a URL must not have.
Endpoint parse_endpoint(std::string_view url);

}  // namespace insd::insi
