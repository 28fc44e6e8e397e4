// SPDX-License-Identifier: Apache-2.0
// One signature in a session of its own, which shares the login of the process (design: parts, tokens).
#pragma once

#include "pkcs11/cryptoki.h"

namespace insd::pkcs11 {

/// RSA PKCS#1 v1.5 over SHA-256 of `message`. SIGNATURE: CKM_SHA256_RSA_PKCS over the message, because the
/// card finishes the hash. AUTHENTICATION: CKM_RSA_PKCS over the DigestInfo. No module offers both for both
/// keys (specs: cps 1.6). Errors: INVALID_ARGUMENT (empty or above kMaxMessageBytes), KEY_NOT_FOUND,
/// KEY_UNSUPPORTED, CARD_ACCESS_DENIED (nobody logged in), CARD_REMOVED, MODULE_FAILED.
Bytes sign_message(const Cryptoki& cryptoki, CK_SLOT_ID slot, KeyUse use, ByteView message);

}  // namespace insd::pkcs11
