// SPDX-License-Identifier: Apache-2.0
// The ways to one RSA signature by a SoftHSM token that are measured side by side.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "drivers/base/bytes.h"
#include "pkcs11/cryptoki.h"
#include "pkcs11/types.h"

namespace insd::bench {

/// A PKCS#11 module in this process, one token of it logged in.
class InProcess {
 public:
  /// The module of SoftHSM, or p11-kit's client of a server: whatever is at `path`.
  InProcess(const std::string& path, const std::string& label, const std::string& pin);
  ~InProcess();
  InProcess(const InProcess&) = delete;
  InProcess& operator=(const InProcess&) = delete;

  /// C_SignInit and C_Sign in a session and with a key that were kept: the least that a signature takes.
  Bytes sign_kept(ByteView message) const;
  /// What insd-token does for the first signature after a login: a session, certificate and key looked for.
  Bytes sign_afresh(ByteView message) const;
  /// Logs out and in again.
  void log_in_again() const;

 private:
  class Loaded;
  std::unique_ptr<Loaded> loaded_;
};

/// Resident and proportional memory of one process, in kB; proportional 0 where the kernel does not say.
struct Memory {
  long resident = 0, proportional = 0;
};
Memory memory_of(int pid);
/// The processes that `pid` has started.
std::vector<int> children_of(int pid);

}  // namespace insd::bench
