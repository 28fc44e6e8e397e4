// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/insi/test_proxy.h"

#include <array>
#include <stdexcept>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace insd::test {
namespace {

sockaddr_in loopback(unsigned port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

int listen_on_loopback(unsigned& port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (socket < 0 || ::bind(socket, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(socket, 16) != 0 || ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("listen");
  port = ntohs(address.sin_port);
  return socket;
}

// False: `from` has ended.
bool pass(int from, int to) {
  std::array<char, 4096> bytes{};
  const ssize_t got = ::recv(from, bytes.data(), bytes.size(), 0);
  return got > 0 && ::send(to, bytes.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) == got;
}

}  // namespace

TestProxy::TestProxy(std::string answer) : answer_(std::move(answer)), listener_(listen_on_loopback(port_)) {
  acceptor_ = std::thread([this] { accept_all(); });
}

TestProxy::~TestProxy() {
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
  for (const int socket : sockets_) ::close(socket);
  ::close(listener_);
}

std::vector<std::string> TestProxy::heads() const {
  const std::lock_guard lock(mutex_);
  return heads_;
}

void TestProxy::accept_all() {
  for (;;) {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    const std::lock_guard lock(mutex_);
    sockets_.push_back(client);
    threads_.emplace_back([this, client] { serve(client); });
  }
}

void TestProxy::serve(int client) {
  std::string head;
  while (head.find("\r\n\r\n") == std::string::npos) {
    char byte = 0;
    if (::recv(client, &byte, 1, 0) != 1) return;
    head += byte;
  }
  {
    const std::lock_guard lock(mutex_);
    heads_.push_back(head);
  }
  if (answer_.empty()) return;  // the socket stays open
  ::send(client, answer_.data(), answer_.size(), MSG_NOSIGNAL);
  if (!answer_.starts_with("HTTP/1.1 200")) {
    ::shutdown(client, SHUT_RDWR);
    return;
  }
  // "CONNECT name:port HTTP/1.1": whatever the name, it is here.
  const std::string target = head.substr(8, head.find(' ', 8) - 8);
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  {
    const std::lock_guard lock(mutex_);
    sockets_.push_back(server);
  }
  const sockaddr_in address =
      loopback(static_cast<unsigned>(std::stoul(target.substr(target.rfind(':') + 1))));
  if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return;
  std::array<pollfd, 2> ends{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
  while (::poll(ends.data(), ends.size(), -1) > 0) {
    if (ends[0].revents != 0 && !pass(client, server)) break;
    if (ends[1].revents != 0 && !pass(server, client)) break;
  }
  ::shutdown(client, SHUT_RDWR);
  ::shutdown(server, SHUT_RDWR);
}

}  // namespace insd::test
