// SPDX-License-Identifier: Apache-2.0
// The SAML 2.0 assertions of a request (specs: insi 3.2, 3.3). The signature is XML-DSig, enveloped,
// exclusive C14N, RSA-SHA256; its value comes from outside, because a card makes it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "daemon/config.h"
#include "daemon/insi/certificate.h"
#include "drivers/base/bytes.h"

namespace insd::insi {

struct AssertionContent {
  std::string id;             ///< "_" + UUID
  std::string issue_instant;  ///< UTC with milliseconds
  std::string issuer;         ///< subject of the signature certificate, RFC 2253
  std::string name_id;        ///< CN of that certificate
  std::string name_qualifier;
  std::vector<std::pair<std::string, std::string>> attributes;  ///< name, value; at least one
};

/// The attributes that a profile gives, by the configured names; an empty value is left out. Throws
/// CONFIG_INVALID when the profile has no billing id, which is mandatory.
std::vector<std::pair<std::string, std::string>> assertion_attributes(const InsiConfig& config,
                                                                      const ProfileConfig& profile);

/// An assertion that waits for its signature value. Both texts are canonical: they are embedded as they are
/// and never written again, so what was signed is what is sent.
struct UnsignedAssertion {
  std::string canonical;    ///< the assertion without its Signature
  std::string signed_info;  ///< what the Signer signs
};

UnsignedAssertion make_assertion(const AssertionContent& content);

/// The assertion with its Signature after Issuer, KeyInfo holding the certificate alone.
std::string with_signature(const UnsignedAssertion& assertion, ByteView signature, ByteView certificate_der);

/// The unsigned assertion about the patient's card: Issuer is the CN of the professional, NameID the card's
/// logical serial number.
std::string vitale_assertion(const std::string& id, const std::string& issue_instant,
                             const std::string& issuer_common_name, const std::string& serial);

}  // namespace insd::insi
