// SPDX-License-Identifier: Apache-2.0
// Signatures in a session of their own, which shares the login of the process (design: parts, tokens).
#pragma once

#include "pkcs11/cryptoki.h"
#include "pkcs11/objects.h"

namespace insd::pkcs11 {

/// The key of one use, looked for once: looking takes longer than signing (measured). After an error of
/// sign() or the end of the login it is worth nothing: a failed C_Sign may leave its operation active for
/// ever (CKR_OPERATION_ACTIVE).
class SigningKey {
 public:
  /// Errors: KEY_NOT_FOUND, KEY_UNSUPPORTED, CARD_REMOVED, MODULE_FAILED.
  SigningKey(const Cryptoki& cryptoki, CK_SLOT_ID slot, KeyUse use);

  /// RSA PKCS#1 v1.5 over SHA-256 of `message`. SIGNATURE: CKM_SHA256_RSA_PKCS over the message, because the
  /// card finishes the hash. AUTHENTICATION: CKM_RSA_PKCS over the DigestInfo. No module offers both for both
  /// keys (specs: cps 1.6). Errors: INVALID_ARGUMENT (empty or above kMaxMessageBytes), KEY_UNSUPPORTED,
  /// CARD_ACCESS_DENIED (nobody logged in), CARD_REMOVED, MODULE_FAILED.
  [[nodiscard]] Bytes sign(ByteView message) const;

 private:
  const Cryptoki& cryptoki_;
  const KeyUse use_;
  const Session session_;
  const PrivateKey key_;
};

}  // namespace insd::pkcs11
