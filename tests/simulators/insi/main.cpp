// SPDX-License-Identifier: Apache-2.0
// insd-sim-insi: the INSi teleservice of the demo world (README.md).
#include <csignal>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>

#include <libxml/parser.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tests/simulators/insi/server.h"

namespace {

constexpr std::string_view kUsage =
    "usage: insd-sim-insi --config FILE\n"
    "\n"
    "Plays the INSi teleservice over TLS: verifies every request (shape, freshness, assertion, certificate,\n"
    "XML signature), prints what it found, and answers from a file of test persons or with the fault asked "
    "for.\n"
    "Prints READY port=N when it listens; ends on SIGTERM, SIGINT or when nobody reads its output.\n"
    "\n"
    "  --config FILE   TOML: certificate, key, professionals_roots and idam are needed. Further keys choose "
    "the\n"
    "                  people who are known, faults, delays, the clock, a second endpoint for "
    "organisations,\n"
    "                  and a sequence of scripted answers: tests/simulators/insi/README.md lists them all\n"
    "  --check-config  read the configuration and what it names, then end\n"
    "  --help          this text\n";

int run(const std::string& config_file, bool check_only) {
  xmlInitParser();
  const auto config = sim::load_config(config_file);
  sim::Log log(config.record_dir);
  sim::Service service(config);

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
  const int stop_fd = ::signalfd(-1, &signals, SFD_CLOEXEC);

  sim::Server server(config, service, log);
  if (!check_only) {
    const auto organisations = server.organisations_port();
    log.line("READY port=" + std::to_string(server.port()) +
             (organisations ? " organisations_port=" + std::to_string(*organisations) : ""));
    server.run(stop_fd);
  }
  ::close(stop_fd);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::string config_file;
  bool check_only = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--help") {
      std::cout << kUsage;
      return 0;
    }
    if (argument == "--check-config") {
      check_only = true;
    } else if (argument == "--config" && i + 1 < argc) {
      config_file = argv[++i];
    } else {
      std::cerr << kUsage;
      return 2;
    }
  }
  if (config_file.empty()) {
    std::cerr << kUsage;
    return 2;
  }
  try {
    return run(config_file, check_only);
  } catch (const std::exception& error) {
    std::cerr << "insd-sim-insi: " << error.what() << "\n";
    return 1;
  }
}
