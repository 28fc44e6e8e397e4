// SPDX-License-Identifier: Apache-2.0
// WatchLease as a reactor: the lease of now, then its end.
#pragma once

#include <grpcpp/support/server_callback.h>

#include "daemon/api/backend.h"
#include "daemon/api/caller.h"
#include "insd/v1/professional_service.pb.h"

namespace insd::api {

grpc::ServerWriteReactor<v1::WatchLeaseResponse>* watch_lease(Backend& backend, const Caller& caller,
                                                              const grpc::CallbackServerContext* context,
                                                              const v1::WatchLeaseRequest& request);

}  // namespace insd::api
