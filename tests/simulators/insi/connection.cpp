// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/insi/connection.h"

#include <openssl/err.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace sim {
namespace {

int tls_version(const std::string& text) {
  if (text == "1.0") return TLS1_VERSION;
  if (text == "1.1") return TLS1_1_VERSION;
  return text == "1.2" ? TLS1_2_VERSION : TLS1_3_VERSION;
}

std::string last_error() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "connection ended" : reason;
}

// Nobody gets in without a certificate of these authorities.
void require_client_certificate(SSL_CTX* context, const std::vector<std::filesystem::path>& roots) {
  for (const auto& file : roots) {
    if (SSL_CTX_load_verify_file(context, file.c_str()) != 1) {
      throw std::runtime_error(file.string() + ": " + last_error());
    }
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  // Without a name of its own a server that verifies clients refuses their old sessions.
  constexpr unsigned char kName[] = "insd-sim-insi";
  SSL_CTX_set_session_id_context(context, kName, sizeof kName - 1);
}

}  // namespace

SslContext make_ssl_context(const Config& config, bool clients_show_certificate) {
  SslContext context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_set_min_proto_version(context.get(), tls_version(config.tls_min));
  SSL_CTX_set_max_proto_version(context.get(), tls_version(config.tls_max));
  // Versions below 1.2 exist only at this level in OpenSSL 3; a client that accepts them is what a test looks
  // for.
  if (tls_version(config.tls_min) < TLS1_2_VERSION) SSL_CTX_set_security_level(context.get(), 0);
  if (SSL_CTX_use_certificate_chain_file(context.get(), config.certificate.c_str()) != 1) {
    throw std::runtime_error(config.certificate.string() + ": " + last_error());
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), config.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    throw std::runtime_error(config.key.string() + ": " + last_error());
  }
  if (clients_show_certificate) require_client_certificate(context.get(), config.organisations_roots);
  return context;
}

Connection::Connection(SSL_CTX* context, int fd) : fd_(fd), ssl_(SSL_new(context)) {
  const timeval limit{120, 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  SSL_set_fd(ssl_.get(), fd_);
  if (SSL_accept(ssl_.get()) != 1) {
    const auto why = last_error();
    ssl_.reset();
    ::close(fd_);
    throw ConnectionEnded("TLS handshake: " + why);
  }
}

Connection::~Connection() {
  ssl_.reset();
  ::close(fd_);
}

std::string Connection::description() const {
  return std::string(SSL_get_version(ssl_.get())) + " " + SSL_get_cipher_name(ssl_.get());
}

X509* Connection::client_certificate() const {
  return SSL_get0_peer_certificate(ssl_.get());
}

bool Connection::wait_for_data() {
  char byte = 0;
  ERR_clear_error();
  return SSL_peek(ssl_.get(), &byte, 1) == 1;
}

std::string Connection::read_some() {
  std::string bytes(16U << 10U, '\0');
  ERR_clear_error();
  const int got = SSL_read(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
  if (got <= 0) {
    if (SSL_get_error(ssl_.get(), got) == SSL_ERROR_ZERO_RETURN) return {};
    throw ConnectionEnded("read: " + last_error());
  }
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

void Connection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    ERR_clear_error();
    const auto part = std::min<std::size_t>(bytes.size(), 1U << 20U);
    const int sent = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(part));
    if (sent <= 0) throw ConnectionEnded("write: " + last_error());
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void Connection::say_goodbye() {
  SSL_shutdown(ssl_.get());
}

}  // namespace sim
