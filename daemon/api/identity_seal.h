// SPDX-License-Identifier: Apache-2.0
// Identities as sealed tokens: for this daemon, or for those that share the site's key.
#pragma once

#include "daemon/api/call.h"
#include "daemon/identities/identities.h"
#include "insd/v1/identity_service.pb.h"

namespace insd::api {

/// Throws INVALID_ARGUMENT ("audience"), and CONFIG_INVALID where no site key is configured.
Bytes seal_identity(const Backend& backend, const Call& call, const identity::Identity& identity,
                    v1::TokenAudience audience, Clock::Wall expires);

/// What a token is worth here: everything when this daemon sealed it, only the pending answer otherwise.
/// Throws IDENTITY_TOKEN_INVALID: no token, altered, expired, for another user, of an unknown key.
identity::Identity open_identity(const Backend& backend, const Call& call, const std::string& token);

}  // namespace insd::api
