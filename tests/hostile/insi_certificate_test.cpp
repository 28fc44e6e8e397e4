// SPDX-License-Identifier: Apache-2.0
// Certificates as a hostile or broken card may hold them.
#include <gtest/gtest.h>

#include "daemon/insi/certificate.h"
#include "daemon/insi/signer.h"
#include "drivers/base/error.h"
#include "tests/unit/insi/test_pki.h"

namespace insd::insi {
namespace {

using test::CertificateSpec;

Bytes der_of(const CertificateSpec& spec) {
  return test::to_der(test::make_certificate(spec, test::shared_key(), test::shared_key()).get());
}

Code code_of(ByteView der) {
  try {
    certificate_facts(der);
  } catch (const Error& error) {
    return error.code();
  }
  return Code::INTERNAL;
}

CertificateSpec named(const std::string& type, const std::string& value) {
  return {.subject = {{{"CN", "899900000001"}, {type, value}}}};
}

TEST(HostileCertificate, T_CARD_07_EveryTruncationIsRefused) {
  const Bytes der = der_of({});
  for (std::size_t length = 0; length < der.size(); ++length)
    ASSERT_EQ(code_of(ByteView(der).first(length)), Code::CERTIFICATE_INVALID) << length;
  EXPECT_NO_THROW(certificate_facts(der));
}

TEST(HostileCertificate, T_CARD_07_EveryFlippedByteIsRefusedOrRead) {
  Bytes der = der_of({});
  for (std::size_t i = 0; i < der.size(); ++i) {
    for (const std::uint8_t flip : Bytes{0x01, 0x80, 0xFF}) {
      der[i] = static_cast<std::uint8_t>(der[i] ^ flip);
      try {
        const CertificateFacts facts = certificate_facts(der);
        EXPECT_EQ(printable(facts.common_name, kMaxNameValueBytes), facts.common_name);
        EXPECT_LE(facts.common_name.size(), kMaxNameValueBytes);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::CERTIFICATE_INVALID);
      }
      der[i] = static_cast<std::uint8_t>(der[i] ^ flip);
    }
  }
}

TEST(HostileCertificate, T_CARD_07_OneMebibyteIsRefused) {
  Bytes der(1U << 20U, 0x30);
  EXPECT_EQ(code_of(der), Code::CERTIFICATE_INVALID);
  EXPECT_FALSE(signature_verifies(der, as_bytes("m"), as_bytes("s")));
}

TEST(HostileCertificate, T_CARD_07_BytesAfterTheCertificateAreRefused) {
  Bytes der = der_of({});
  der.push_back(0);
  EXPECT_EQ(code_of(der), Code::CERTIFICATE_INVALID);
}

TEST(HostileCertificate, T_CARD_07_NamesThatForgeTextAreRefused) {
  for (const std::string& bad :
       {std::string("A\nB"), std::string("A\rB"), std::string("A\x1b[31mB"), std::string("A\0B", 3),
        std::string("A\xE2\x80\xAE"
                    "B"),
        std::string("A\xE2\x80\x8F"
                    "B"),
        std::string("A\x7F")}) {
    for (const char* type : {"SN", "GN", "title", "O"})
      EXPECT_EQ(code_of(der_of(named(type, bad))), Code::CERTIFICATE_INVALID) << type;
    EXPECT_EQ(code_of(der_of({.subject = {{{"CN", bad}}}})), Code::CERTIFICATE_INVALID);
    EXPECT_EQ(code_of(der_of({.issuer = {{{"CN", bad}}}})), Code::CERTIFICATE_INVALID);
  }
}

TEST(HostileCertificate, T_CARD_07_LongNamesAreRefused) {
  EXPECT_EQ(code_of(der_of(named("SN", std::string(10'000, 'A')))), Code::CERTIFICATE_INVALID);
  EXPECT_EQ(code_of(der_of(named("SN", std::string(257, 'A')))), Code::CERTIFICATE_INVALID);
  EXPECT_EQ(certificate_facts(der_of(named("SN", std::string(256, 'A')))).family_name.size(), 256U);
}

TEST(HostileCertificate, T_CARD_07_TwoCommonNamesAreRefused) {
  EXPECT_EQ(code_of(der_of({.subject = {{{"CN", "899900000001"}}, {{"CN", "899900000002"}}}})),
            Code::CERTIFICATE_INVALID);
}

TEST(HostileCertificate, T_CARD_07_ACardTypeThatIsNoneIsUnknown) {
  for (const Bytes& der :
       {Bytes{}, Bytes{2}, Bytes{2, 1}, Bytes{2, 1, 4}, Bytes{2, 1, 0xFF}, Bytes{2, 1, 0, 0}, Bytes{4, 1, 0},
        Bytes{2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0}, Bytes{2, 0x84, 0xFF, 0xFF, 0xFF, 0xFF}}) {
    EXPECT_EQ(certificate_facts(der_of({.card_type_der = der})).card_type, std::nullopt) << to_hex(der);
  }
}

Code signing_code(const CertificateSpec& spec, EVP_PKEY* key) {
  const Bytes der = test::to_der(test::make_certificate(spec, key, test::shared_key()).get());
  try {
    require_signature_certificate(certificate_facts(der), std::chrono::system_clock::now());
  } catch (const Error& error) {
    return error.code();
  }
  return Code::INTERNAL;
}

TEST(HostileCertificate, T_CARD_07_WrongKeysAndDatesMayNotSign) {
  EXPECT_EQ(signing_code({}, test::rsa_key(1024).get()), Code::CERTIFICATE_INVALID);
  EXPECT_EQ(signing_code({}, test::ec_key().get()), Code::CERTIFICATE_INVALID);
  EXPECT_EQ(signing_code({.from_seconds = -7200, .to_seconds = -60}, test::shared_key()),
            Code::CERTIFICATE_INVALID);
  EXPECT_EQ(signing_code({.from_seconds = 60}, test::shared_key()), Code::CERTIFICATE_INVALID);
  EXPECT_EQ(signing_code({.key_usage = ""}, test::shared_key()), Code::CERTIFICATE_INVALID);
  EXPECT_EQ(signing_code({.subject = {{{"C", "FR"}}}}, test::shared_key()), Code::CERTIFICATE_INVALID);
  EXPECT_EQ(signing_code({}, test::shared_key()), Code::INTERNAL);  // the good one throws nothing
}

TEST(HostileCertificate, T_CARD_07_AnEllipticKeyVerifiesNothing) {
  const test::Key key = test::ec_key();
  const Bytes der = test::to_der(test::make_certificate({}, key.get(), test::shared_key()).get());
  EXPECT_EQ(certificate_facts(der).rsa_bits, 0U);
  EXPECT_FALSE(signature_verifies(der, as_bytes("m"), test::rsa_sha256(key.get(), as_bytes("m"))));
}

}  // namespace
}  // namespace insd::insi
