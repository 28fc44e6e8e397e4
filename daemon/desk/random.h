// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace insd::desk {

/// `bytes` random bytes from OpenSSL's generator, lower-case hexadecimal. Throws INTERNAL when it fails.
std::string random_hex(std::size_t bytes);

}  // namespace insd::desk
