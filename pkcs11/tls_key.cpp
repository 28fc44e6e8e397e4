// SPDX-License-Identifier: Apache-2.0
#define OPENSSL_SUPPRESS_DEPRECATED  // RSA_METHOD is how OpenSSL 3 takes a key that is elsewhere without a
                                     // provider
#include "pkcs11/tls_key.h"

#include <algorithm>
#include <utility>

#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "pkcs11/cryptoki.h"
#include "pkcs11/errors.h"
#include "pkcs11/objects.h"

namespace insd::pkcs11 {
namespace {

constexpr std::size_t kMaxAttributeBytes = 256;

int key_index() {
  static const int index = RSA_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// OpenSSL hands over a DigestInfo (PKCS#1 v1.5), or a block that it has padded itself (PSS).
int private_encrypt(int length, const unsigned char* from, unsigned char* to, RSA* rsa, int padding) {
  auto* key = static_cast<TlsKey*>(RSA_get_ex_data(rsa, key_index()));
  try {
    if (key == nullptr || length <= 0 || (padding != RSA_PKCS1_PADDING && padding != RSA_NO_PADDING)) {
      throw Error(Code::KEY_UNSUPPORTED, "a padding that the token does not do");
    }
    const Bytes signature =
        key->sign(ByteView(from, static_cast<std::size_t>(length)), padding == RSA_NO_PADDING);
    if (signature.size() != static_cast<std::size_t>(RSA_size(rsa))) {
      lied("C_Sign", "not the length of the key's signatures");
    }
    std::copy(signature.begin(), signature.end(), to);
    return static_cast<int>(signature.size());
  } catch (const Error& error) {
    if (key != nullptr) key->keep_failure(error);
  } catch (...) {
    if (key != nullptr) key->keep_failure(Error(Code::INTERNAL, "a signature for TLS"));
  }
  return -1;
}

const RSA_METHOD* method() {
  static RSA_METHOD* const made = [] {
    RSA_METHOD* copy = RSA_meth_dup(RSA_get_default_method());
    RSA_meth_set1_name(copy, "PKCS#11");
    RSA_meth_set_flags(copy, 0);
    RSA_meth_set_priv_enc(copy, private_encrypt);
    return copy;
  }();
  return made;
}

// A key of OpenSSL's with the public half of the certificate and our private operation.
EVP_PKEY* make_key(const Bytes& certificate_der, TlsKey* owner) {
  const unsigned char* position = certificate_der.data();
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      d2i_X509(nullptr, &position, static_cast<long>(certificate_der.size())), &X509_free);
  const std::unique_ptr<RSA, decltype(&RSA_free)> of_certificate(
      certificate ? EVP_PKEY_get1_RSA(X509_get0_pubkey(certificate.get())) : nullptr, &RSA_free);
  if (!of_certificate) throw Error(Code::KEY_UNSUPPORTED, "the certificate's key is not RSA");
  std::unique_ptr<RSA, decltype(&RSA_free)> rsa(RSA_new(), &RSA_free);
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_PKEY_new(), &EVP_PKEY_free);
  if (!rsa || !key) throw Error(Code::INTERNAL, "out of memory");
  RSA_set0_key(rsa.get(), BN_dup(RSA_get0_n(of_certificate.get())), BN_dup(RSA_get0_e(of_certificate.get())),
               nullptr);
  RSA_set_method(rsa.get(), method());
  RSA_set_flags(rsa.get(), RSA_FLAG_EXT_PKEY);
  RSA_set_ex_data(rsa.get(), key_index(), owner);
  if (EVP_PKEY_assign_RSA(key.get(), rsa.get()) != 1) throw Error(Code::INTERNAL, "out of memory");
  static_cast<void>(rsa.release());
  return key.release();
}

TokenInfo token_named(const Module& module, const TokenUri& uri) {
  std::optional<TokenInfo> found;
  for (auto& info : module.tokens()) {
    if (!uri.names(info)) continue;
    if (found) throw Error(Code::TOKEN_ABSENT, "several tokens fit insi.organisation.pkcs11_uri");
    found = std::move(info);
  }
  if (!found) throw Error(Code::TOKEN_ABSENT, "no token fits insi.organisation.pkcs11_uri");
  return *std::move(found);
}

void log_in(const Cryptoki& cryptoki, CK_SESSION_HANDLE session, const SecretString& pin,
            const TokenInfo& token) {
  if (token.tries == Tries::LOCKED) throw Error(Code::PIN_BLOCKED).with_try(TrySpent::NO, 0);
  if (token.tries == Tries::FINAL) throw Error(Code::PIN_CONSENT_REQUIRED).with_try(TrySpent::NO, 1);
  // The token's own bounds are believed only as far as they spare a try.
  const bool bounds = token.pin_max_length >= token.pin_min_length && token.pin_max_length > 0;
  if (bounds && (pin.size() < token.pin_min_length || pin.size() > token.pin_max_length)) {
    throw Error(Code::PIN_MALFORMED, "not as long as the token says").with_try(TrySpent::NO);
  }
  const CK_RV rv = cryptoki.login(session, pin);
  if (rv != CKR_OK && rv != CKR_USER_ALREADY_LOGGED_IN) throw login_error(rv);
}

bool has(const Cryptoki& cryptoki, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
         const std::optional<std::string>& wanted) {
  if (!wanted) return true;
  const auto value = cryptoki.attribute(session, object, type, kMaxAttributeBytes);
  return value && std::equal(value->begin(), value->end(), wanted->begin(), wanted->end(),
                             [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); });
}

}  // namespace

class TlsKey::Held {
 public:
  Held(const Cryptoki& cryptoki, const TokenInfo& token, const TokenUri& uri, const SecretString& pin,
       const Bytes& certificate)
      : cryptoki_(cryptoki), session_(cryptoki, token.ref.slot) {
    if (!pin.empty()) log_in(cryptoki, session_.handle(), pin, token);
    logged_in_ = !pin.empty();
    Certificate named;
    named.der = certificate;
    if (uri.id) named.id = Bytes(uri.id->begin(), uri.id->end());
    object_ = find_private_key(cryptoki, session_.handle(), named).handle;
    if (!has(cryptoki, session_.handle(), object_, CKA_LABEL, uri.object) ||
        !has(cryptoki, session_.handle(), object_, CKA_ID, uri.id)) {
      throw Error(Code::KEY_NOT_FOUND, "the certificate's key is not the one that the URI names");
    }
  }
  ~Held() {
    if (logged_in_) cryptoki_.logout(session_.handle());
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

  [[nodiscard]] Bytes sign(ByteView block, bool padded) const {
    return cryptoki_.sign(session_.handle(), object_, padded ? CKM_RSA_X_509 : CKM_RSA_PKCS, block);
  }

 private:
  const Cryptoki& cryptoki_;
  Session session_;
  CK_OBJECT_HANDLE object_ = 0;
  bool logged_in_ = false;
};

TlsKey::TlsKey(const Module& module, const TokenUri& uri, const SecretString& pin, const Bytes& certificate) {
  const TokenInfo token = token_named(module, uri);
  held_ = std::make_unique<Held>(module.cryptoki(), token, uri, pin, certificate);
  signs_padded_ = module.cryptoki().signs_with(token.ref.slot, CKM_RSA_X_509);
  key_ = make_key(certificate, this);
}

TlsKey::~TlsKey() {
  EVP_PKEY_free(key_);
}

std::optional<Error> TlsKey::take_failure() {
  const std::lock_guard lock(mutex_);
  return std::exchange(failure_, std::nullopt);
}

Bytes TlsKey::sign(ByteView block, bool padded) const {
  return held_->sign(block, padded);
}

void TlsKey::keep_failure(const Error& error) {
  const std::lock_guard lock(mutex_);
  failure_ = error;
}

}  // namespace insd::pkcs11
