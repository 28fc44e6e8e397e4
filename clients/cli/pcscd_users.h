// SPDX-License-Identifier: Apache-2.0
// pcscd's socket as this user sees it, and which programs are connected to it. The daemon has no right to
// look (it sees no other user's processes), and no socket tells who of them holds a card.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace insd::cli {

/// Where pcscd listens; PCSCLITE_CSOCK_NAME as libpcsclite honours it.
std::string pcscd_socket(const char* configured);

struct SocketState {
  int error = 0;                   ///< of connect(): 0, ENOENT, ECONNREFUSED, EACCES, ...
  bool open_to_all_users = false;  ///< its mode lets everybody write
};
SocketState look_at_socket(const std::string& path);

struct SocketUser {
  pid_t pid = 0;
  uid_t uid = 0;
  std::string name;  ///< the kernel's name of the program, at most 15 bytes, as it is: not printable
  bool operator==(const SocketUser&) const = default;
};

/// The processes connected to a Unix socket that listens at `path`, by pid. Only those whose descriptors this
/// user may see: all of them for root. Nothing when the kernel does not tell (NETLINK_SOCK_DIAG). Bounded.
std::optional<std::vector<SocketUser>> users_of_socket(const std::string& path);

}  // namespace insd::cli
