// SPDX-License-Identifier: Apache-2.0
// HTTPS POST to one endpoint, with a keep-alive connection on a thread of its own. All of Beast is behind
// this header, because it is slow to compile.
#pragma once

#include <memory>
#include <stop_token>

#include <boost/asio/awaitable.hpp>

#include "daemon/config.h"
#include "daemon/insi/client_key.h"
#include "daemon/insi/transport.h"

namespace insd::insi {

/// What a server showed of itself to a request that asks for nothing.
struct Probe {
  HttpResponse answer;       ///< without body
  Bytes server_certificate;  ///< DER
};

/// Thread safe. Concurrent calls use connections of their own; one for each credential is kept for its next
/// call.
class HttpClient final : public Transport {
 public:
  /// Endpoint, trust store, proxy and time limits of `config`. The server's chain must end in the trust store
  /// (PEM; the system's roots are never used) and its certificate must name the endpoint's host in its
  /// subjectAltName (common_name_fallback: or in its CN where that has no name). `key`, where it is set, is
  /// shown to a server that asks. Throws CONFIG_INVALID: endpoint, trust store unreadable or empty, proxy and
  /// its credentials, key that is not the certificate's.
  explicit HttpClient(const InsiConfig& config, const ClientKey& key = {});
  ~HttpClient() override;

  /// Errors: INSI_UNREACHABLE (nothing was sent: no address, no connection, connect time-out with its phase),
  /// INSI_PROXY_REFUSED, INSI_TLS_INTERCEPTED, INSI_TLS_UNTRUSTED (with why),
  /// ORGANISATION_CERTIFICATE_REFUSED (the server wants another `key`), INSI_NO_ANSWER (the connection broke
  /// or the time ran out after sending began), INSI_ANSWER_INVALID (not HTTP, too long, encoded, a redirect),
  /// CANCELLED. Any status but a redirect is a response. Resumes on the awaiting executor, also when a
  /// blocked name look-up is still under way.
  boost::asio::awaitable<HttpResponse> post(HttpRequest request, std::stop_token stop) override;

  void drop_connection(const std::string& credential = {}) override;

  /// HEAD on the endpoint's path, on a connection of its own: no operation of the teleservice. Errors as
  /// post().
  boost::asio::awaitable<Probe> probe(std::stop_token stop);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace insd::insi
