// SPDX-License-Identifier: Apache-2.0
// "Sign this message with the key that may sign assertions." Behind it: a PKCS#11 token in insd-token, or the
// CPS driver speaking to the card (design: signing).
#pragma once

#include <stop_token>

#include <boost/asio/awaitable.hpp>

#include "drivers/base/bytes.h"

namespace insd {

class Signer {
 public:
  Signer() = default;
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;
  virtual ~Signer() = default;

  /// RSA PKCS#1 v1.5 over SHA-256 of `message` (the message, not its digest: a CPS finishes the hash on the
  /// card). Every implementation verifies the value against certificate() before it returns. Errors: LEASE_*,
  /// CARD_*, MODULE_*, SIGNATURE_INVALID.
  virtual boost::asio::awaitable<Bytes> sign(Bytes message, std::stop_token stop) = 0;

  /// The signature certificate, X.509 DER.
  [[nodiscard]] virtual const Bytes& certificate() const = 0;
};

/// True when `signature` is RSA-SHA256 of `message` by the key of `certificate_der`. Source: OpenSSL.
bool signature_verifies(ByteView certificate_der, ByteView message, ByteView signature);

}  // namespace insd
