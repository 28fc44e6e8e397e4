// SPDX-License-Identifier: Apache-2.0
// Fresh identifiers and times as they travel in a request.
#pragma once

#include <string>

#include "daemon/clock.h"

namespace insd::insi {

/// Random UUID (version 4), lower case. Throws INTERNAL when the system gives no randomness.
std::string make_uuid();

/// UTC with milliseconds: "2030-01-02T03:04:05.678Z" (specs: insi 2).
std::string utc_milliseconds(Clock::Wall time);

}  // namespace insd::insi
