// SPDX-License-Identifier: Apache-2.0
// What every role of insd-token begins with: the module loaded, or the daemon told why not; then requests.
#pragma once

#include <memory>
#include <string>

#include "daemon/token/token.pb.h"
#include "pkcs11/module.h"

namespace insd::token {

/// Loads the module and tells the daemon. Null when there is none to serve with, or nobody to serve.
std::unique_ptr<pkcs11::Module> load_and_tell(int socket, const std::string& path, pkcs11::ModuleOwner owner);

/// The next request. False: the daemon has gone. Throws Error(INTERNAL) for what is none.
bool receive_request(int socket, wire::Request& request);

}  // namespace insd::token
