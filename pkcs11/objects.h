// SPDX-License-Identifier: Apache-2.0
// Certificates and keys of a token, joined by the public key (specs: cps 2.2).
#pragma once

#include <string_view>
#include <vector>

#include "pkcs11/cryptoki.h"

namespace insd::pkcs11 {

/// Every certificate of the token. Unreadable DER is left out: it must not hide a good one. Errors:
/// MODULE_FAILED (more than kMaxCertificates), CARD_REMOVED.
std::vector<Certificate> read_certificates(const Cryptoki& cryptoki, CK_SESSION_HANDLE session);

/// The data objects whose label begins with `label_prefix`, at most kMaxDataObjects. Errors: MODULE_FAILED
/// (more than kMaxObjects in all), CARD_REMOVED.
std::vector<DataObject> read_data_objects(const Cryptoki& cryptoki, CK_SESSION_HANDLE session,
                                          std::string_view label_prefix);

struct PrivateKey {
  CK_OBJECT_HANDLE handle;
  std::size_t signature_bytes;  ///< length of its modulus
};

/// The private key of a certificate: the one with its modulus, or, where the module reveals none, with its
/// CKA_ID. KEY_NOT_FOUND; KEY_UNSUPPORTED when the certificate's key is not RSA of 2048 to 8192 bits.
PrivateKey find_private_key(const Cryptoki& cryptoki, CK_SESSION_HANDLE session,
                            const Certificate& certificate);

}  // namespace insd::pkcs11
