// SPDX-License-Identifier: Apache-2.0
// WatchReaders as a reactor: the newest state of each reader, one write outstanding.
#pragma once

#include <grpcpp/support/server_callback.h>

#include "daemon/api/backend.h"
#include "daemon/api/caller.h"
#include "insd/v1/reader_service.pb.h"

namespace insd::api {

grpc::ServerWriteReactor<v1::WatchReadersResponse>* watch_readers(Backend& backend, const Caller& caller,
                                                                  const grpc::CallbackServerContext* context,
                                                                  const v1::WatchReadersRequest& request);

}  // namespace insd::api
