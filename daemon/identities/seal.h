// SPDX-License-Identifier: Apache-2.0
// Bytes that leave the daemon and come back: AES-256-GCM. What is inside is the caller's business.
//
// A token is "INSD", version 1, the length of the key's id and that id, 12 random bytes, the ciphertext, 16
// bytes of tag. All before the random bytes is authenticated too.
#pragma once

#include <optional>
#include <string>

#include "daemon/keys/site_keys.h"
#include "drivers/base/bytes.h"

namespace insd {

inline constexpr std::size_t kMaxTokenBytes = 64 * 1024;

/// Throws INTERNAL for what is larger than a token may be.
Bytes seal(const keys::SiteKey& key, ByteView content);

/// The id of the key that a token names; nothing when it is no token. Not to be trusted before open_seal().
std::optional<std::string> sealing_key_id(ByteView token);

/// The content; throws IDENTITY_TOKEN_INVALID for anything but what seal() made with this key.
Bytes open_seal(const keys::SiteKey& key, ByteView token);

/// The key in a file of 32 bytes that several daemons share; its id is made of its content. Throws
/// CONFIG_INVALID.
keys::SiteKey read_shared_key(const std::filesystem::path& file);

}  // namespace insd
