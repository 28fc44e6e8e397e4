// SPDX-License-Identifier: Apache-2.0
// The services of one connection. Each object holds the connection's verified caller, so that no handler can
// be written without one.
#pragma once

#include <memory>
#include <vector>

#include <grpcpp/impl/codegen/service_type.h>

#include "daemon/api/backend.h"
#include "daemon/api/caller.h"

namespace insd::api {

std::unique_ptr<grpc::Service> make_reader_service(Backend& backend, const Caller& caller);
std::unique_ptr<grpc::Service> make_professional_service(Backend& backend, const Caller& caller);
std::unique_ptr<grpc::Service> make_vitale_service(Backend& backend, const Caller& caller);
std::unique_ptr<grpc::Service> make_insi_service(Backend& backend, const Caller& caller);
std::unique_ptr<grpc::Service> make_identity_service(Backend& backend, const Caller& caller);
std::unique_ptr<grpc::Service> make_journal_service(Backend& backend, const Caller& caller);
std::unique_ptr<grpc::Service> make_render_service(Backend& backend, const Caller& caller);
std::unique_ptr<grpc::Service> make_system_service(Backend& backend, const Caller& caller);

}  // namespace insd::api
