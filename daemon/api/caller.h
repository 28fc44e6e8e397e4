// SPDX-License-Identifier: Apache-2.0
// Who is at the other end of a socket, as the kernel says.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace insd::api {

/// uid, gid and groups are the kernel's credentials of the moment of connect(): they decide. pid, unit
/// and executable may be those of another process by now: for the journal and for display only (threats
/// T-SOCK-02).
struct Caller {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  ///< supplementary groups
  pid_t pid = 0;
  std::string unit;        ///< systemd unit or last cgroup element, printable; may be empty
  std::string executable;  ///< path, or name where the kernel does not show the path; printable; may be empty
};

/// Source: SO_PEERCRED, SO_PEERGROUPS and /proc/<pid>. Throws PERMISSION_DENIED when the kernel does
/// not tell.
Caller caller_of(int socket);

/// Path of the program that a process runs; its name (comm) when it is of a user into whose processes the
/// daemon may not look; empty when it has gone. Printable, at most 512 bytes.
std::string executable_of(pid_t pid);

/// "insd.service" from the content of a cgroup file; empty when it names none.
std::string unit_from_cgroup(std::string_view content);

}  // namespace insd::api
