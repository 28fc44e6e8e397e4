// SPDX-License-Identifier: Apache-2.0
// A PKCS#11 module, loaded. Never in the daemon's own process: insd-token is where this library runs (design:
// signing).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pkcs11/types.h"

namespace insd::pkcs11 {

class Cryptoki;

/// One loaded and initialised module. Blocking; one thread at a time; outlives its TokenSessions.
class Module {
 public:
  /// Checks the file (pkcs11/module_file.h), loads and initialises it. Errors: CPS_MODULE_MISSING,
  /// MODULE_REFUSED, MODULE_FAILED. A module that hangs hangs its caller.
  Module(const std::string& path, ModuleOwner owner);
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// The tokens there are now, their tries fresh from the module. Ends no login. Errors: MODULE_FAILED.
  [[nodiscard]] std::vector<TokenInfo> tokens() const;

  /// The token of exactly this slot, label and serial. Errors: TOKEN_ABSENT (nothing usable there),
  /// CARD_CHANGED (another token).
  [[nodiscard]] TokenInfo token(const TokenRef& ref) const;

  /// For this library only.
  [[nodiscard]] const Cryptoki& cryptoki() const { return *cryptoki_; }

 private:
  class Loaded;
  std::unique_ptr<Loaded> loaded_;
  std::unique_ptr<Cryptoki> cryptoki_;
};

}  // namespace insd::pkcs11
