// SPDX-License-Identifier: Apache-2.0
// The connection to a vpcd reader: being connected is being inserted (specs: cps 4).
#pragma once

#include <string>

#include "tests/simulators/card/bytes.h"

namespace insd::simcard {

class VpcdLink {
 public:
  VpcdLink(std::string host, std::uint16_t port) : host_(std::move(host)), port_(port) {}
  VpcdLink(const VpcdLink&) = delete;
  VpcdLink& operator=(const VpcdLink&) = delete;
  ~VpcdLink() { close(); }

  /// False when nobody listens (yet). Throws std::runtime_error when the host does not exist.
  bool connect();
  void close();
  [[nodiscard]] bool connected() const { return socket_ >= 0; }
  [[nodiscard]] int descriptor() const { return socket_; }

  /// One whole frame, without its length; false when the reader is gone. Blocks until the frame is complete.
  bool receive(Bytes& frame);
  bool send(ByteView frame);

 private:
  bool receive_exactly(std::uint8_t* into, std::size_t length);

  std::string host_;
  std::uint16_t port_;
  int socket_ = -1;
};

}  // namespace insd::simcard
