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

/// Thread safe. Concurrent calls use connections of their own; one of them is kept for the next call.
class HttpClient final : public Transport {
 public:
  /// Endpoint, trust store and time limits of `config`. The server's chain must end in the trust store (PEM;
  /// the system's roots are never used) and its certificate must name the endpoint's host in its
  /// subjectAltName. `key`, where it is set, is shown to a server that asks. Throws CONFIG_INVALID: endpoint,
  /// trust store unreadable or empty, key that is not the certificate's.
  explicit HttpClient(const InsiConfig& config, const ClientKey& key = {});
  ~HttpClient() override;

  /// Errors: INSI_UNREACHABLE (nothing was sent: no address, no connection, connect time-out),
  /// INSI_TLS_UNTRUSTED (with why), ORGANISATION_CERTIFICATE_REFUSED (the server wants another `key`),
  /// INSI_NO_ANSWER (the connection broke or the time ran out after sending
  /// began), INSI_ANSWER_INVALID (not HTTP, too long, encoded, a redirect), CANCELLED. Any status but a
  /// redirect is a response. Resumes on the awaiting executor, also when a blocked name look-up is still
  /// under way.
  boost::asio::awaitable<HttpResponse> post(HttpRequest request, std::stop_token stop) override;

  /// Closes the kept connection; one in use is closed after its answer.
  void drop_connection() override;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace insd::insi
