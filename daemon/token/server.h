// SPDX-License-Identifier: Apache-2.0
// insd-token's side: takes one request after the other and lets the module do it.
#pragma once

#include <string>

#include "pkcs11/types.h"

namespace insd::token {

/// Loads the module, says so (or why not) and serves until the socket closes; then logs out everywhere.
/// Throws what cannot be answered: a broken socket, a message that is not one.
void serve(int socket, const std::string& module_path, pkcs11::ModuleOwner owner);

}  // namespace insd::token
