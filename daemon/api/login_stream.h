// SPDX-License-Identifier: Apache-2.0
// Login as a reactor: moves steps to the dialogue on the executor and its messages back. It handles messages
// as bytes, because only so can a PIN be wiped where gRPC keeps it.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "daemon/api/backend.h"
#include "daemon/api/caller.h"

namespace insd::api {

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* login_stream(
    Backend& backend, const Caller& caller, const grpc::CallbackServerContext* context);

}  // namespace insd::api
