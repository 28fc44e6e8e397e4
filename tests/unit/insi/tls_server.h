// SPDX-License-Identifier: Apache-2.0
// A small blocking TLS server on OpenSSL that plays one script a connection: a good teleservice, or a bad
// one.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <openssl/ssl.h>

#include "tests/unit/insi/test_pki.h"

namespace insd::test {

class TlsServer;

/// One accepted connection, after its handshake.
class TlsSession {
 public:
  TlsSession(TlsServer& server, SSL* tls, int number) : server_(server), tls_(tls), number_(number) {}

  /// One whole HTTP request by its Content-Length, noted in the server; empty when the client is gone.
  std::string read_request();
  void send(const std::string& bytes);
  /// Each part as a TLS record of its own, all in one segment.
  void send_together(const std::vector<std::string>& parts);
  /// "HTTP/1.1 200 OK" with a SOAP content type and the length of `body`.
  void answer(const std::string& body, const std::string& status = "200 OK",
              const std::string& more_headers = {});
  /// Ends TLS properly, so that the client sees an end and not a cut.
  void close_notify();
  /// Waits until the client closes.
  void wait_for_close();
  [[nodiscard]] int number() const { return number_; }  ///< 1 for the server's first connection

 private:
  TlsServer& server_;
  SSL* tls_;
  int number_;
};

struct ServerSpec {
  std::string names = "IP:127.0.0.1,DNS:localhost";  ///< subjectAltName
  std::string common_name = "localhost";
  long from_seconds = -3600, to_seconds = 86'400;
  int highest_version = 0;  ///< 0 = any; else TLS1_1_VERSION, ...
  bool plain = false;       ///< no TLS at all: the script is not played, one line of text is sent
  bool mute = false;        ///< accepts and says nothing
  bool own_root = false;    ///< signed by an authority that nobody trusts
  std::string issuer = "TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS";  ///< CN of that authority
  bool wants_client = false;  ///< lets nobody in without a certificate of client_certificate()
};

class TlsServer {
 public:
  using Script = std::function<void(TlsSession&)>;
  explicit TlsServer(Script script, const ServerSpec& spec = {});
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  [[nodiscard]] std::string url(const std::string& host = "127.0.0.1") const;
  [[nodiscard]] int connections() const { return connections_; }
  /// The requests read so far, in order.
  [[nodiscard]] std::vector<std::string> requests() const;
  void note(const std::string& request);

  /// A certificate for shared_key() by the authority that a server with wants_client trusts. The issuer's
  /// name of `spec` is not looked at.
  static Certificate client_certificate(CertificateSpec spec);

  /// PEM of the authority that signs every server without own_root.
  static std::string trusted_pem();

 private:
  void accept_all();
  void serve(int socket, int number);

  Script script_;
  ServerSpec spec_;
  SSL_CTX* context_;
  unsigned port_ = 0;
  int listener_;  // sets port_
  std::atomic<int> connections_{0};
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::vector<int> sockets_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

/// A port of 127.0.0.1 on which nobody listens.
unsigned closed_port();

}  // namespace insd::test
