// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <stop_token>
#include <string>

namespace insd::pcsc {

/// Sleeps until a file comes to, or changes its rights in, the directory of `path`, at most for `duration`,
/// or until `stop` is requested. True when the directory had something to tell. A directory that cannot be
/// watched (there is none yet) is only a reason to sleep for the whole `duration`.
bool await_change_beside(const std::string& path, const std::stop_token& stop,
                         std::chrono::milliseconds duration);

}  // namespace insd::pcsc
