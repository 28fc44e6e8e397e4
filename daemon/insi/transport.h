// SPDX-License-Identifier: Apache-2.0
// How a request reaches the teleservice: by this process's own connection, or by that of a process that may
// use an organisation's key (design: signing, role tls).
#pragma once

#include <cstddef>
#include <stop_token>
#include <string>

#include <boost/asio/awaitable.hpp>

namespace insd::insi {

struct HttpRequest {
  std::string content_type;
  std::string body;
  /// Whose question it is, e.g. the generation of the professional's card: connections are kept for each
  /// alone. Empty: the only one there is.
  std::string credential = {};
};

/// The longest answer that is taken.
inline constexpr std::size_t kMaxBodyBytes = 1U << 20U;

struct HttpResponse {
  unsigned status = 0;
  std::string content_type;  ///< as received; empty when there was none
  std::string body;          ///< at most kMaxBodyBytes
  std::string date = {};     ///< header Date as received; empty when there was none
};

class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  /// One POST, never repeated. Resumes on the awaiting executor. Errors: daemon/insi/http_client.h, and those
  /// of the implementation.
  virtual boost::asio::awaitable<HttpResponse> post(HttpRequest request, std::stop_token stop) = 0;

  /// Closes the kept connection of a credential, of all for an empty one; what is in use is closed after its
  /// answer.
  virtual void drop_connection(const std::string& credential) = 0;

  /// To be called where the callers' executor does not run any more: ends what could still resume them.
  virtual void stop() {}
};

}  // namespace insd::insi
