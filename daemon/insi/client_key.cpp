// SPDX-License-Identifier: Apache-2.0
#include "daemon/insi/client_key.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>

#include "daemon/keys/private_file.h"
#include "drivers/base/error.h"

namespace insd::insi {
namespace {

using Pkcs12Ptr = std::unique_ptr<PKCS12, Deleter<PKCS12_free>>;

constexpr const char* kFileKey = "insi.organisation.pkcs12";
constexpr const char* kPassphraseKey = "insi.organisation.passphrase_file";
// A certificate, its two authorities and a key of 4096 bits take some 8 kB.
constexpr std::size_t kMaxFileBytes = 256U * 1024;
constexpr int kMaxIssuers = 8;

[[noreturn]] void refuse(const char* key, const std::string& why) {
  ERR_clear_error();
  throw Error(Code::CONFIG_INVALID, std::string(key) + ": " + why);
}

// As OpenSSL wants it: ended by a NUL byte; wiped.
class Passphrase {
 public:
  explicit Passphrase(const std::filesystem::path& file) {
    if (file.empty()) return;
    const SecretString secret = keys::read_secret_file(file, kPassphraseKey);
    std::memcpy(text_.data(), secret.view().data(), secret.size());
    size_ = static_cast<int>(secret.size());
  }
  Passphrase(const Passphrase&) = delete;
  Passphrase& operator=(const Passphrase&) = delete;
  ~Passphrase() { wipe(text_.data(), text_.size()); }
  [[nodiscard]] const char* text() const { return text_.data(); }
  [[nodiscard]] int size() const { return size_; }

 private:
  std::array<char, SecretString::kCapacity + 1> text_{};
  int size_ = 0;
};

Pkcs12Ptr read_pkcs12(const std::filesystem::path& file) {
  const Bytes content = keys::read_private_file(file, kFileKey, kMaxFileBytes);
  const unsigned char* position = content.data();
  Pkcs12Ptr parsed(d2i_PKCS12(nullptr, &position, static_cast<long>(content.size())));
  if (!parsed) refuse(kFileKey, "is not a PKCS#12 file");
  return parsed;
}

}  // namespace

ClientKey load_pkcs12(const OrganisationConfig& config) {
  const Pkcs12Ptr file = read_pkcs12(config.pkcs12);
  const Passphrase passphrase(config.passphrase_file);
  // "No passphrase" has two writings.
  const bool right = PKCS12_mac_present(file.get()) == 0 ||
                     PKCS12_verify_mac(file.get(), passphrase.text(), passphrase.size()) == 1 ||
                     (passphrase.size() == 0 && PKCS12_verify_mac(file.get(), nullptr, 0) == 1);
  if (!right) {
    refuse(config.passphrase_file.empty() ? kFileKey : kPassphraseKey,
           config.passphrase_file.empty() ? "needs a passphrase (insi.organisation.passphrase_file)"
                                          : "is not the passphrase of the PKCS#12 file");
  }
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
  STACK_OF(X509)* others = nullptr;
  const int parsed = PKCS12_parse(file.get(), passphrase.text(), &key, &certificate, &others);
  ClientKey result;
  result.key.reset(key);
  result.certificate.reset(certificate);
  for (int i = 0; i < sk_X509_num(others); ++i) result.issuers.emplace_back(sk_X509_value(others, i));
  sk_X509_free(others);
  if (parsed != 1) {
    refuse(kFileKey,
           "its contents cannot be decrypted: write it again with today's encryption (openssl pkcs12 "
           "-legacy, then "
           "-export)");
  }
  if (!result.key || !result.certificate) refuse(kFileKey, "holds no certificate with its private key");
  if (result.issuers.size() > kMaxIssuers) refuse(kFileKey, "holds too many certificates");
  return result;
}

ClientKey load_certificates(const std::filesystem::path& file) {
  constexpr const char* kKey = "insi.organisation.certificate";
  const BioPtr in(BIO_new_file(file.c_str(), "r"));
  ClientKey result;
  if (in) result.certificate.reset(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
  if (!result.certificate) refuse(kKey, "no PEM certificate can be read from the file");
  while (X509* issuer = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)) {
    result.issuers.emplace_back(issuer);
    if (result.issuers.size() > kMaxIssuers) refuse(kKey, "holds too many certificates");
  }
  ERR_clear_error();
  return result;
}

Bytes to_der(const X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  if (size <= 0) throw Error(Code::INTERNAL, "a certificate that cannot be written");
  Bytes bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

CertificateFacts organisation_facts(const X509* certificate, InsiEnvironment environment) {
  constexpr const char* kKey = "insi.organisation";
  CertificateFacts facts;
  try {
    facts = certificate_facts(to_der(certificate));
  } catch (const Error& error) {
    refuse(kKey, "the certificate: " + error.detail());
  }
  if (!facts.digital_signature) {
    refuse(kKey,
           "the certificate's key usage is not digitalSignature: INSi takes the one for client "
           "authentication (AUTH_CLI)");
  }
  auto* own = const_cast<X509*>(certificate);  // OpenSSL caches extensions in it
  if ((X509_get_extended_key_usage(own) & XKU_SSL_CLIENT) == 0) {
    refuse(kKey,
           "the certificate's extended key usage is not clientAuth: INSi takes the one for client "
           "authentication (AUTH_CLI)");
  }
  if (facts.organisation_unit.empty()) {
    refuse(kKey, "the certificate's subject has not exactly one OU (the structure's id)");
  }
  // What the service itself would refuse with desir_560 (specs: insi 3.4).
  if (facts.common_name != "INSI-AUTO" && facts.common_name != "INSI-MANU") {
    throw Error(Code::ORGANISATION_CERTIFICATE_NAME, "CN " + facts.common_name);
  }
  if (facts.test_pki && environment == InsiEnvironment::PRODUCTION) {
    refuse(kKey, "a certificate of the test authorities, and insi.environment is production");
  }
  return facts;
}

void require_valid(const CertificateFacts& organisation, Clock::Wall now) {
  if (now < organisation.not_before) throw Error(Code::ORGANISATION_CERTIFICATE_INVALID, "not valid yet");
  if (now > organisation.not_after) throw Error(Code::ORGANISATION_CERTIFICATE_INVALID, "expired");
}

}  // namespace insd::insi
