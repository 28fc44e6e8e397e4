// SPDX-License-Identifier: Apache-2.0
// What insd-token gives up before foreign code is loaded into it.
#pragma once

#include "daemon/token/role.h"

namespace insd::token {

/// For the life of the process: freed memory is overwritten; no core dump and no debugger of the same user;
/// no new privileges by exec; ends with its parent; sockets of AF_UNIX only (role TLS: AF_INET and AF_INET6
/// too), no io_uring, no look into other processes. Throws Error(INTERNAL).
void harden(Role role);

}  // namespace insd::token
