// SPDX-License-Identifier: Apache-2.0
#include "daemon/insi/certificate.h"

#include <gtest/gtest.h>

#include "daemon/insi/signer.h"
#include "drivers/base/error.h"
#include "tests/unit/insi/test_pki.h"

namespace insd::insi {
namespace {

using test::CertificateSpec;

CertificateFacts facts_of(const CertificateSpec& spec) {
  return certificate_facts(
      test::to_der(test::make_certificate(spec, test::shared_key(), test::shared_key()).get()));
}

TEST(Certificate, ReadsAProfessionalWithAMultiValuedRdn) {
  const CertificateFacts facts = facts_of({});
  EXPECT_EQ(facts.common_name, "899900000001");
  EXPECT_EQ(facts.family_name, "EXEMPLE");
  EXPECT_EQ(facts.given_name, "CAMILLE");
  EXPECT_EQ(facts.title, "Médecin");
  EXPECT_EQ(facts.card_type, CardTypeCode::CPS);
  EXPECT_TRUE(facts.test_pki);
  EXPECT_TRUE(facts.non_repudiation);
  EXPECT_FALSE(facts.digital_signature);
  EXPECT_EQ(facts.rsa_bits, 2048U);
  EXPECT_EQ(facts.issuer, "CN=TEST AC IGC-SANTE FORT PERSONNES,OU=IGC-SANTE TEST,O=ASIP-SANTE,C=FR");
}

TEST(Certificate, WritesTheSubjectAsRfc2253InUtf8) {
  const std::string subject = facts_of({}).subject;
  EXPECT_TRUE(subject.ends_with(",title=Médecin,C=FR")) << subject;
  for (const char* part : {"CN=899900000001", "SN=EXEMPLE", "GN=CAMILLE"})
    EXPECT_NE(subject.find(part), std::string::npos) << subject;
  EXPECT_EQ(std::count(subject.begin(), subject.end(), '+'), 2) << subject;
}

TEST(Certificate, EscapesWhatRfc2253Escapes) {
  EXPECT_EQ(facts_of({.subject = {{{"CN", "A,B+C\"<>;#"}}}}).subject, R"(CN=A\,B\+C\"\<\>\;#)");
}

TEST(Certificate, ReadsAStructureOfAStaffCard) {
  const CertificateFacts facts =
      facts_of({.subject = {{{"O", "CENTRE EXEMPLE"}}, {{"OU", "10B0152872"}}, {{"CN", "10B0152872/17"}}},
                .card_type_der = Bytes{2, 1, 2}});
  EXPECT_EQ(facts.organisation, "CENTRE EXEMPLE");
  EXPECT_EQ(facts.organisation_unit, "10B0152872");
  EXPECT_EQ(facts.common_name, "10B0152872/17");
  EXPECT_EQ(facts.card_type, CardTypeCode::CPE);
}

TEST(Certificate, DoesNotChooseBetweenTwoStructures) {
  EXPECT_EQ(facts_of({.subject = {{{"OU", "10B0152872"}}, {{"OU", "10B0152873"}}, {{"CN", "x"}}}})
                .organisation_unit,
            "");
}

TEST(Certificate, KnowsTheProductionPki) {
  EXPECT_FALSE(
      facts_of({.issuer = {{{"OU", "IGC-SANTE"}}, {{"CN", "AC IGC-SANTE FORT PERSONNES"}}}}).test_pki);
}

TEST(Certificate, NamesTheCardTypes) {
  EXPECT_EQ(name_qualifier(CardTypeCode::CPS), "CPS");
  EXPECT_EQ(name_qualifier(CardTypeCode::CPF), "CPF");
  EXPECT_EQ(name_qualifier(CardTypeCode::CPE), "CDE-CPE");
  EXPECT_EQ(name_qualifier(CardTypeCode::CPA), "CPA");
  EXPECT_EQ(name_qualifier(std::nullopt), "CPX");
}

TEST(Certificate, AcceptsOneThatMaySignAssertions) {
  EXPECT_NO_THROW(require_signature_certificate(facts_of({}), std::chrono::system_clock::now()));
}

TEST(Certificate, RefusesToSignWithTheAuthenticationPair) {
  try {
    require_signature_certificate(facts_of({.key_usage = "critical,digitalSignature"}),
                                  std::chrono::system_clock::now());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::CERTIFICATE_INVALID);
  }
}

TEST(Certificate, VerifiesASignature) {
  const Bytes der = test::to_der(test::make_certificate({}, test::shared_key(), test::shared_key()).get());
  const ByteView message = as_bytes("a message");
  Bytes signature = test::rsa_sha256(test::shared_key(), message);
  EXPECT_TRUE(signature_verifies(der, message, signature));
  EXPECT_FALSE(signature_verifies(der, as_bytes("another message"), signature));
  signature[10] ^= 1U;
  EXPECT_FALSE(signature_verifies(der, message, signature));
  EXPECT_FALSE(signature_verifies(der, message, {}));
  EXPECT_FALSE(signature_verifies(as_bytes("not a certificate"), message, signature));
  EXPECT_FALSE(signature_verifies({}, message, signature));
}

}  // namespace
}  // namespace insd::insi
