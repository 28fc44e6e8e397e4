// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "daemon/identity/oid.h"
#include "insd/v1/insi_service.pb.h"

namespace insd::api {

/// What a number of that authority is (specs: ins-rules 2).
v1::NumberKind number_kind(const identity::Oid& authority);

/// The same by the dotted OID; UNSPECIFIED for one that is no authority of the INS.
v1::NumberKind number_kind(std::string_view dotted);

}  // namespace insd::api
