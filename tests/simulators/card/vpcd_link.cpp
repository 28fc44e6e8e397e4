// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/card/vpcd_link.h"

#include <array>
#include <memory>
#include <stdexcept>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace insd::simcard {

bool VpcdLink::connect() {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host_.c_str(), std::to_string(port_).c_str(), &hints, &found);
      error != 0) {
    throw std::runtime_error(host_ + ": " + gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> address(found, &freeaddrinfo);
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0) throw std::runtime_error("no socket");
  if (::connect(socket_, address->ai_addr, address->ai_addrlen) != 0) {
    close();
    return false;
  }
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return true;
}

void VpcdLink::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

bool VpcdLink::receive_exactly(std::uint8_t* into, std::size_t length) {
  while (length > 0) {
    // Debian's vpcd writes length and body apart: without an acknowledgement at once each command costs 44
    // ms. The kernel forgets the option after a while, hence before each receive (platform: 7).
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
    const auto received = ::recv(socket_, into, length, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) return false;
    into += received;
    length -= static_cast<std::size_t>(received);
  }
  return true;
}

bool VpcdLink::receive(Bytes& frame) {
  std::array<std::uint8_t, 2> length{};
  if (!receive_exactly(length.data(), length.size())) return false;
  frame.resize(static_cast<std::size_t>(length[0]) << 8 | length[1]);
  return receive_exactly(frame.data(), frame.size());
}

bool VpcdLink::send(ByteView frame) {
  auto message =
      Bytes{static_cast<std::uint8_t>(frame.size() >> 8), static_cast<std::uint8_t>(frame.size())} + frame;
  for (ByteView rest = message; !rest.empty();) {
    const auto sent = ::send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    rest = rest.subspan(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace insd::simcard
