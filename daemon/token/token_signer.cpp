// SPDX-License-Identifier: Apache-2.0
#include "daemon/token/token_signer.h"

#include <utility>

#include "drivers/base/error.h"

namespace insd::token {

TokenSigner::TokenSigner(std::shared_ptr<TokenProcess> process, pkcs11::TokenRef token, Bytes certificate)
    : process_(std::move(process)), token_(std::move(token)), certificate_(std::move(certificate)) {}

boost::asio::awaitable<Bytes> TokenSigner::sign(Bytes message, std::stop_token stop) {
  if (stop.stop_requested()) throw Error(Code::CANCELLED);
  Bytes signature = co_await process_->sign(token_, pkcs11::KeyUse::SIGNATURE, message);
  if (stop.stop_requested()) throw Error(Code::CANCELLED);
  // A module that succeeds with another key, or with nonsense, stops here.
  if (!signature_verifies(certificate_, message, signature)) throw Error(Code::SIGNATURE_INVALID);
  co_return signature;
}

}  // namespace insd::token
