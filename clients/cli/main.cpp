// SPDX-License-Identifier: Apache-2.0
// insctl: the command line of insd.
#include <csignal>
#include <cstdlib>
#include <iostream>

#include <malloc.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "clients/cli/run.h"

int main(int argc, char** argv) {
  // First of all: memory that is freed is overwritten, because gRPC's own buffers keep a copy of a PIN that
  // was sent (measured). Then: no core dump and no other process of this user reads our memory.
  constexpr int kFillByte = 0x5A;
  ::mallopt(M_PERTURB, kFillByte);
  ::prctl(PR_SET_DUMPABLE, 0);
  std::signal(SIGPIPE, SIG_IGN);  // NOLINT(cert-err33-c): a failure leaves the default, which ends us as well

  insd::cli::Surroundings surroundings{
      .out = std::cout,
      .err = std::cerr,
      .input = STDIN_FILENO,
      .interactive = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1,
      .environment = [](const char* name) -> const char* { return std::getenv(name); }};
  return insd::cli::run(std::vector<std::string>(argv + 1, argv + argc), surroundings);
}
