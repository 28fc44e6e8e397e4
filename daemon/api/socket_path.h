// SPDX-License-Identifier: Apache-2.0
// Where the daemon listens: the socket that systemd passes, or one of its own made with care (threats
// T-SOCK-04).
#pragma once

#include <filesystem>
#include <string>

#include "drivers/base/descriptor.h"

namespace insd::api {

/// A listening socket and, when it is our own, what to remove at the end.
struct ListeningSocket {
  Descriptor descriptor;
  std::filesystem::path own_path;  ///< empty: systemd's
};

/// The one socket systemd passes; an invalid descriptor when it passes none. Throws CONFIG_INVALID for
/// anything but one listening AF_UNIX stream socket.
Descriptor socket_from_systemd();

/// Makes `path` with mode 0660 and `group` (empty: the group of the process). The directory must belong to
/// root or to us and not be writable by others; a stale socket of ours is removed only when nobody listens on
/// it; anything else in its place is left alone. Throws CONFIG_INVALID.
Descriptor make_socket(const std::filesystem::path& path, const std::string& group);

}  // namespace insd::api
