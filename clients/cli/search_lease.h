// SPDX-License-Identifier: Apache-2.0
// The login under which a command asks INSi.
#pragma once

#include <optional>
#include <string>

#include "clients/cli/login_dialogue.h"
#include "clients/cli/session.h"

namespace insd::cli {

/// The lease of a search: --lease, else the one kept by `insctl login`, else a login held while the command
/// runs; empty in mode organisation. Throws Failure LEASE_REQUIRED when nobody can be asked for a PIN.
class SearchLease {
 public:
  explicit SearchLease(Session& session) : session_(session) {
    if (session.client.info().insi_mode() == v1::INSI_MODE_ORGANISATION) return;
    token_ = session.options.lease;
    if (!token_.empty()) return;
    if (const auto stored = session.lease_file.load()) {
      token_ = *stored;
      stored_ = true;
      return;
    }
    if (!can_ask_for_pin(session)) {
      throw Failure("LEASE_REQUIRED", session.say(Word::NOT_LOGGED_IN),
                    session.say(Word::NOT_LOGGED_IN_REMEDY));
    }
    held_.emplace(session, session.options.cps_reader, LoginForm::HELD);
    token_ = held_->lease().lease();
  }

  [[nodiscard]] const std::string& token() const { return token_; }

  /// Generations the search must still find: that of the held login.
  template <typename Request>
  void expect(Request& request) const {
    if (held_) request.add_expected_generations(held_->lease().generation());
  }

  /// A kept login that has ended is forgotten, so that the next command can ask for a new one.
  void forget_if_ended(const Failure& failure) const {
    const auto& code = failure.detail().code();
    if (stored_ && (code == "LEASE_INVALID" || code == "LEASE_LOST")) session_.lease_file.remove();
  }

 private:
  Session& session_;
  std::string token_;
  bool stored_ = false;
  std::optional<Login> held_;
};

}  // namespace insd::cli
