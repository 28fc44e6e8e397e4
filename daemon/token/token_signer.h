// SPDX-License-Identifier: Apache-2.0
// The Signer whose key is on a PKCS#11 token (design: signing).
#pragma once

#include <memory>

#include "daemon/insi/signer.h"
#include "daemon/token/token_process.h"

namespace insd::token {

/// Signs with the SIGNATURE key of one token on which login() has succeeded.
class TokenSigner final : public Signer {
 public:
  /// `certificate` is the token's signature certificate: pkcs11::choose_certificate() of
  /// TokenProcess::certificates().
  TokenSigner(std::shared_ptr<TokenProcess> process, pkcs11::TokenRef token, Bytes certificate);

  /// Errors: those of TokenProcess::sign(), CARD_ACCESS_DENIED when the login has ended, SIGNATURE_INVALID,
  /// CANCELLED.
  boost::asio::awaitable<Bytes> sign(Bytes message, std::stop_token stop) override;
  [[nodiscard]] const Bytes& certificate() const override { return certificate_; }

 private:
  const std::shared_ptr<TokenProcess> process_;
  const pkcs11::TokenRef token_;
  const Bytes certificate_;
};

}  // namespace insd::token
