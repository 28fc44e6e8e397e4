// SPDX-License-Identifier: Apache-2.0
// insd-token's side of the role tls: the HTTPS client with a key of the module.
#pragma once

#include <string>

#include "pkcs11/types.h"

namespace insd::token {

/// As serve() of daemon/token/server.h: the first request prepares key and client, the others are questions
/// to the teleservice.
void serve_tls(int socket, const std::string& module_path, pkcs11::ModuleOwner owner);

}  // namespace insd::token
