// SPDX-License-Identifier: Apache-2.0
// Files that hold a key or the secret of one: read only when nobody else could have (threats T-FS-01).
#pragma once

#include <filesystem>

#include "drivers/base/secret.h"

namespace insd::keys {

/// The whole file. `key` is how errors call it, e.g. "insi.organisation.pkcs12". Throws CONFIG_INVALID: it
/// cannot be read, is no regular file, has more than `max_bytes`, belongs to another user than root or our
/// own, or may be written by others than its owner, or read by others than its owner and the group root. (A
/// credential of systemd is root's and shows its access list as that group's right.)
Bytes read_private_file(const std::filesystem::path& file, const char* key, std::size_t max_bytes);

/// The first line of such a file, without its end; at most SecretString::kCapacity bytes.
SecretString read_secret_file(const std::filesystem::path& file, const char* key);

}  // namespace insd::keys
