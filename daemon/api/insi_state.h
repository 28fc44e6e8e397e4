// SPDX-License-Identifier: Apache-2.0
// InsiService/GetInsiState and WatchInsiState.
#pragma once

#include <grpcpp/support/server_callback.h>

#include "daemon/api/call.h"
#include "insd/v1/insi_service.pb.h"

namespace insd::api {

v1::InsiState to_proto(const InsiState& state, InsiEnvironment environment, Language language);

boost::asio::awaitable<v1::GetInsiStateResponse> get_insi_state(Backend& backend, Call call,
                                                                v1::GetInsiStateRequest request);

/// Deletes itself when the stream has ended.
grpc::ServerWriteReactor<v1::WatchInsiStateResponse>* watch_insi_state(
    Backend& backend, const Caller& caller, const grpc::CallbackServerContext* context,
    const v1::WatchInsiStateRequest& request);

}  // namespace insd::api
