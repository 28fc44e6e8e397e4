// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/sign.h"

#include <array>

#include <openssl/evp.h>

#include "pkcs11/errors.h"

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

PrivateKey key_for(const Cryptoki& cryptoki, CK_SESSION_HANDLE session, KeyUse use) {
  const auto certificates = read_certificates(cryptoki, session);
  return find_private_key(cryptoki, session, choose_certificate(certificates, use));
}

}  // namespace

SigningKey::SigningKey(const Cryptoki& cryptoki, CK_SLOT_ID slot, KeyUse use)
    : cryptoki_(cryptoki),
      use_(use),
      session_(cryptoki, slot),
      key_(key_for(cryptoki, session_.handle(), use)) {}

Bytes SigningKey::sign(ByteView message) const {
  if (message.empty() || message.size() > kMaxMessageBytes) {
    throw Error(Code::INVALID_ARGUMENT, "the message to sign is empty or too long");
  }
  Bytes signature = use_ == KeyUse::SIGNATURE
                        ? cryptoki_.sign(session_.handle(), key_.handle, CKM_SHA256_RSA_PKCS, message)
                        : cryptoki_.sign(session_.handle(), key_.handle, CKM_RSA_PKCS, digest_info(message));
  if (signature.size() != key_.signature_bytes)
    throw impossible_signature("not the length of the key's signatures");
  return signature;
}

}  // namespace insd::pkcs11
