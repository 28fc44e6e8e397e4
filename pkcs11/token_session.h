// SPDX-License-Identifier: Apache-2.0
// A token in use. Thrown away whole on removal, reset or logout: nothing of it survives (platform: PKCS#11).
#pragma once

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "drivers/base/secret.h"
#include "pkcs11/module.h"

namespace insd::pkcs11 {

class SigningKey;

/// One token of one Module, logged in or not. Blocking; the thread of its Module. After CARD_REMOVED,
/// CARD_CHANGED, TOKEN_ABSENT or MODULE_FAILED from any function it is worth nothing: destroy it.
class TokenSession {
 public:
  /// Errors: TOKEN_ABSENT, CARD_CHANGED (another token than `ref` is in the slot), MODULE_FAILED.
  TokenSession(const Module& module, const TokenRef& ref);
  /// Logs out.
  ~TokenSession();
  TokenSession(const TokenSession&) = delete;
  TokenSession& operator=(const TokenSession&) = delete;

  [[nodiscard]] const TokenRef& ref() const { return ref_; }
  [[nodiscard]] bool logged_in() const { return logged_in_; }

  /// Sends the PIN once. Before it: its form (digits only, length within the token's bounds: PIN_MALFORMED),
  /// the token read again and found the one of `ref` (CARD_CHANGED), its flags (PIN_BLOCKED;
  /// PIN_CONSENT_REQUIRED at the last try with LastTry::REFUSE). An earlier login on the token is ended
  /// first, so that a PIN is always judged by the card. Every Error says whether a try was spent: PIN_WRONG
  /// YES.
  void login(const SecretString& pin, LastTry last_try = LastTry::REFUSE);

  /// The same with a PIN that is typed on the reader: it does not pass here. Waits for the person; nothing
  /// ends that but the module. MODULE_FAILED when the token has no such way in (TokenInfo::pin_pad).
  void login_on_pad(LastTry last_try = LastTry::REFUSE);

  [[nodiscard]] std::vector<Certificate> certificates() const;

  /// See pkcs11/objects.h. Those that the PIN protects are there after a login only.
  [[nodiscard]] std::vector<DataObject> data_objects(std::string_view label_prefix) const;

  /// See pkcs11/sign.h. The key is looked for at its first use after login(), and again after an error.
  /// CARD_ACCESS_DENIED without a login.
  [[nodiscard]] Bytes sign(KeyUse use, ByteView message);

 private:
  class Held;
  [[nodiscard]] TokenInfo present_token() const;
  void attempt(const TokenInfo& before, LastTry last_try, const SecretString* pin);

  const Module& module_;
  TokenRef ref_;
  std::unique_ptr<Held> held_;  ///< the session that holds the login
  bool logged_in_ = false;
  std::array<std::unique_ptr<SigningKey>, 2> keys_;  ///< by KeyUse; of this login
};

}  // namespace insd::pkcs11
