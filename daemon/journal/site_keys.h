// SPDX-License-Identifier: Apache-2.0
// The site's own secret keys: one for the chain of the audit trail, one for what must be found again without
// being readable. Each use has keys of its own, never one for two uses.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/base/bytes.h"
#include "drivers/base/secret.h"

namespace insd::journal {

/// 256 bits for HMAC-SHA256.
struct SiteKey {
  std::string id;  ///< "<use>-<number>-<8 hex digits>": names the key in records, tells nothing of it
  SecretString secret;
};

/// The keys of one use, in files `<directory>/<id>.key` of 32 bytes. The newest is used, the older ones only
/// verify.
class SiteKeys {
 public:
  /// Reads what is there and makes the first key where there is none. `use` is lower-case letters. Throws
  /// CONFIG_INVALID naming the file: not owned by this process's user, open to others, not 32 bytes, more
  /// than 1000 keys; or when none can be made.
  SiteKeys(std::filesystem::path directory, std::string_view use);

  [[nodiscard]] const SiteKey& current() const { return keys_.back(); }
  /// nullptr: there is no such key.
  [[nodiscard]] const SiteKey* find(std::string_view id) const;

  /// From now on a new key; returns its id. Throws as the constructor.
  std::string rotate();

 private:
  SiteKey make();

  std::filesystem::path directory_;
  std::string use_;
  std::vector<SiteKey> keys_;  ///< oldest first, never empty
};

/// HMAC-SHA256, 32 bytes.
Bytes hmac(const SiteKey& key, ByteView data);

}  // namespace insd::journal
