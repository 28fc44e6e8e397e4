// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/insi/test_exchange.h"

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include "daemon/insi/assertion.h"
#include "daemon/insi/certificate.h"
#include "daemon/insi/envelope.h"
#include "daemon/insi/identifiers.h"

namespace insd::test {

const TestPki& TestPki::get() {
  static const TestPki pki = [] {
    CertificateSpec authority;
    authority.subject = authority.issuer;
    authority.key_usage = "critical,keyCertSign,cRLSign";
    authority.basic_constraints = "critical,CA:TRUE";
    authority.card_type_der = std::nullopt;
    static const Key authority_key = rsa_key();
    return TestPki{make_certificate(authority, authority_key.get(), authority_key.get()),
                   make_certificate({}, shared_key(), authority_key.get())};
  }();
  return pki;
}

boost::asio::awaitable<Bytes> SoftwareSigner::sign(Bytes message, std::stop_token /*stop*/) {
  if (before_sign) before_sign();
  ++signatures;
  Bytes value = rsa_sha256(shared_key(), message);
  if (spoil) value[0] ^= 1U;
  co_return value;
}

TempDir::TempDir() {
  std::string pattern = testing::TempDir() + "/insi-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path TempDir::write(const std::string& name, const std::string& content) const {
  std::ofstream(path_ / name, std::ios::binary) << content;
  return path_ / name;
}

insi::Party a_party() {
  insi::Party party;
  party.editor = {.users = {},
                  .idam = "AB12CD34EF56",
                  .name = "urn:lps:EXEMPLE:1.0.0",
                  .version = "1.0.0",
                  .instance = "99999999-aaaa-4bbb-8ccc-dddddddddddd"};
  party.profile.billing_id = "991130972";
  party.profile.sector = "SA07";
  return party;
}

insi::TraitsQuery a_traits_query() {
  return {"EXEMPLE", "CAMILLE", "F", "1984-05-17", "63220"};
}

insi::CardQuery a_card_query() {
  insi::CardQuery query;
  query.insured_nir = "1800200000002";
  query.beneficiary_nir = "2840500000001";
  query.birth_name = "EXEMPLE";
  query.birth_date = "1984-05-17";
  return query;
}

std::string signed_request(const insi::Query& query, const insi::Party& party) {
  const auto operations = insi::built_in_operations();
  const bool by_card = std::holds_alternative<insi::CardQuery>(query);
  const InsiConfig config;
  const Bytes certificate = to_der(TestPki::get().professional.get());
  const auto facts = insi::certificate_facts(certificate);
  const std::string now = insi::utc_milliseconds(std::chrono::system_clock::now());
  const auto envelope =
      insi::make_envelope({.bam = {config.bam_version, insi::make_uuid(), now, facts.common_name},
                           .lps = {config.lps_version, insi::make_uuid(), now, facts.common_name},
                           .editor = party.editor,
                           .query = query,
                           .message_id = "uuid:" + insi::make_uuid(),
                           .operation = by_card ? operations.by_card : operations.by_traits});
  const auto assertion =
      insi::make_assertion({.id = "_" + insi::make_uuid(),
                            .issue_instant = now,
                            .issuer = facts.subject,
                            .name_id = facts.common_name,
                            .name_qualifier = std::string(insi::name_qualifier(facts.card_type)),
                            .attributes = insi::assertion_attributes(config, party.profile)});
  const Bytes signature = rsa_sha256(shared_key(), as_bytes(assertion.signed_info));
  return envelope.with(insi::with_signature(assertion, signature, certificate));
}

int xmlsec_verdict(const std::string& xml) {
  const TempDir dir;
  const auto document = dir.write("document.xml", xml);
  const auto authority = dir.write("authority.pem", to_pem(TestPki::get().authority.get()));
  const std::string command = "xmlsec1 --verify --enabled-key-data x509 --trusted-pem " + authority.string() +
                              " --id-attr:ID urn:oasis:names:tc:SAML:2.0:assertion:Assertion " +
                              document.string() + " >/dev/null 2>&1";
  return std::system(command.c_str());
}

}  // namespace insd::test
