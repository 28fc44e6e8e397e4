// SPDX-License-Identifier: Apache-2.0
// Login as a reactor: moves steps to the dialogue on the executor and its messages back.
#pragma once

#include <grpcpp/support/server_callback.h>

#include "daemon/api/backend.h"
#include "daemon/api/caller.h"
#include "insd/v1/professional_service.pb.h"

namespace insd::api {

grpc::ServerBidiReactor<v1::LoginRequest, v1::LoginResponse>* login_stream(
    Backend& backend, const Caller& caller, const grpc::CallbackServerContext* context);

}  // namespace insd::api
