// SPDX-License-Identifier: Apache-2.0
// The form of a CallContext: complete or refused, every fault named at once.
#pragma once

#include "daemon/config.h"
#include "daemon/search.h"
#include "insd/v1/common.pb.h"

namespace insd::api {

/// Throws one INVALID_ARGUMENT with a violation ("context.purpose_id", ...) for each missing or malformed
/// field. A missing lease is not among them: it is LEASE_REQUIRED, which says more. `present` = the request
/// had a context at all.
SearchContext from_proto(const v1::CallContext& context, bool present, InsiMode mode);

}  // namespace insd::api
