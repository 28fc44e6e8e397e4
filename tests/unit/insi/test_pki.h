// SPDX-License-Identifier: Apache-2.0
// Certificates made by OpenSSL for the tests of daemon/insi, good and bad. Keys live in memory only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "drivers/base/bytes.h"

namespace insd::test {

struct KeyDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct X509Deleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyDeleter>;
using Certificate = std::unique_ptr<X509, X509Deleter>;

/// One RDN: its attribute values in order ("CN", "exemple").
using Rdn = std::vector<std::pair<std::string, std::string>>;

struct CertificateSpec {
  std::vector<Rdn> subject = {
      {{"C", "FR"}}, {{"title", "Médecin"}}, {{"CN", "899900000001"}, {"SN", "EXEMPLE"}, {"GN", "CAMILLE"}}};
  std::vector<Rdn> issuer = {{{"C", "FR"}},
                             {{"O", "ASIP-SANTE"}},
                             {{"OU", "IGC-SANTE TEST"}},
                             {{"CN", "TEST AC IGC-SANTE FORT PERSONNES"}}};
  long from_seconds = -3600;                          ///< from now
  long to_seconds = 30L * 86'400;                     ///< from now
  std::string key_usage = "critical,nonRepudiation";  ///< empty: no extension
  std::string extended_key_usage = {};                ///< "clientAuth"
  std::string alternative_names = {};                 ///< "DNS:localhost"
  std::string basic_constraints = "critical,CA:FALSE";
  std::optional<Bytes> card_type_der = Bytes{0x02, 0x01, 0x00};
};

Key rsa_key(unsigned bits = 2048);
/// One RSA-2048 key per process: making one takes a tenth of a second.
EVP_PKEY* shared_key();
Key ec_key();

Certificate make_certificate(const CertificateSpec& spec, EVP_PKEY* subject_key, EVP_PKEY* issuer_key);
Bytes to_der(const X509* certificate);
std::string to_pem(const X509* certificate);
Bytes rsa_sha256(EVP_PKEY* key, ByteView message);

}  // namespace insd::test
