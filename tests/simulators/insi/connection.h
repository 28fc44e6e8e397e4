// SPDX-License-Identifier: Apache-2.0
// One TLS connection, blocking, with a limit on every wait.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include "tests/simulators/insi/config.h"

namespace sim {

/// The peer went away, was silent too long, or spoke no TLS.
struct ConnectionEnded : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct SslContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslContextDeleter>;

/// With `clients_show_certificate` nobody gets in without one of organisations_roots. Throws
/// std::runtime_error when certificate or key cannot be used.
SslContext make_ssl_context(const Config& config, bool clients_show_certificate);

class Connection {
 public:
  /// Takes `fd` over. Throws ConnectionEnded when the handshake fails.
  Connection(SSL_CTX* context, int fd);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// "TLSv1.3 TLS_AES_256_GCM_SHA384"
  [[nodiscard]] std::string description() const;
  /// The certificate that the client showed, owned by the connection; null when none was asked for.
  [[nodiscard]] X509* client_certificate() const;
  /// Waits until the peer has sent something, and leaves it unread; false when it closed.
  bool wait_for_data();
  /// At least one byte, at most 16 KiB; empty when the peer closed.
  std::string read_some();
  void write(std::string_view bytes);
  /// TLS goodbye; without it (a cut) the peer sees a broken connection.
  void say_goodbye();

 private:
  struct SslDeleter {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  int fd_;
  std::unique_ptr<SSL, SslDeleter> ssl_;
};

}  // namespace sim
