// SPDX-License-Identifier: Apache-2.0
// The site's own secret keys: one for the chain of the audit trail, one for what must be found again without
// being readable, one that seals what leaves the daemon. Each use has keys of its own, never one for two.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/base/bytes.h"
#include "drivers/base/secret.h"

namespace insd::keys {

/// 256 bits.
struct SiteKey {
  std::string id;  ///< "<use>-<number>-<8 hex digits>": names the key in records, tells nothing of it
  SecretString secret;
  bool credential = false;  ///< came from systemd
};
using SiteKeyPtr = std::shared_ptr<const SiteKey>;

/// Where keys are.
struct KeyPlaces {
  std::filesystem::path directory;  ///< files `<id>.key` of 32 bytes, mode 0600
  std::filesystem::path credentials =
      {};  ///< systemd's directory for this unit: files `keys_<id>.key`; empty: none
};

/// The keys of one use. The newest (by its number) is used, the older ones only verify or open. Thread safe.
class SiteKeys {
 public:
  /// What to do where there is no key yet.
  enum class Missing : std::uint8_t { MAKE, LEAVE };

  /// Reads what is there. `use` is lower-case letters. Throws CONFIG_INVALID naming the file: not owned by
  /// this process's user, open to others, not 32 bytes, the same key twice, more than 1000 keys; or when none
  /// can be made. With LEAVE nothing is written, and a missing directory is an empty one.
  SiteKeys(KeyPlaces places, std::string_view use, Missing missing = Missing::MAKE);

  /// nullptr: there is none, with Missing::LEAVE.
  [[nodiscard]] SiteKeyPtr current() const;
  /// nullptr: there is no such key.
  [[nodiscard]] SiteKeyPtr find(std::string_view id) const;
  /// Oldest first.
  [[nodiscard]] std::vector<SiteKeyPtr> all() const;

  /// From now on a new key. Throws as the constructor; UNSUPPORTED when the current one is a credential: the
  /// next one comes from where that came from.
  SiteKeyPtr rotate();

 private:
  void read(const std::filesystem::path& directory, std::string_view prefix, bool credential);
  [[nodiscard]] SiteKeyPtr make() const;

  const KeyPlaces places_;
  const std::string use_;
  mutable std::mutex mutex_;
  std::vector<SiteKeyPtr> keys_;  ///< oldest first
};

/// The three uses of a site.
struct SiteKeyRing {
  explicit SiteKeyRing(const KeyPlaces& places, SiteKeys::Missing missing = SiteKeys::Missing::MAKE)
      : journal(places, "journal", missing),
        number(places, "number", missing),
        seal(places, "seal", missing) {}
  SiteKeys journal;  ///< HMAC-SHA256 of the records of the audit trail
  SiteKeys number;   ///< HMAC-SHA256 of an identity's number in these records
  SiteKeys seal;     ///< AES-256-GCM of identities that leave the daemon
};

/// $CREDENTIALS_DIRECTORY; empty outside a unit with credentials.
std::filesystem::path credentials_directory();

/// HMAC-SHA256, 32 bytes.
Bytes hmac(const SiteKey& key, ByteView data);

}  // namespace insd::keys
