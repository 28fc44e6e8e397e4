// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/sign.h"

#include <array>

#include <openssl/evp.h>

#include "pkcs11/errors.h"
#include "pkcs11/objects.h"

namespace insd::pkcs11 {
namespace {

// DigestInfo ::= SEQUENCE { SEQUENCE { OID 2.16.840.1.101.3.4.2.1 (SHA-256), NULL }, OCTET STRING (32) },
// from RFC 8017, section 9.2, note 1.
constexpr std::array<std::uint8_t, 19> kDigestInfoPrefix = {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60,
                                                            0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                                                            0x01, 0x05, 0x00, 0x04, 0x20};

Bytes digest_info(ByteView message) {
  std::array<std::uint8_t, 32> digest{};
  if (EVP_Digest(message.data(), message.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    throw Error(Code::INTERNAL, "SHA-256 is not available");
  }
  Bytes result(kDigestInfoPrefix.begin(), kDigestInfoPrefix.end());
  result.insert(result.end(), digest.begin(), digest.end());
  return result;
}

}  // namespace

Bytes sign_message(const Cryptoki& cryptoki, CK_SLOT_ID slot, KeyUse use, ByteView message) {
  if (message.empty() || message.size() > kMaxMessageBytes) {
    throw Error(Code::INVALID_ARGUMENT, "the message to sign is empty or too long");
  }
  // A session for one signature: a failed C_Sign may leave its operation active for ever
  // (CKR_OPERATION_ACTIVE), and handles found here are never stale.
  const Session session(cryptoki, slot);
  const auto certificates = read_certificates(cryptoki, session.handle());
  const auto& certificate = choose_certificate(certificates, use);
  const auto key = find_private_key(cryptoki, session.handle(), certificate);
  Bytes signature = use == KeyUse::SIGNATURE
                        ? cryptoki.sign(session.handle(), key.handle, CKM_SHA256_RSA_PKCS, message)
                        : cryptoki.sign(session.handle(), key.handle, CKM_RSA_PKCS, digest_info(message));
  if (signature.size() != key.signature_bytes) lied("C_Sign", "not the length of the key's signatures");
  return signature;
}

}  // namespace insd::pkcs11
