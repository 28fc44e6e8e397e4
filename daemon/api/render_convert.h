// SPDX-License-Identifier: Apache-2.0
// Rendering in the contract's words. Free of the server: an identity and a request in, a response out.
#pragma once

#include "daemon/clock.h"
#include "daemon/identity/identity.h"
#include "insd/v1/render_service.pb.h"

namespace insd::api {

/// One identity in the format asked for. `now` and `control_id` go into an HL7 header. Throws what
/// daemon/render throws, INVALID_ARGUMENT for "format", "hl7.event" and "module_pixels".
v1::RenderResponse render(const identity::Identity& identity, const v1::RenderRequest& request,
                          Clock::Wall now, const std::string& control_id);

/// Throws INVALID_ARGUMENT naming `data`.
v1::ParseDatamatrixResponse parse_datamatrix(const v1::ParseDatamatrixRequest& request);

}  // namespace insd::api
