// SPDX-License-Identifier: Apache-2.0
#include "daemon/insi/certificate.h"

#include <ctime>
#include <limits>
#include <memory>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "daemon/insi/openssl_ptr.h"
#include "daemon/insi/signer.h"
#include "drivers/base/error.h"

namespace insd::insi {
namespace {

using IntegerPtr = std::unique_ptr<ASN1_INTEGER, Deleter<ASN1_INTEGER_free>>;
using ObjectPtr = std::unique_ptr<ASN1_OBJECT, Deleter<ASN1_OBJECT_free>>;
using ContextPtr = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;

constexpr int kMaxNameValues = 32;
constexpr int kMinRsaBits = 2048;

[[noreturn]] void refuse(const char* why) {
  ERR_clear_error();
  throw Error(Code::CERTIFICATE_INVALID, why);
}

X509Ptr parse(ByteView der) {
  if (der.empty()) refuse("empty certificate");
  if (der.size() > kMaxCertificateBytes) refuse("certificate too long");
  const unsigned char* position = der.data();
  X509Ptr certificate(d2i_X509(nullptr, &position, static_cast<long>(der.size())));
  if (!certificate) refuse("not a DER certificate");
  if (position != der.data() + der.size()) refuse("bytes after the certificate");
  return certificate;
}

std::string value_text(const ASN1_STRING* value) {
  if (static_cast<std::size_t>(ASN1_STRING_length(value)) > 4 * kMaxNameValueBytes) refuse("name too long");
  unsigned char* utf8 = nullptr;
  const int length = ASN1_STRING_to_UTF8(&utf8, value);
  if (length < 0) refuse("name that is not text");
  const std::unique_ptr<unsigned char, decltype([](unsigned char* p) { OPENSSL_free(p); })> owner(utf8);
  std::string text(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(length));
  if (text.size() > kMaxNameValueBytes) refuse("name too long");
  // Names reach logs, screens and the assertion: one that forges a line or turns the reading order is
  // refused.
  if (printable(text, kMaxNameValueBytes) != text) refuse("control characters in a name");
  return text;
}

// Walks every AVA of every RDN (the CPS has CN, SN and GN in one RDN); `take(nid, text)` sees each.
template <class Take>
void for_each_value(const X509_NAME* name, Take take) {
  const int count = X509_NAME_entry_count(name);
  if (count > kMaxNameValues) refuse("too many name values");
  for (int i = 0; i < count; ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    take(OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)), value_text(X509_NAME_ENTRY_get_data(entry)));
  }
}

void take_once(std::string& place, std::string text) {
  if (!place.empty()) refuse("a name value that occurs twice");
  place = std::move(text);
}

std::string rfc2253(const X509_NAME* name) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  // Without ESC_MSB the text is UTF-8 and not escaped byte by byte.
  constexpr unsigned long kFlags = XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);
  if (!out || X509_NAME_print_ex(out.get(), name, 0, kFlags) < 0) refuse("name that cannot be written");
  char* text = nullptr;
  const long length = BIO_get_mem_data(out.get(), &text);
  return length > 0 ? std::string(text, static_cast<std::size_t>(length)) : std::string();
}

void read_subject(const X509* certificate, CertificateFacts& facts) {
  const X509_NAME* name = X509_get_subject_name(certificate);
  bool several_units = false;
  for_each_value(name, [&](int nid, std::string text) {
    switch (nid) {
      case NID_commonName:
        return take_once(facts.common_name, std::move(text));
      case NID_surname:
        return take_once(facts.family_name, std::move(text));
      case NID_givenName:
        return take_once(facts.given_name, std::move(text));
      case NID_title:
        return take_once(facts.title, std::move(text));
      case NID_organizationName:
        return take_once(facts.organisation, std::move(text));
      case NID_organizationalUnitName:
        several_units = several_units || !facts.organisation_unit.empty();
        facts.organisation_unit = std::move(text);
        return;
      default:
        return;
    }
  });
  if (several_units) facts.organisation_unit.clear();  // which one is the structure would be a guess
  facts.subject = rfc2253(name);
}

// Test IGC-Santé: CN "TEST AC ...", OU "IGC-SANTE TEST" (specs: cps 2.4).
void read_issuer(const X509* certificate, CertificateFacts& facts) {
  const X509_NAME* name = X509_get_issuer_name(certificate);
  for_each_value(name, [&](int nid, std::string text) {
    if (nid == NID_organizationalUnitName && text == "IGC-SANTE TEST") facts.test_pki = true;
    if (nid == NID_commonName) take_once(facts.issuer_common_name, std::move(text));
  });
  if (facts.issuer_common_name.starts_with("TEST ")) facts.test_pki = true;
  facts.issuer = rfc2253(name);
}

Clock::Wall to_wall(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) refuse("validity that is not a date");
  // std::chrono counts nanoseconds in 64 bits here: a date after 2262 would wrap around to the past.
  constexpr std::time_t kLast = 9'000'000'000;
  const std::time_t seconds = timegm(&parts);
  if (seconds < -kLast || seconds > kLast) refuse("validity out of range");
  return std::chrono::system_clock::from_time_t(seconds);
}

std::optional<CardTypeCode> read_card_type(const X509* certificate) {
  const ObjectPtr oid(OBJ_txt2obj("1.2.250.1.71.1.2.2", 1));
  const int index = X509_get_ext_by_OBJ(certificate, oid.get(), -1);
  if (index < 0) return std::nullopt;
  const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(X509_get_ext(certificate, index));
  const unsigned char* position = ASN1_STRING_get0_data(value);
  const unsigned char* const end = position + ASN1_STRING_length(value);
  const IntegerPtr number(d2i_ASN1_INTEGER(nullptr, &position, static_cast<long>(end - position)));
  std::int64_t type = -1;
  const bool whole = number && position == end && ASN1_INTEGER_get_int64(&type, number.get()) == 1;
  ERR_clear_error();
  if (!whole || type < 0 || type > 3) return std::nullopt;
  return static_cast<CardTypeCode>(type);
}

std::size_t read_rsa_bits(const X509* certificate) {
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  ERR_clear_error();  // an unreadable key is "not RSA", not a fault left for the next caller
  if (key == nullptr || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) return 0;
  const int bits = EVP_PKEY_get_bits(key);
  return bits > 0 ? static_cast<std::size_t>(bits) : 0;
}

}  // namespace

CertificateFacts certificate_facts(ByteView der) {
  const X509Ptr certificate = parse(der);
  CertificateFacts facts;
  read_subject(certificate.get(), facts);
  read_issuer(certificate.get(), facts);
  facts.not_before = to_wall(X509_get0_notBefore(certificate.get()));
  facts.not_after = to_wall(X509_get0_notAfter(certificate.get()));
  facts.card_type = read_card_type(certificate.get());
  facts.rsa_bits = read_rsa_bits(certificate.get());
  const std::uint32_t usage = X509_get_key_usage(certificate.get());
  if (usage != std::numeric_limits<std::uint32_t>::max()) {  // that value means: no KeyUsage extension
    facts.digital_signature = (usage & KU_DIGITAL_SIGNATURE) != 0;
    facts.non_repudiation = (usage & KU_NON_REPUDIATION) != 0;
  }
  ERR_clear_error();
  return facts;
}

namespace {

void require_usable(const CertificateFacts& facts, Clock::Wall now) {
  if (facts.rsa_bits < kMinRsaBits) refuse("not an RSA key of at least 2048 bits");
  if (now < facts.not_before) refuse("the certificate is not yet valid");
  if (now > facts.not_after) refuse("the certificate has expired");
  if (facts.common_name.empty()) refuse("no common name in the certificate");
}

}  // namespace

void require_signature_certificate(const CertificateFacts& facts, Clock::Wall now) {
  require_usable(facts, now);
  if (!facts.non_repudiation) refuse("not a signature certificate (KeyUsage nonRepudiation)");
}

void require_authentication_certificate(const CertificateFacts& facts, Clock::Wall now) {
  require_usable(facts, now);
  if (!facts.digital_signature || facts.non_repudiation)
    refuse("not an authentication certificate (KeyUsage digitalSignature alone)");
}

std::string_view name_qualifier(const std::optional<CardTypeCode>& type) {
  if (!type) return "CPX";
  switch (*type) {
    case CardTypeCode::CPS:
      return "CPS";
    case CardTypeCode::CPF:
      return "CPF";
    case CardTypeCode::CPE:
      return "CDE-CPE";
    case CardTypeCode::CPA:
      return "CPA";
  }
  return "CPX";
}

}  // namespace insd::insi

namespace insd {

bool signature_verifies(ByteView certificate_der, ByteView message, ByteView signature) {
  if (certificate_der.empty() || certificate_der.size() > insi::kMaxCertificateBytes) return false;
  const unsigned char* position = certificate_der.data();
  const insi::X509Ptr certificate(d2i_X509(nullptr, &position, static_cast<long>(certificate_der.size())));
  EVP_PKEY* key = certificate ? X509_get0_pubkey(certificate.get()) : nullptr;
  const insi::ContextPtr context(EVP_MD_CTX_new());
  const bool good = key != nullptr && context && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
                    EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
                    EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                                     message.size()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace insd
