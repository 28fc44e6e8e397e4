// SPDX-License-Identifier: Apache-2.0
// A private key on a token as OpenSSL's TLS uses it. Not by libp11's engine: that calls PKCS11_update_slots,
// which crashes (platform: PKCS#11), knows no bounds on what a module answers, and may send a PIN a second
// time.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include <openssl/evp.h>

#include "drivers/base/error.h"
#include "drivers/base/secret.h"
#include "pkcs11/module.h"
#include "pkcs11/token_uri.h"

namespace insd::pkcs11 {

/// Logged in for its whole life, which ends before the Module's. Made on one thread, used on another: one at
/// a time.
class TlsKey {
 public:
  /// The key of `certificate` (X.509 DER, RSA) on the one token that `uri` names. `pin` empty: no login. The
  /// PIN is sent once at most, and not at all when the token says that this try is the last
  /// (PIN_CONSENT_REQUIRED). Errors also: TOKEN_ABSENT (none, or several tokens), PIN_*, KEY_NOT_FOUND,
  /// KEY_UNSUPPORTED, CARD_REMOVED, MODULE_FAILED. Every Error says whether a try was spent.
  TlsKey(const Module& module, const TokenUri& uri, const SecretString& pin, const Bytes& certificate);
  ~TlsKey();
  TlsKey(const TlsKey&) = delete;
  TlsKey& operator=(const TlsKey&) = delete;

  /// Owned by this object, which must outlive every use.
  [[nodiscard]] EVP_PKEY* key() const { return key_; }

  /// The token signs what OpenSSL has padded (CKM_RSA_X_509), which RSA-PSS and so TLS 1.3 need; else PKCS#1
  /// v1.5 and TLS 1.2 only.
  [[nodiscard]] bool signs_padded() const { return signs_padded_; }

  /// Why a signature failed, once: OpenSSL does not tell.
  std::optional<Error> take_failure();

  /// For OpenSSL's callback: PKCS#1 v1.5 around `block`, or `block` as it is. Throws.
  [[nodiscard]] Bytes sign(ByteView block, bool padded) const;
  void keep_failure(const Error& error);

 private:
  class Held;
  std::unique_ptr<Held> held_;
  EVP_PKEY* key_ = nullptr;
  bool signs_padded_ = false;
  std::mutex mutex_;
  std::optional<Error> failure_;
};

}  // namespace insd::pkcs11
