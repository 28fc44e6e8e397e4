// SPDX-License-Identifier: Apache-2.0
// Checks and keys, for those who look after the daemon.
#pragma once

#include <memory>

#include <grpcpp/impl/codegen/service_type.h>

#include "daemon/api/backend.h"
#include "daemon/api/caller.h"

namespace insd::api {

std::unique_ptr<grpc::Service> make_maintenance_service(Backend& backend, const Caller& caller);

}  // namespace insd::api
