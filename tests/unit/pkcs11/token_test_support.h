// SPDX-License-Identifier: Apache-2.0
// What the tests of pkcs11/ and of insd-token share.
#pragma once

#include <memory>
#include <string>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "tests/unit/drivers/expect_error.h"

namespace insd::test {

/// RSA-SHA256 by the key of `der`, checked by OpenSSL alone.
inline bool verifies(const Bytes& der, ByteView message, const Bytes& signature) {
  const unsigned char* cursor = der.data();
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      d2i_X509(nullptr, &cursor, static_cast<long>(der.size())), &X509_free);
  if (!certificate) return false;
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr,
                              X509_get0_pubkey(certificate.get())) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

}  // namespace insd::test

/// `error` is what error_of() returned; evaluated once.
#define EXPECT_CODE(error, expected)                       \
  do {                                                     \
    const auto& thrown = (error);                          \
    ASSERT_TRUE(thrown.has_value()) << "no error";         \
    EXPECT_EQ(thrown->code(), expected) << thrown->what(); \
  } while (false)
