// SPDX-License-Identifier: Apache-2.0
// Is this professional's certificate one of the configured authorities', valid now, for signatures, and not
// revoked? Every byte of a certificate comes from a card (threats T-CARD-07). Source: OpenSSL.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "daemon/clock.h"
#include "drivers/base/bytes.h"

namespace insd::insi {

enum class Trust : std::uint8_t {
  NOT_JUDGED,          ///< no authorities are configured
  TRUSTED,             ///< and not revoked, where lists are configured
  UNTRUSTED,           ///< no chain to a configured authority, or a weak one
  NOT_VALID_NOW,       ///< it, or an authority above it, has expired or is not valid yet
  WRONG_USE,           ///< not for this use (KeyUsage)
  REVOKED,             ///< it, or an authority above it
  REVOCATION_UNKNOWN,  ///< lists are configured, and for it or an authority above it none that counts
};

/// What a certificate is presented for: KeyUsage must have nonRepudiation for SIGNATURE, and for
/// AUTHENTICATION digitalSignature without it.
enum class CertificateUse : std::uint8_t { SIGNATURE, AUTHENTICATION };

struct Judgement {
  Trust trust = Trust::NOT_JUDGED;
  bool stale_list = false;  ///< a revocation list that was used should have been renewed
  std::string detail;       ///< English, for support
};

struct TrustOptions {
  std::filesystem::path authorities;       ///< PEM: roots and sub-authorities
  std::filesystem::path revocation_lists;  ///< a file (PEM or DER) or a directory of such files, of every
                                           ///< authority of the chain, roots included; empty: not looked at
  bool stale_list_counts = true;           ///< may a list that should have been renewed be used?
};

/// One thread.
class TrustStore {
 public:
  /// Throws CONFIG_INVALID when the authorities cannot be read or are none.
  explicit TrustStore(TrustOptions options);
  ~TrustStore();
  TrustStore(const TrustStore&) = delete;
  TrustStore& operator=(const TrustStore&) = delete;

  /// Files that have changed are read again: authorities that cannot be read vouch for nobody, a list that
  /// cannot be read makes revocation unknown. That a certificate is trusted is kept for a minute, unless
  /// before that a file changes, a certificate of the chain expires, a list becomes valid or should be
  /// renewed, or the clock is set back. Throws nothing but for memory.
  Judgement judge(ByteView certificate, Clock::Wall now, CertificateUse use = CertificateUse::SIGNATURE);

  /// How often a chain was verified so far: what was kept was not.
  [[nodiscard]] std::size_t chains_verified() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace insd::insi
