// SPDX-License-Identifier: Apache-2.0
// Names nobody can guess: prompts, leases, answers, messages.
#pragma once

#include <string>

#include "drivers/base/bytes.h"

namespace insd {

/// `count` (at most 256) bytes of the kernel's generator. Throws INTERNAL when it has none. Any thread.
Bytes random_bytes(std::size_t count);

/// The same in lower-case hexadecimal, two characters a byte.
std::string random_hex(std::size_t count);

}  // namespace insd
