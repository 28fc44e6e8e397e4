// SPDX-License-Identifier: Apache-2.0
// The caller's side of ProfessionalService.Login: shows card, holder and tries left, asks for the consent and
// the PIN, answers each question once (the PIN law: software never tries again).
#pragma once

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <sys/eventfd.h>

#include "clients/cli/descriptor.h"
#include "clients/cli/pin.h"
#include "clients/cli/pinentry.h"
#include "clients/cli/session.h"

namespace insd::cli {

enum class LoginForm { HELD, DETACHED };

/// A login. A held one lives as long as the object; a detached one outlives it.
class Login {
 public:
  /// Runs the dialogue. `reader`: name or alias, empty for the only professional card. PIN and consent are
  /// asked for by a pinentry program where there is one and a display or a terminal to show it on, else on
  /// the terminal. Throws Failure; UsageError when a PIN or consent is needed and neither they nor
  /// --pin-stdin /
  /// --accept-last-try can give it (then the question was cancelled: no try is spent).
  Login(Session& session, const std::string& reader, LoginForm form);
  ~Login();
  Login(const Login&) = delete;
  Login& operator=(const Login&) = delete;

  [[nodiscard]] const v1::Lease& lease() const { return lease_; }

 private:
  void run(const std::string& reader);
  void answer(const v1::LoginPrompt& prompt);
  void show(const v1::LoginPrompt& prompt);
  void answer_consent(const v1::LoginPrompt& prompt);
  void answer_pin(const v1::LoginPrompt& prompt);
  [[nodiscard]] std::vector<std::string> in_words(const v1::LoginPrompt& prompt) const;
  [[nodiscard]] PinentryTerminal terminal() const;
  [[nodiscard]] PinentryQuestion question(const v1::LoginPrompt& prompt);
  [[nodiscard]] bool pinentry_has_failed(const v1::LoginPrompt& prompt, PinentryAnswer answer);
  /// Nothing: the daemon wants no answer any more, its next word says why.
  std::optional<bool> ask_consent(const v1::LoginPrompt& prompt);
  PinRead ask_pin(const v1::LoginPrompt& prompt, PinBuffer& pin);
  [[noreturn]] void cancelled(const v1::LoginPrompt& prompt);
  [[noreturn]] void fail();
  void cancel(const v1::LoginPrompt& prompt);
  /// While a person is asked, the daemon may have something to say: its next word is read meanwhile.
  void listen();
  bool read(v1::LoginResponse& response);
  void let_go();  ///< reads to the end of the stream, without cancelling it
  void abandon() noexcept;

  Session& session_;
  LoginForm form_;
  std::string pinentry_;  // the program; empty: not through one
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::LoginRequest, v1::LoginResponse>> stream_;
  const Descriptor word_came_{::eventfd(0, EFD_CLOEXEC)};  // can be read once `next_` is there
  std::optional<v1::LoginResponse> next_;
  std::thread listener_;  // reads next_
  v1::Lease lease_;
  std::string shown_card_;
  bool pin_given_ = false;
  bool open_ = true;
};

/// Is there anything that a PIN can come from? Throws UsageError for a --pinentry that cannot be run.
bool can_ask_for_pin(const Session& session);

/// "il reste 2 essais", "il reste 1 essai", or that the PIN is blocked.
std::string tries_in_words(Language language, int tries_left);

}  // namespace insd::cli
