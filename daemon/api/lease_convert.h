// SPDX-License-Identifier: Apache-2.0
// Leases as messages of the contract.
#pragma once

#include "daemon/desk/professional.h"
#include "insd/v1/professional_service.pb.h"

namespace insd::api {

/// With the token; a stream that only tells of a lease clears it.
v1::Lease to_proto(const desk::LeaseInfo& lease);
v1::LeaseEnded to_proto(desk::LeaseEnd cause);

}  // namespace insd::api
