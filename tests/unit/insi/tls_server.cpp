// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/insi/tls_server.h"

#include <csignal>
#include <stdexcept>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace insd::test {
namespace {

struct Authority {
  Key key = rsa_key();
  Certificate certificate;
  Authority() {
    CertificateSpec spec;
    spec.subject = spec.issuer = names();
    spec.key_usage = "critical,keyCertSign,cRLSign";
    spec.basic_constraints = "critical,CA:TRUE";
    spec.card_type_der = std::nullopt;
    certificate = make_certificate(spec, key.get(), key.get());
  }
  static std::vector<Rdn> names() { return {{{"CN", "TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS"}}}; }
};

const Authority& authority(bool trusted) {
  static const Authority good;
  static const Authority other;
  return trusted ? good : other;
}

int listen_on_loopback(unsigned& port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (socket < 0 || ::bind(socket, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(socket, 16) != 0 || ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("listen");
  port = ntohs(address.sin_port);
  return socket;
}

SSL_CTX* make_context(const ServerSpec& spec) {
  const Authority& issuer = authority(!spec.own_root);
  CertificateSpec certificate;
  certificate.subject = {{{"CN", spec.common_name}}};
  certificate.issuer = {{{"CN", spec.issuer}}};
  certificate.from_seconds = spec.from_seconds;
  certificate.to_seconds = spec.to_seconds;
  certificate.key_usage = "critical,digitalSignature,keyEncipherment";
  certificate.alternative_names = spec.names;
  certificate.card_type_der = std::nullopt;
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  if (spec.highest_version != 0) {
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context, spec.highest_version);
  }
  const Certificate made = make_certificate(certificate, shared_key(), issuer.key.get());
  if (SSL_CTX_use_certificate(context, made.get()) != 1 || SSL_CTX_use_PrivateKey(context, shared_key()) != 1)
    throw std::runtime_error("server certificate");
  if (spec.wants_client) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority(true).certificate.get());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

}  // namespace

std::string TlsSession::read_request() {
  std::string request;
  char buffer[4096];
  for (;;) {
    const std::size_t end = request.find("\r\n\r\n");
    if (end != std::string::npos) {
      const std::size_t at = request.find("Content-Length: ");
      const std::size_t length = at == std::string::npos ? 0 : std::stoul(request.substr(at + 16));
      if (request.size() >= end + 4 + length) {
        server_.note(request);
        return request;
      }
    }
    const int count = SSL_read(tls_, buffer, sizeof buffer);
    if (count <= 0) return {};
    request.append(buffer, static_cast<std::size_t>(count));
  }
}

void TlsSession::send(const std::string& bytes) {
  SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()));
}

void TlsSession::send_together(const std::vector<std::string>& parts) {
  const int corked = 1, open = 0;
  setsockopt(SSL_get_fd(tls_), IPPROTO_TCP, TCP_CORK, &corked, sizeof corked);
  for (const auto& part : parts) send(part);
  setsockopt(SSL_get_fd(tls_), IPPROTO_TCP, TCP_CORK, &open, sizeof open);
}

void TlsSession::answer(const std::string& body, const std::string& status, const std::string& more_headers) {
  send("HTTP/1.1 " + status + "\r\nContent-Type: application/soap+xml; charset=utf-8\r\n" + more_headers +
       "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
}

void TlsSession::close_notify() {
  SSL_shutdown(tls_);
}

void TlsSession::wait_for_close() {
  char buffer[256];
  while (SSL_read(tls_, buffer, sizeof buffer) > 0) {
  }
}

TlsServer::TlsServer(Script script, const ServerSpec& spec)
    : script_(std::move(script)),
      spec_(spec),
      context_(make_context(spec)),
      listener_(listen_on_loopback(port_)) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  acceptor_ = std::thread([this] { accept_all(); });
}

TlsServer::~TlsServer() {
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
  for (const int socket : sockets_) ::close(socket);
  ::close(listener_);
  SSL_CTX_free(context_);
}

void TlsServer::accept_all() {
  for (;;) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    const int on = 1;  // else Nagle's algorithm waits for the client's delayed acknowledgement
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::lock_guard lock(mutex_);
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket, number = ++connections_] { serve(socket, number); });
  }
}

void TlsServer::serve(int socket, int number) {
  if (spec_.mute) return;  // the socket stays open until the server ends
  if (spec_.plain) {
    const std::string text = "HTTP/1.0 400 Bad Request\r\n\r\n";
    ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    ::shutdown(socket, SHUT_WR);
    return;
  }
  SSL* tls = SSL_new(context_);
  SSL_set_fd(tls, socket);
  if (SSL_accept(tls) == 1) {
    TlsSession session(*this, tls, number);
    script_(session);
  }
  ::shutdown(socket, SHUT_RDWR);
  SSL_free(tls);
}

std::string TlsServer::url(const std::string& host) const {
  return "https://" + host + ":" + std::to_string(port_) + "/lps";
}

std::vector<std::string> TlsServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void TlsServer::note(const std::string& request) {
  const std::lock_guard lock(mutex_);
  requests_.push_back(request);
}

Certificate TlsServer::client_certificate(CertificateSpec spec) {
  spec.issuer = Authority::names();
  return make_certificate(spec, shared_key(), authority(true).key.get());
}

std::string TlsServer::trusted_pem() {
  return to_pem(authority(true).certificate.get());
}

unsigned closed_port() {
  unsigned port = 0;
  ::close(listen_on_loopback(port));
  return port;
}

}  // namespace insd::test
