// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/insi/test_pki.h"

#include <stdexcept>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

namespace insd::test {
namespace {

void require(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(what);
}

void set_name(X509_NAME* name, const std::vector<Rdn>& rdns) {
  for (const Rdn& rdn : rdns) {
    int set = 0;  // 0 begins an RDN, -1 adds to the one before
    for (const auto& [type, value] : rdn) {
      require(X509_NAME_add_entry_by_txt(name, type.c_str(), MBSTRING_UTF8,
                                         reinterpret_cast<const unsigned char*>(value.data()),
                                         static_cast<int>(value.size()), -1, set) == 1,
              "name entry");
      set = -1;
    }
  }
}

void add_extension(X509* certificate, int nid, const std::string& value) {
  if (value.empty()) return;
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  require(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, "extension");
  X509_EXTENSION_free(extension);
}

void add_card_type(X509* certificate, const Bytes& der) {
  ASN1_OBJECT* oid = OBJ_txt2obj("1.2.250.1.71.1.2.2", 1);
  ASN1_OCTET_STRING* octets = ASN1_OCTET_STRING_new();
  ASN1_OCTET_STRING_set(octets, der.data(), static_cast<int>(der.size()));
  X509_EXTENSION* extension = X509_EXTENSION_create_by_OBJ(nullptr, oid, 0, octets);
  require(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, "card type");
  X509_EXTENSION_free(extension);
  ASN1_OCTET_STRING_free(octets);
  ASN1_OBJECT_free(oid);
}

}  // namespace

Key rsa_key(unsigned bits) {
  Key key(EVP_RSA_gen(bits));
  require(key != nullptr, "rsa key");
  return key;
}

EVP_PKEY* shared_key() {
  static const Key key = rsa_key();
  return key.get();
}

Key ec_key() {
  Key key(EVP_EC_gen("P-256"));
  require(key != nullptr, "ec key");
  return key;
}

Certificate make_certificate(const CertificateSpec& spec, EVP_PKEY* subject_key, EVP_PKEY* issuer_key) {
  static long serial = 1;
  // Names of 10 kB are part of the tests: OpenSSL's own limits are not.
  static const bool unlimited = [] {
    for (const int nid : {NID_commonName, NID_surname, NID_givenName, NID_title, NID_organizationName})
      ASN1_STRING_TABLE_add(nid, 1, 1 << 20, DIRSTRING_TYPE, 0);
    return true;
  }();
  (void)unlimited;
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), spec.from_seconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), spec.to_seconds);
  set_name(X509_get_subject_name(certificate.get()), spec.subject);
  set_name(X509_get_issuer_name(certificate.get()), spec.issuer);
  require(X509_set_pubkey(certificate.get(), subject_key) == 1, "public key");
  add_extension(certificate.get(), NID_basic_constraints, spec.basic_constraints);
  add_extension(certificate.get(), NID_key_usage, spec.key_usage);
  add_extension(certificate.get(), NID_ext_key_usage, spec.extended_key_usage);
  add_extension(certificate.get(), NID_subject_alt_name, spec.alternative_names);
  if (spec.card_type_der) add_card_type(certificate.get(), *spec.card_type_der);
  require(X509_sign(certificate.get(), issuer_key, EVP_sha256()) > 0, "sign");
  return certificate;
}

Bytes to_der(const X509* certificate) {
  unsigned char* data = nullptr;
  const int length = i2d_X509(certificate, &data);
  require(length > 0, "to_der");
  Bytes der(data, data + length);
  OPENSSL_free(data);
  return der;
}

std::string to_pem(const X509* certificate) {
  BIO* out = BIO_new(BIO_s_mem());
  require(PEM_write_bio_X509(out, certificate) == 1, "to_pem");
  char* text = nullptr;
  const long length = BIO_get_mem_data(out, &text);
  std::string pem(text, static_cast<std::size_t>(length));
  BIO_free(out);
  return pem;
}

Bytes rsa_sha256(EVP_PKEY* key, ByteView message) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  std::size_t length = 0;
  Bytes signature;
  bool ok = EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key) == 1 &&
            EVP_DigestSign(context, nullptr, &length, message.data(), message.size()) == 1;
  if (ok) {
    signature.resize(length);
    ok = EVP_DigestSign(context, signature.data(), &length, message.data(), message.size()) == 1;
    signature.resize(length);
  }
  EVP_MD_CTX_free(context);
  require(ok, "rsa_sha256");
  return signature;
}

}  // namespace insd::test
