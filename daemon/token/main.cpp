// SPDX-License-Identifier: Apache-2.0
// insd-token: the process that loads a PKCS#11 module, so that the daemon does not (design: signing). Started
// by insd only; the socket to it is descriptor 3.
#include <cstdio>
#include <cstring>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/token/hardening.h"
#include "daemon/token/server.h"
#include "daemon/token/tls_server.h"

namespace {

constexpr int kSocket = 3;

struct Arguments {
  std::string module;
  insd::pkcs11::ModuleOwner owner = insd::pkcs11::ModuleOwner::ROOT;
  std::optional<insd::token::Role> role;
};

bool parse(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    constexpr std::string_view module = "--module=";
    if (argument == "--role=sign") {
      arguments.role = insd::token::Role::SIGN;
    } else if (argument == "--role=tls") {
      arguments.role = insd::token::Role::TLS;
    } else if (argument.starts_with(module)) {
      arguments.module = argument.substr(module.size());
    } else if (argument == "--allow-own-module") {
      arguments.owner = insd::pkcs11::ModuleOwner::CURRENT_USER;
    } else {
      return false;
    }
  }
  return arguments.role && !arguments.module.empty();
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!parse(argc, argv, arguments)) {
    static_cast<void>(
        std::fputs("usage: insd-token --role=sign|tls --module=PATH [--allow-own-module]\n"
                   "Started by insd, which speaks to it on descriptor 3.\n",
                   stderr));
    return 2;
  }
  try {
    insd::token::harden(*arguments.role);
    const bool tls = *arguments.role == insd::token::Role::TLS;
    (tls ? insd::token::serve_tls : insd::token::serve)(kSocket, arguments.module, arguments.owner);
    return 0;
  } catch (const std::exception& error) {
    static_cast<void>(std::fprintf(stderr, "insd-token: %s\n", error.what()));
    return 1;
  }
}
