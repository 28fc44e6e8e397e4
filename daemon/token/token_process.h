// SPDX-License-Identifier: Apache-2.0
// The async face of pkcs11/: one insd-token per module, started when it is needed, started again after it
// failed. The module is never loaded into this process (design: signing; T-P11-01, T-P11-04).
#pragma once

#include <atomic>
#include <memory>
#include <stop_token>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "daemon/token/child.h"

namespace insd::token {

/// One module's tokens. Each function runs on a worker thread of the object, one after the other, and resumes
/// its caller on the caller's executor, which must outlive this object. At most 16 calls wait: BUSY.
///
/// A module that hangs is ended at its deadline (MODULE_STUCK), one that crashes costs the call it crashed in
/// (MODULE_CRASHED); the next call starts a new process. Every login of the module has then ended: sign()
/// throws CARD_ACCESS_DENIED until the next login().
class TokenProcess {
 public:
  explicit TokenProcess(ChildOptions options);
  /// Logs out everywhere and ends the process; a call under way ends with MODULE_CRASHED. Takes at most the
  /// end deadline.
  ~TokenProcess();
  TokenProcess(const TokenProcess&) = delete;
  TokenProcess& operator=(const TokenProcess&) = delete;

  /// Ends the process; whatever is asked from now on is SHUTTING_DOWN. Takes at most the end deadline. To be
  /// called where the callers' executor does not run any more, or outlives what still waits.
  void stop();

  [[nodiscard]] bool stopped() const;

  /// Ends the process, which lets go of every card; the next call starts a new one. Every login has then
  /// ended.
  boost::asio::awaitable<void> let_go();

  /// The tokens there are now. Ends no login. Errors of all five: CPS_MODULE_MISSING, MODULE_REFUSED,
  /// MODULE_STUCK, MODULE_CRASHED, MODULE_FAILED, BUSY.
  boost::asio::awaitable<std::vector<pkcs11::TokenInfo>> list_tokens();

  /// pkcs11::TokenSession::login() in the child. Every Error says whether a try was spent; a process that
  /// ended meanwhile: UNKNOWN.
  boost::asio::awaitable<void> login(pkcs11::TokenRef token, SecretString pin,
                                     pkcs11::LastTry last_try = pkcs11::LastTry::REFUSE);

  /// pkcs11::TokenSession::login_on_pad() in the child: no PIN passes here. Nothing takes the question back
  /// from the reader; other calls wait meanwhile. `asked` becomes true before it is sent; with `stop`
  /// requested by then it is not: CANCELLED.
  boost::asio::awaitable<void> login_on_pad(pkcs11::TokenRef token, pkcs11::LastTry last_try,
                                            std::stop_token stop, std::shared_ptr<std::atomic<bool>> asked);

  /// Nothing happens when nobody is logged in, or when there is no process.
  boost::asio::awaitable<void> logout(pkcs11::TokenRef token);

  /// Needs no login on a CPS. Errors also: TOKEN_ABSENT, CARD_CHANGED.
  boost::asio::awaitable<std::vector<pkcs11::Certificate>> certificates(pkcs11::TokenRef token);

  /// pkcs11::read_data_objects() in the child. `with_protected`: also those behind the PIN;
  /// CARD_ACCESS_DENIED without a login.
  boost::asio::awaitable<std::vector<pkcs11::DataObject>> data_objects(pkcs11::TokenRef token,
                                                                       std::string label_prefix,
                                                                       bool with_protected);

  /// pkcs11::TokenSession::sign() in the child. The value is not verified here: its user does, before
  /// it goes anywhere. An Error says when a signature may have been made all the same; a process that ended
  /// meanwhile does.
  boost::asio::awaitable<Bytes> sign(pkcs11::TokenRef token, pkcs11::KeyUse use, Bytes message);

  /// The running child's process id, or -1. Any thread; for display and tests.
  [[nodiscard]] pid_t pid() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace insd::token
