// SPDX-License-Identifier: Apache-2.0
// What every request about an identity begins with: who acts and why, and which identity.
#pragma once

#include <string>

#include "daemon/api/call.h"
#include "daemon/identities/identities.h"
#include "insd/v1/identity_service.pb.h"

namespace insd::api {

/// A deed whose form was checked: throws INVALID_ARGUMENT with "context...." for each fault, LEASE_INVALID
/// and its kin for a lease. `operation` is the journal's. Only a kiosk may act without a human, where that is
/// `unattended`.
Deed deed_of(Backend& backend, const Call& call, const v1::ActContext& context, bool present,
             std::string operation, bool unattended = false);

/// For what changes nothing but may restore a token.
Deed reading_deed(const Call& call);

/// Throws INVALID_ARGUMENT with `field` for what this service never returned as an id.
void require_identity_id(const std::string& id, const std::string& field);

/// The identity that a request names, for the calling user; a token is restored first. Throws
/// INVALID_ARGUMENT
/// ("identity"), NOT_FOUND, IDENTITY_TOKEN_INVALID, IDENTITY_STALE, JOURNAL_UNAVAILABLE. The reference holds
/// until the next call of Identities.
const Identities::Held& resolve(Backend& backend, const Call& call, const v1::IdentityRef& ref,
                                const Deed& deed);

/// The report for this caller.
v1::IdentityReport report_for(const Backend& backend, const Call& call, const Identities::Held& held);

}  // namespace insd::api
