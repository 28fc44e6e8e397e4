// SPDX-License-Identifier: Apache-2.0
// The caller's messages of a Login, taken apart so that a PIN stays in a SecretString and nowhere else (PIN
// law, rule 5).
#pragma once

#include <string>
#include <variant>

#include <grpcpp/support/byte_buffer.h>

#include "daemon/desk/professional.h"
#include "drivers/base/error.h"
#include "drivers/base/secret.h"
#include "insd/v1/professional_service.pb.h"

namespace insd::api {

/// One message of the caller. A PIN is already out of the protobuf message.
struct StartStep {
  desk::LoginRequest request;
};
struct PinStep {
  std::string prompt_id;
  SecretString pin;
};
struct ConsentStep {
  std::string prompt_id;
  bool agreed = false;
};
struct CancelStep {};
struct RefusedStep {
  Error error;
};
using LoginStep = std::variant<StartStep, PinStep, ConsentStep, CancelStep, RefusedStep>;

/// Takes the step out of `message`; a PIN's bytes are wiped in it, whatever happens. Never throws but for
/// memory.
LoginStep take_step(v1::LoginRequest& message);

/// The same for a message as it came. Its bytes are wiped where gRPC keeps them: in the connection's read
/// buffer, which otherwise holds them until the connection ends (measured).
LoginStep take_step(grpc::ByteBuffer& message);

/// Overwrites the stack below the caller's frame, where parsing has left parts of a message (measured). To be
/// called by the thread that has parsed, from no deeper than it did.
void wipe_dead_stack();

}  // namespace insd::api
