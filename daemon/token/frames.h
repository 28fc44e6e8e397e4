// SPDX-License-Identifier: Apache-2.0
// Packets between insd and insd-token: one per message, at most kMaxFrame bytes, over AF_UNIX SOCK_SEQPACKET.
#pragma once

#include <chrono>
#include <optional>

#include "drivers/base/secret.h"

namespace insd::token {

inline constexpr std::size_t kMaxFrame = 65'536;
using Deadline = std::optional<std::chrono::steady_clock::time_point>;  ///< none: wait for ever

enum class Traffic : std::uint8_t { DONE, CLOSED, TIMED_OUT };

/// CLOSED: the peer has gone. TIMED_OUT: it has not taken earlier packets away within `patience`. Throws
/// Error(INTERNAL) for an empty or too long packet and for a broken socket.
Traffic send_frame(int socket, ByteView frame, std::chrono::milliseconds patience = {});

/// TIMED_OUT: nothing came before the deadline. Throws Error(INTERNAL) for a packet above kMaxFrame.
Traffic receive_frame(int socket, Bytes& frame, Deadline deadline = std::nullopt);

/// A packet that goes into locked memory; what the kernel gave is wiped. CLOSED leaves `secret` empty.
Traffic receive_secret(int socket, SecretString& secret, Deadline deadline = std::nullopt);

}  // namespace insd::token
