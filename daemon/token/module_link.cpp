// SPDX-License-Identifier: Apache-2.0
#include "daemon/token/module_link.h"

#include "daemon/token/convert.h"
#include "daemon/token/frames.h"
#include "drivers/base/error.h"

namespace insd::token {

std::unique_ptr<pkcs11::Module> load_and_tell(int socket, const std::string& path,
                                              pkcs11::ModuleOwner owner) {
  wire::Answer ready;
  ready.set_id(0);
  std::unique_ptr<pkcs11::Module> module;
  try {
    module = std::make_unique<pkcs11::Module>(path, owner);
  } catch (const Error& error) {
    to_wire(error, *ready.mutable_failure());
  }
  if (send_frame(socket, as_bytes(ready.SerializeAsString())) != Traffic::DONE) return nullptr;
  return module;
}

bool receive_request(int socket, wire::Request& request) {
  Bytes frame;
  if (receive_frame(socket, frame) != Traffic::DONE) return false;
  if (!request.ParseFromArray(frame.data(), static_cast<int>(frame.size()))) {
    throw Error(Code::INTERNAL, "a request that is not one");
  }
  return true;
}

}  // namespace insd::token
