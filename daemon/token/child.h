// SPDX-License-Identifier: Apache-2.0
// One insd-token process as its parent sees it: started, asked, ended. Blocking; each wait has a deadline.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <sys/types.h>

#include "daemon/token/frames.h"
#include "daemon/token/role.h"
#include "daemon/token/token.pb.h"
#include "pkcs11/types.h"

namespace insd::token {

struct ChildOptions {
  Role role = Role::SIGN;
  std::string executable;                ///< absolute path of insd-token
  std::string module;                    ///< absolute path of the PKCS#11 module
  std::vector<std::string> environment;  ///< "NAME=value"; the child gets these and glibc's own
  pkcs11::ModuleOwner owner = pkcs11::ModuleOwner::ROOT;
  // A CPS needs up to a second for a signature and the ANS module some fifty exchanges around it (specs:
  // cps 1.8).
  std::chrono::milliseconds start_deadline{10'000};  ///< from the start to "module loaded"
  std::chrono::milliseconds call_deadline{15'000};
  std::chrono::milliseconds pad_deadline{135'000};  ///< of a login that waits for a person at the PIN pad
  std::chrono::milliseconds end_deadline{2'000};    ///< to log out before it is killed
};

class Child {
 public:
  /// Starts the process. Call it on a thread that lives as long as the object: the child ends with the thread
  /// that started it (PR_SET_PDEATHSIG). Throws INTERNAL when it cannot be started.
  explicit Child(const ChildOptions& options);
  /// Closes the socket, so that the child logs out; kills it after the end deadline.
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Returns when the module is loaded. Errors: those of pkcs11::Module, MODULE_STUCK, MODULE_CRASHED; the
  /// process has then ended.
  void wait_until_ready();

  /// One question, one answer; `pin` follows a LoginRequest (but not one on the pad) or a TlsSetupRequest. An
  /// answer in several packets comes back as one, of at most insi::kMaxBodyBytes. Throws the child's own
  /// errors; after MODULE_STUCK, MODULE_CRASHED and INTERNAL the process has ended and usable() is false.
  wire::Answer ask(const wire::Request& request, const SecretString* pin = nullptr);

  [[nodiscard]] bool usable() const { return socket_ >= 0; }

  // Any thread, while the object lives.
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Makes a waiting ask() return.
  void kill() const noexcept;

 private:
  wire::Answer receive(std::uint64_t id, Deadline deadline);
  [[noreturn]] void fail(Traffic traffic);
  [[noreturn]] void nonsense();
  std::string end(std::chrono::milliseconds patience) noexcept;

  const Role role_;
  const std::chrono::milliseconds start_deadline_, call_deadline_, pad_deadline_, end_deadline_;
  int socket_ = -1;   ///< -1: ended, or ending
  int process_ = -1;  ///< pidfd; kept to the end, so that kill() never hits another process
  pid_t pid_ = -1;
};

}  // namespace insd::token
