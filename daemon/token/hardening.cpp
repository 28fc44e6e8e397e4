// SPDX-License-Identifier: Apache-2.0
#include "daemon/token/hardening.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <vector>

#include <malloc.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "drivers/base/error.h"

namespace insd::token {
namespace {

void require(bool done, const char* what) {
  if (!done) throw Error(Code::INTERNAL, what);
}

// A card's module talks to pcscd and to nobody else; role TLS to the teleservice, too. io_uring could make
// sockets behind the filter's back.
void restrict_system_calls(Role role) {
  const std::unique_ptr<void, void (*)(scmp_filter_ctx)> filter(seccomp_init(SCMP_ACT_ALLOW),
                                                                &seccomp_release);
  require(filter != nullptr, "seccomp is not available");
  constexpr auto no_family = SCMP_ACT_ERRNO(EAFNOSUPPORT);
  constexpr auto denied = SCMP_ACT_ERRNO(EPERM);
  // The filter lets pass what no rule names, so each family that is refused is named, or its range.
  std::vector<std::vector<scmp_arg_cmp>> refused;
  if (role == Role::TLS) {
    static_assert(AF_UNIX == 1 && AF_INET == 2 && AF_INET6 == 10);
    for (unsigned family = 0; family < AF_INET6; ++family) {
      if (family != AF_UNIX && family != AF_INET) refused.push_back({SCMP_A0(SCMP_CMP_EQ, family)});
    }
    refused.push_back({SCMP_A0(SCMP_CMP_GT, AF_INET6)});
  } else {
    refused.push_back({SCMP_A0(SCMP_CMP_NE, AF_UNIX)});
  }
  for (const auto& families : refused) {
    for (const int call : {SCMP_SYS(socket), SCMP_SYS(socketpair)}) {
      require(seccomp_rule_add_array(filter.get(), no_family, call, 1, families.data()) == 0,
              "seccomp refuses the socket rule");
    }
  }
  constexpr std::array forbidden = {SCMP_SYS(io_uring_setup), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
                                    SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_getfd)};
  for (const int call : forbidden) {
    require(seccomp_rule_add(filter.get(), denied, call, 0) == 0, "seccomp refuses a rule");
  }
  require(seccomp_load(filter.get()) == 0, "seccomp refuses the filter");
}

}  // namespace

void harden(Role role) {
  // A module that frees a copy of the PIN does not leave it behind (platform: more traps). Any byte but zero;
  // refused only where another allocator has taken glibc's place (AddressSanitizer).
  static_cast<void>(mallopt(M_PERTURB, 0xA5));
  const rlimit no_core{0, 0};
  require(setrlimit(RLIMIT_CORE, &no_core) == 0, "RLIMIT_CORE");
  require(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "PR_SET_PDEATHSIG");
  require(prctl(PR_SET_DUMPABLE, 0) == 0, "PR_SET_DUMPABLE");
  require(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "PR_SET_NO_NEW_PRIVS");
  restrict_system_calls(role);
}

}  // namespace insd::token
