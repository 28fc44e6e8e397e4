// SPDX-License-Identifier: Apache-2.0
// insd: starts the daemon, and nothing else.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>

#include <CLI/CLI.hpp>
#include <malloc.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "daemon/app.h"
#include "daemon/log.h"
#include "drivers/base/error.h"

namespace insd {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitConfig = 78;  // EX_CONFIG of sysexits(3): systemd need not try again

// Before anything can hold a secret (PIN law, rule 5; threats T-MEM-01).
void keep_memory_to_ourselves() {
  // Freed memory is overwritten: gRPC's buffers keep a PIN otherwise (measured). Not what a thread's cache
  // takes back: the service turns that off with glibc.malloc.tcache_count, which a running process cannot.
  mallopt(M_PERTURB, 0xA5);
  prctl(PR_SET_DUMPABLE, 0);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

// What the environment could make libraries do: print what they carry, load other code or trust others.
void clean_environment() {
  for (const char* name :
       {"GRPC_TRACE", "GRPC_VERBOSITY", "OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES", "SSL_CERT_FILE",
        "SSL_CERT_DIR", "SSLKEYLOGFILE", "XML_CATALOG_FILES", "SGML_CATALOG_FILES", "TMPDIR"}) {
    unsetenv(name);
  }
}

struct Arguments {
  AppOptions options{"/etc/insd/insd.toml", {}};
  bool check = false;
};

int check_config(const Arguments& arguments) {
  const Clock clock;
  make_rules(load_config(arguments.options.config_file), clock);
  std::cout << arguments.options.config_file.string() << ": valid\n";
  return 0;
}

int serve(const Arguments& arguments) {
  Config config = load_config(arguments.options.config_file);
  set_up_log(config.daemon.log_level);
  bool clean = false;
  {
    App app(arguments.options, std::move(config));
    clean = app.run();
    // A thread inside a card call cannot be ended: the process goes without it.
    if (!clean) std::_Exit(kExitFailure);
  }
  spdlog::info("stopped");
  return 0;
}

int run(int argc, char** argv) {
  Arguments arguments;
  std::string checked;
  CLI::App command("insd: owns the card readers of a care desk and answers with national health identities");
  command.set_version_flag("--version", "insd " INSD_VERSION);
  command.add_option("--config", arguments.options.config_file, "Configuration file")->capture_default_str();
  command.add_option("--socket", arguments.options.socket,
                     "Listen here instead of daemon.socket (systemd's socket comes first)");
  auto* check = command.add_option("--check-config", checked, "Check a configuration file and exit")
                    ->expected(0, 1)
                    ->type_name("[FILE]");
  try {
    command.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return command.exit(error);
  }
  if (check->count() == 0) return serve(arguments);
  if (!checked.empty()) arguments.options.config_file = checked;
  return check_config(arguments);
}

}  // namespace
}  // namespace insd

int main(int argc, char** argv) {
  insd::keep_memory_to_ourselves();
  insd::clean_environment();
  try {
    return insd::run(argc, argv);
  } catch (const insd::Error& error) {
    std::cerr << "insd: " << error.what() << '\n';
    return error.code() == insd::Code::CONFIG_INVALID ? insd::kExitConfig : insd::kExitFailure;
  } catch (const std::exception& error) {
    std::cerr << "insd: " << error.what() << '\n';
    return insd::kExitFailure;
  }
}
