// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/token_session.h"

#include <optional>

#include "pkcs11/cryptoki.h"
#include "pkcs11/errors.h"
#include "pkcs11/objects.h"
#include "pkcs11/sign.h"

namespace insd::pkcs11 {
namespace {

// The flags count exactly only with a limit of three tries, which a CPS has (specs: cps 1.6); the states that
// are sure for every limit are the last try and none.
std::optional<int> tries_left(const std::optional<TokenInfo>& token) {
  if (token && token->tries == Tries::LOCKED) return 0;
  if (token && token->tries == Tries::FINAL) return 1;
  return std::nullopt;
}

}  // namespace

class TokenSession::Held : public Session {
 public:
  using Session::Session;
};

TokenSession::TokenSession(const Module& module, const TokenRef& ref)
    : module_(module),
      ref_(module.token(ref).ref),
      held_(std::make_unique<Held>(module.cryptoki(), ref.slot)) {}

TokenSession::~TokenSession() {
  keys_ = {};
  if (logged_in_) module_.cryptoki().logout(held_->handle());
}

// A session was open: what is missing now has been taken away.
TokenInfo TokenSession::present_token() const {
  try {
    return module_.token(ref_);
  } catch (const Error& error) {
    if (error.code() != Code::TOKEN_ABSENT) throw;
    throw Error(Code::CARD_REMOVED, error.detail());
  }
}

void TokenSession::login(const SecretString& pin, LastTry last_try) {
  const TokenInfo before = present_token();
  require_pin_form(pin, before);
  attempt(before, last_try, &pin);
}

void TokenSession::login_on_pad(LastTry last_try) {
  const TokenInfo before = present_token();
  if (!before.pin_pad) throw Error(Code::MODULE_FAILED, "the token has no PIN pad any more");
  attempt(before, last_try, nullptr);
}

// Once. Without a PIN: on the pad.
void TokenSession::attempt(const TokenInfo& before, LastTry last_try, const SecretString* pin) {
  const auto& cryptoki = module_.cryptoki();
  if (before.tries == Tries::LOCKED) {
    throw Error(Code::PIN_BLOCKED, "the token's flags say so").with_try(TrySpent::NO, 0);
  }
  if (before.tries == Tries::FINAL && last_try == LastTry::REFUSE) {
    throw Error(Code::PIN_CONSENT_REQUIRED).with_try(TrySpent::NO, 1);
  }
  // A module that believes somebody logged in may answer success without asking the card, and a session from
  // before a removal is dead: both are left behind.
  keys_ = {};
  cryptoki.logout(held_->handle());
  logged_in_ = false;
  held_ = std::make_unique<Held>(cryptoki, ref_.slot);
  const CK_RV rv =
      pin != nullptr ? cryptoki.login(held_->handle(), *pin) : cryptoki.login_on_pad(held_->handle());
  if (rv == CKR_OK) {
    logged_in_ = true;
    return;
  }
  const Error error = login_error(rv);
  std::optional<TokenInfo> after;
  try {
    after = cryptoki.token_info(ref_.slot);
  } catch (const Error&) {
    after.reset();  // the login's own error says more
  }
  // Worse flags than before are proof of a spent try, whatever the code says.
  const bool worse = after && after->ref == ref_ && after->tries > before.tries;
  throw Error(error.code(), error.detail())
      .with_try(worse ? TrySpent::YES : error.try_spent(), tries_left(after));
}

std::vector<Certificate> TokenSession::certificates() const {
  return read_certificates(module_.cryptoki(), held_->handle());
}

std::vector<DataObject> TokenSession::data_objects(std::string_view label_prefix) const {
  return read_data_objects(module_.cryptoki(), held_->handle(), label_prefix);
}

Bytes TokenSession::sign(KeyUse use, ByteView message) {
  if (!logged_in_) throw Error(Code::CARD_ACCESS_DENIED, "nobody is logged in on this token");
  auto& key = keys_[static_cast<std::size_t>(use)];
  try {
    if (!key) key = std::make_unique<SigningKey>(module_.cryptoki(), ref_.slot, use);
    return key->sign(message);
  } catch (...) {
    key.reset();
    throw;
  }
}

}  // namespace insd::pkcs11
