// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <stop_token>

namespace insd::pcsc {

/// Sleeps for `duration`, or until `stop` is requested. False when it was.
bool pause(const std::stop_token& stop, std::chrono::milliseconds duration);

}  // namespace insd::pcsc
