// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/simulators/insi/test/harness.h"

namespace sim_test {

struct Client::Impl {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  SSL* ssl = nullptr;
  ~Impl() {
    SSL_free(ssl);
    SSL_CTX_free(context);
    ::close(fd);
  }
};

namespace {

/// A hang is a failure, not a slow test.
constexpr timeval kLimit{20, 0};

/// The body's size by its head; nothing known = until the end.
std::size_t body_size(const std::string& head) {
  const auto at = head.find("Content-Length: ");
  return at == std::string::npos ? SIZE_MAX / 2 : std::stoul(head.substr(at + 16));
}

}  // namespace

Client::Client(int port, const std::string& certificate) : impl_(new Impl) {
  SSL_CTX_load_verify_file(impl_->context, INSD_BUILD_DIR "/pki/insi-trust.pem");
  SSL_CTX_set_verify(impl_->context, SSL_VERIFY_PEER, nullptr);
  if (!certificate.empty()) {
    const std::string file = INSD_BUILD_DIR "/pki/" + certificate;
    SSL_CTX_use_certificate_chain_file(impl_->context, (file + ".cert.pem").c_str());
    SSL_CTX_use_PrivateKey_file(impl_->context, (file + ".key.pem").c_str(), SSL_FILETYPE_PEM);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(impl_->fd, SOL_SOCKET, SO_RCVTIMEO, &kLimit, sizeof kLimit);
  impl_->ssl = SSL_new(impl_->context);
  SSL_set1_host(impl_->ssl, "localhost");
  SSL_set_fd(impl_->ssl, impl_->fd);
  if (::connect(impl_->fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      SSL_connect(impl_->ssl) != 1) {
    delete impl_;
    throw std::runtime_error("cannot connect");
  }
}

Client::~Client() {
  delete impl_;
}

HttpAnswer Client::exchange(const std::string& bytes, std::size_t max_bytes) {
  SSL_write(impl_->ssl, bytes.data(), static_cast<int>(bytes.size()));
  HttpAnswer answer;
  std::string received;
  std::size_t wanted = SIZE_MAX;
  char buffer[16384];
  while (received.size() < wanted && received.size() < max_bytes) {
    const int got = SSL_read(impl_->ssl, buffer, sizeof buffer);
    if (got <= 0) {
      answer.clean_end = false;
      break;
    }
    received.append(buffer, static_cast<std::size_t>(got));
    const auto end = received.find("\r\n\r\n");
    if (wanted == SIZE_MAX && end != std::string::npos)
      wanted = end + 4 + body_size(received.substr(0, end + 2));
  }
  const auto end = received.find("\r\n\r\n");
  if (end == std::string::npos) return answer;
  answer.head = received.substr(0, end + 2);
  answer.body = received.substr(end + 4);
  answer.status = std::stoi(answer.head.substr(9, 3));
  return answer;
}

}  // namespace sim_test
