// SPDX-License-Identifier: Apache-2.0
// What the chip of a CPS computes: the end of a SHA-256 begun outside, and RSA with its own padding.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <optional>

#include <openssl/evp.h>

#include "tests/simulators/card/bytes.h"

namespace insd::simcard {

using Sha256 = std::array<std::uint8_t, 32>;

/// Finishes a SHA-256. `state` is the intermediate state as on the wire: 32 bytes (eight big-endian words)
/// and the count of bits hashed so far (8 bytes big-endian), or empty when nothing was hashed outside; `rest`
/// is what is left, at most one block. Nothing when the state is malformed. Source: specs, cps 1.8.
std::optional<Sha256> finish_sha256(ByteView state, ByteView rest);

/// DigestInfo of a SHA-256 (RFC 8017, 9.2, note 1).
Bytes digest_info(const Sha256& digest);

class RsaKey {
 public:
  explicit RsaKey(const std::filesystem::path& pem);
  /// Adds PKCS#1 v1.5 type 1 padding to `input` and signs. Throws std::runtime_error.
  [[nodiscard]] Bytes sign(ByteView input) const;
  [[nodiscard]] std::size_t modulus_bytes() const;

 private:
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

}  // namespace insd::simcard
