// SPDX-License-Identifier: Apache-2.0
#include "daemon/token/frames.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <string>

#include <poll.h>
#include <sys/socket.h>

#include "drivers/base/error.h"

namespace insd::token {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void broken(const char* what) {
  throw Error(Code::INTERNAL, std::string("insd-token's socket: ") + what + ": " + std::strerror(errno));
}

int milliseconds_until(Deadline deadline) {
  if (!deadline) return -1;
  // Rounded up, so that poll() does not return just before the deadline again and again.
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max()));
}

bool gone(int error) {
  return error == EPIPE || error == ECONNRESET;
}

// The packet's whole length in `length`, also when it did not fit.
Traffic receive(int socket, void* room, std::size_t size, std::size_t& length, Deadline deadline) {
  for (;;) {
    pollfd waiting{.fd = socket, .events = POLLIN, .revents = 0};
    const int ready = poll(&waiting, 1, milliseconds_until(deadline));
    if (ready == 0) return Traffic::TIMED_OUT;
    if (ready < 0) {
      if (errno == EINTR) continue;
      broken("poll");
    }
    // MSG_TRUNC: the real length, so that a packet that was cut is noticed.
    const auto received = recv(socket, room, size, MSG_TRUNC | MSG_DONTWAIT);
    if (received > 0) {
      length = static_cast<std::size_t>(received);
      return Traffic::DONE;
    }
    if (received == 0 || gone(errno)) return Traffic::CLOSED;
    if (errno != EINTR && errno != EAGAIN) broken("recv");
  }
}

}  // namespace

Traffic send_frame(int socket, ByteView frame, std::chrono::milliseconds patience) {
  const Deadline deadline = Clock::now() + patience;
  // An empty packet looks like the end of the connection to its receiver.
  if (frame.empty() || frame.size() > kMaxFrame) throw Error(Code::INTERNAL, "a packet is empty or too long");
  for (;;) {
    const auto sent = send(socket, frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return Traffic::DONE;
    if (gone(errno)) return Traffic::CLOSED;
    if (errno == EAGAIN || errno == ENOBUFS) {
      pollfd waiting{.fd = socket, .events = POLLOUT, .revents = 0};
      if (poll(&waiting, 1, milliseconds_until(deadline)) == 0) return Traffic::TIMED_OUT;
      if (Clock::now() >= *deadline) return Traffic::TIMED_OUT;
    } else if (errno != EINTR) {
      broken("send");
    }
  }
}

Traffic receive_frame(int socket, Bytes& frame, Deadline deadline) {
  frame.resize(kMaxFrame);
  std::size_t length = 0;
  const auto traffic = receive(socket, frame.data(), frame.size(), length, deadline);
  if (length > frame.size()) throw Error(Code::INTERNAL, "a packet is too long");
  frame.resize(length);
  return traffic;
}

Traffic receive_secret(int socket, SecretString& secret, Deadline deadline) {
  std::array<char, SecretString::kCapacity> room{};
  std::size_t length = 0;
  const auto traffic = receive(socket, room.data(), room.size(), length, deadline);
  if (length <= room.size()) secret = SecretString(std::string_view(room.data(), length));
  wipe(room.data(), room.size());
  if (length > room.size()) throw Error(Code::PIN_MALFORMED, "too long");
  return traffic;
}

}  // namespace insd::token
