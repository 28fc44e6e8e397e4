// SPDX-License-Identifier: Apache-2.0
// What an X.509 certificate of a professional's card says. Every byte comes from a card: sizes, DER, names
// and extensions are checked before anything is taken (threats T-CARD-07). Source: OpenSSL. Thread safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/clock.h"
#include "drivers/base/bytes.h"

namespace insd::insi {

/// Extension 1.2.250.1.71.1.2.2 (specs: cps 2.4).
enum class CardTypeCode : std::uint8_t { CPS = 0, CPF = 1, CPE = 2, CPA = 3 };

/// Texts are UTF-8 without control characters or bidirectional marks; empty = the certificate does not say.
struct CertificateFacts {
  std::string subject;  ///< RFC 2253, multi-valued RDNs as "CN=...+SN=...+GN=..."
  std::string issuer;   ///< RFC 2253
  std::string common_name, family_name, given_name, title;  ///< of the subject: CN, SN, GN, title
  std::string organisation;                                 ///< O of the subject
  std::string organisation_unit;   ///< OU of the subject; empty also when there are several
  std::string issuer_common_name;  ///< CN of the issuer
  std::optional<CardTypeCode> card_type;
  Clock::Wall not_before, not_after;
  bool test_pki = false;           ///< the issuer is of the test IGC-Santé
  bool digital_signature = false;  ///< KeyUsage; false also without the extension
  bool non_repudiation = false;    ///< KeyUsage; false also without the extension
  std::size_t rsa_bits = 0;        ///< 0 = not an RSA key
};

/// Limits on foreign certificates: a CPS one has about 2 kB and names under 64 bytes.
inline constexpr std::size_t kMaxCertificateBytes = 16'384;
inline constexpr std::size_t kMaxNameValueBytes = 256;

/// Throws CERTIFICATE_INVALID: empty, too long, not exactly one DER certificate, a name that is too long,
/// doubled (two CN), not text, or holds control characters, NUL or bidirectional marks. Judges neither issuer
/// nor dates.
CertificateFacts certificate_facts(ByteView der);

/// Throws CERTIFICATE_INVALID unless assertions may be signed with this certificate now: RSA of 2048 bits or
/// more, KeyUsage nonRepudiation (the pairs of a CPS are not interchangeable), valid at `now`, with a CN.
void require_signature_certificate(const CertificateFacts& facts, Clock::Wall now);

/// The same for a proof of presence: digitalSignature and not nonRepudiation.
void require_authentication_certificate(const CertificateFacts& facts, Clock::Wall now);

/// NameQualifier of the assertion's NameID: "CPS", "CPF", "CDE-CPE", "CPA", "CPX" when unknown (specs:
/// insi 3.2).
std::string_view name_qualifier(const std::optional<CardTypeCode>& type);

}  // namespace insd::insi
