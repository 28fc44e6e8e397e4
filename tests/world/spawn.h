// SPDX-License-Identifier: Apache-2.0
// fork and exec with what the world needs and posix_spawn lacks: the child ends with its parent.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace insd::world {

/// Three descriptors for the child's 0, 1, 2.
struct Stdio {
  int in = 0, out = 1, err = 2;
};

/// Throws std::system_error. A program that cannot be executed ends with status 127.
pid_t spawn(const std::vector<std::string>& argv, const std::vector<std::string>& environment, Stdio stdio,
            bool own_group);

/// May this process become another user? An ordinary user's namespace (tests/isolate) shows root and nobody
/// else.
bool may_become_others();

/// Exit status or 128 + signal of what waitpid reported.
int status_of(int wait_status);

/// Close-on-exec pipe: {reading end, writing end}.
std::pair<int, int> make_pipe();

}  // namespace insd::world
