// SPDX-License-Identifier: Apache-2.0
// The program's log: lines on standard error. Under systemd each begins with its level as sd-daemon(3) wants
// it and has no time of its own.
#pragma once

#include <string>

namespace insd {

/// To be called once, before the first line. gRPC's own messages, which callers can provoke at will, become
/// lines of level debug.
void set_up_log(const std::string& level);

/// "trace", "debug", "info", "warning", "error"; also later, after a reload.
void set_log_level(const std::string& level);

}  // namespace insd
