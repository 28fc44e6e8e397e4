// SPDX-License-Identifier: Apache-2.0
// The certificate with which an organisation shows itself to the teleservice (mode organisation: specs insi
// 3.4), and its key.
#pragma once

#include <vector>

#include "daemon/clock.h"
#include "daemon/config.h"
#include "daemon/insi/certificate.h"
#include "daemon/insi/openssl_ptr.h"

namespace insd::insi {

struct ClientKey {
  X509Ptr certificate;
  std::vector<X509Ptr> issuers;  ///< sent with it
  KeyPtr key;
  bool pkcs1_only = false;  ///< the key does not sign RSA-PSS: TLS 1.2 with PKCS#1 v1.5
};

/// From insi.organisation.pkcs12. Throws CONFIG_INVALID with the key of the file at fault: what
/// keys::read_private_file() refuses, not a PKCS#12 file, a wrong passphrase, an encryption that OpenSSL 3
/// does not do any more, no certificate with its key.
ClientKey load_pkcs12(const OrganisationConfig& config);

/// From a PEM file: the certificate, then its authorities; without a key. Throws CONFIG_INVALID
/// (insi.organisation.certificate).
ClientKey load_certificates(const std::filesystem::path& file);

Bytes to_der(const X509* certificate);

/// Throws CONFIG_INVALID unless the certificate is one that INSi takes of an organisation: KeyUsage
/// digitalSignature, extended key usage clientAuth, one OU (the structure's id), and of the test authorities
/// only where insi.environment is test. ORGANISATION_CERTIFICATE_NAME unless its CN is INSI-AUTO or
/// INSI-MANU. Dates are not looked at.
CertificateFacts organisation_facts(const X509* certificate, InsiEnvironment environment);

/// Throws ORGANISATION_CERTIFICATE_INVALID.
void require_valid(const CertificateFacts& organisation, Clock::Wall now);

}  // namespace insd::insi
