// SPDX-License-Identifier: Apache-2.0
// The connection to the teleservice whose client key is on a PKCS#11 token: insd-token --role=tls holds both,
// and no module is loaded into the daemon (design: signing).
#pragma once

#include <atomic>
#include <filesystem>
#include <optional>

#include "daemon/config.h"
#include "daemon/insi/transport.h"
#include "daemon/token/child_worker.h"

namespace insd::token {

/// One process, one request at a time, in their order; at most 16 wait: BUSY. The process is started with the
/// first request and after it failed. A module that hangs is ended at its deadline (MODULE_STUCK), one that
/// crashes costs the request it crashed in (MODULE_CRASHED).
///
/// A PIN that was wrong, or of which nobody knows, is never sent again: every later request gets the same
/// error until the configuration or the file of the PIN has changed (a new object).
class TlsProcess final : public insi::Transport {
 public:
  /// `program`: where insd-token is. Throws CONFIG_INVALID for a URI that is none, and for a PIN file that
  /// others may read.
  TlsProcess(const InsiConfig& config, const std::filesystem::path& program,
             pkcs11::ModuleOwner owner = pkcs11::ModuleOwner::ROOT);

  /// Errors beyond those of insi::HttpClient: CPS_MODULE_MISSING, MODULE_*, TOKEN_ABSENT, PIN_*, KEY_*, BUSY.
  boost::asio::awaitable<insi::HttpResponse> post(insi::HttpRequest request, std::stop_token stop) override;
  /// Ends the process, at its next request.
  void drop_connection(const std::string& /*credential*/) override { drop_ = true; }
  void stop() override { worker_.stop(); }

  /// For tests.
  [[nodiscard]] pid_t pid() const { return worker_.pid(); }

 private:
  void set_up(ChildWorker& worker);

  const InsiConfig config_;
  std::atomic<bool> drop_ = false;
  std::optional<Error> refused_;  ///< on the worker: what became of the PIN
  ChildWorker worker_;
};

}  // namespace insd::token
