// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/caller.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <sys/socket.h>

#include "drivers/base/bytes.h"
#include "drivers/base/error.h"

namespace insd::api {
namespace {

// NGROUPS_MAX of Linux; a peer cannot have more.
constexpr std::size_t kMaxGroups = 65536;

std::vector<gid_t> peer_groups(int socket) {
  std::vector<gid_t> groups(64);
  while (true) {
    auto length = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length) == 0) {
      groups.resize(length / sizeof(gid_t));
      return groups;
    }
    // ERANGE: the kernel wrote the length it needs.
    const std::size_t needed = length / sizeof(gid_t);
    if (errno != ERANGE || needed <= groups.size() || needed > kMaxGroups) {
      throw Error(Code::PERMISSION_DENIED, "the kernel does not tell the caller's groups");
    }
    groups.resize(needed);
  }
}

// At most a page of a file of the process.
std::string content_of(pid_t pid, const char* name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/" + name);
  std::string content(4096, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(file.gcount()));
  return content;
}

}  // namespace

std::string unit_from_cgroup(std::string_view content) {
  // One line "0::/user.slice/user-1000.slice/session-2.scope" (cgroup v2); the last element names the unit.
  const std::size_t start = content.find("0::");
  if (start == std::string_view::npos) return {};
  content.remove_prefix(start + 3);
  content = content.substr(0, content.find('\n'));
  const std::size_t slash = content.rfind('/');
  if (slash != std::string_view::npos) content.remove_prefix(slash + 1);
  return printable(content, 64);
}

std::string executable_of(pid_t pid) {
  constexpr std::size_t kLongest = 512;
  std::error_code hidden;
  const auto path = std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/exe", hidden);
  if (!hidden) return printable(path.native(), kLongest);
  const std::string name = content_of(pid, "comm");
  return printable(name.substr(0, name.find('\n')), kLongest);
}

Caller caller_of(int socket) {
  ucred credentials{};
  socklen_t length = sizeof(credentials);
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0 ||
      length != sizeof(credentials) || credentials.uid == static_cast<uid_t>(-1)) {
    throw Error(Code::PERMISSION_DENIED, "the kernel does not tell who is calling");
  }
  Caller caller;
  caller.uid = credentials.uid;
  caller.gid = credentials.gid;
  caller.pid = credentials.pid;
  caller.groups = peer_groups(socket);
  caller.unit = unit_from_cgroup(content_of(credentials.pid, "cgroup"));
  caller.executable = executable_of(credentials.pid);
  return caller;
}

}  // namespace insd::api
