// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/objects.h"

#include <algorithm>
#include <memory>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "pkcs11/errors.h"

namespace insd::pkcs11 {
namespace {

constexpr std::size_t kMaxIdBytes = 256;
constexpr std::size_t kMaxLabelBytes = 256;

using X509Ptr = std::unique_ptr<X509, decltype(&X509_free)>;
using BigNumPtr = std::unique_ptr<BIGNUM, decltype(&BN_free)>;

X509Ptr parse(const Bytes& der) {
  const unsigned char* cursor = der.data();
  X509Ptr certificate(d2i_X509(nullptr, &cursor, static_cast<long>(der.size())), &X509_free);
  if (certificate && cursor != der.data() + der.size()) certificate.reset();
  return certificate;
}

// nonRepudiation marks the signature key; an authentication key has digitalSignature without it (specs:
// cps 2.4).
std::optional<KeyUse> use_of(X509* certificate) {
  if ((X509_get_extension_flags(certificate) & EXFLAG_KUSAGE) == 0) return std::nullopt;
  const auto usage = X509_get_key_usage(certificate);
  if ((usage & KU_NON_REPUDIATION) != 0) return KeyUse::SIGNATURE;
  if ((usage & KU_DIGITAL_SIGNATURE) != 0) return KeyUse::AUTHENTICATION;
  return std::nullopt;
}

// Big-endian, without leading zeroes, as CKA_MODULUS; empty when the key is not RSA.
Bytes modulus_of(X509* certificate) {
  EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) return {};
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &raw) != 1) return {};
  const BigNumPtr modulus(raw, &BN_free);
  Bytes bytes(static_cast<std::size_t>(BN_num_bytes(modulus.get())));
  BN_bn2bin(modulus.get(), bytes.data());
  return bytes;
}

Bytes without_leading_zeroes(Bytes number) {
  number.erase(number.begin(),
               std::find_if(number.begin(), number.end(), [](auto byte) { return byte != 0; }));
  return number;
}

}  // namespace

std::vector<Certificate> read_certificates(const Cryptoki& cryptoki, CK_SESSION_HANDLE session) {
  const auto objects = cryptoki.find(session, CKO_CERTIFICATE);
  if (objects.size() > kMaxCertificates) lied("C_FindObjects", "too many certificates");
  std::vector<Certificate> result;
  for (const auto object : objects) {
    auto der = cryptoki.attribute(session, object, CKA_VALUE, kMaxCertificateBytes);
    const X509Ptr parsed = der ? parse(*der) : X509Ptr(nullptr, &X509_free);
    if (!parsed) continue;
    const auto label = cryptoki.attribute(session, object, CKA_LABEL, kMaxLabelBytes).value_or(Bytes{});
    Certificate certificate;
    certificate.der = *std::move(der);
    certificate.label = printable({reinterpret_cast<const char*>(label.data()), label.size()});
    certificate.use = use_of(parsed.get());
    certificate.id = cryptoki.attribute(session, object, CKA_ID, kMaxIdBytes).value_or(Bytes{});
    result.push_back(std::move(certificate));
  }
  return result;
}

std::vector<DataObject> read_data_objects(const Cryptoki& cryptoki, CK_SESSION_HANDLE session,
                                          std::string_view label_prefix) {
  std::vector<DataObject> result;
  for (const auto object : cryptoki.find(session, CKO_DATA)) {
    if (result.size() == kMaxDataObjects) break;
    const auto readable = [&](CK_ATTRIBUTE_TYPE type, std::size_t max_bytes) {
      try {
        return cryptoki.attribute(session, object, type, max_bytes).value_or(Bytes{});
      } catch (const Error& error) {
        if (error.code() != Code::MODULE_FAILED) throw;
        return Bytes{};
      }
    };
    const Bytes label = readable(CKA_LABEL, kMaxLabelBytes);
    std::string text = printable({reinterpret_cast<const char*>(label.data()), label.size()});
    if (!text.starts_with(label_prefix)) continue;
    result.push_back({std::move(text), readable(CKA_VALUE, kMaxDataObjectBytes)});
  }
  return result;
}

PrivateKey find_private_key(const Cryptoki& cryptoki, CK_SESSION_HANDLE session,
                            const Certificate& certificate) {
  const X509Ptr parsed = parse(certificate.der);
  const Bytes modulus = parsed ? modulus_of(parsed.get()) : Bytes{};
  if (modulus.size() < 256 || modulus.size() > kMaxSignatureBytes) {
    throw Error(Code::KEY_UNSUPPORTED, "the certificate's key is not RSA of 2048 to 8192 bits");
  }
  std::vector<CK_OBJECT_HANDLE> by_modulus, by_id;
  for (const auto object : cryptoki.find(session, CKO_PRIVATE_KEY)) {
    if (auto own = cryptoki.attribute(session, object, CKA_MODULUS, kMaxSignatureBytes + 1);
        own && !own->empty()) {
      if (without_leading_zeroes(*std::move(own)) == modulus) by_modulus.push_back(object);
    } else if (!certificate.id.empty() &&
               cryptoki.attribute(session, object, CKA_ID, kMaxIdBytes) == certificate.id) {
      by_id.push_back(object);
    }
  }
  const auto& keys = by_modulus.empty() ? by_id : by_modulus;
  if (keys.size() != 1) {
    throw Error(Code::KEY_NOT_FOUND,
                keys.empty() ? "no private key for the certificate" : "several private keys for it");
  }
  return {.handle = keys.front(), .signature_bytes = modulus.size()};
}

}  // namespace insd::pkcs11
