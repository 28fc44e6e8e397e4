// SPDX-License-Identifier: Apache-2.0
// Identities as messages of the contract, and back.
#pragma once

#include <string_view>

#include "daemon/answer_store.h"
#include "daemon/api/error_status.h"
#include "daemon/identities/identities.h"
#include "daemon/identity/compare.h"
#include "daemon/identity/violations.h"
#include "insd/v1/identity_service.pb.h"
#include "insd/v1/sealed_identity.pb.h"

namespace insd::api {

/// The number with its kind and whether its key is right.
void put_number(const identity::NationalNumber& number, v1::InsNumber& proto);
v1::IdentityTraits to_proto(const identity::Traits& traits);
v1::IdentityFacts to_proto(const identity::Identity& identity);
v1::Comparison to_proto(const identity::Comparison& comparison, const identity::Known& known,
                        const identity::Answer& answer);
v1::Trait to_proto(identity::TraitName trait);

/// Everything that a caller is told; a kiosk is told no more than `kiosk_given_name`.
v1::IdentityReport report(const Identities::Held& held, Language language, CallerRole role,
                          const std::string& kiosk_given_name);

/// An answer of the store, as it is compared and accepted.
identity::Answer answer_of(const KeptAnswer& kept);

v1::PendingAnswer to_proto(const identity::Answer& answer);
/// Of what this daemon sealed itself: taken as it is.
identity::Answer from_proto(const v1::PendingAnswer& proto);
identity::Identity from_sealed(const v1::SealedIdentity& proto);

/// Facts that an application declares (threats: any bytes), done before `now`. Violations are named below
/// `path`; the fields that the daemon sets are not looked at.
identity::Identity declared(const v1::IdentityFacts& facts, identity::Time now, std::string_view path,
                            identity::Violations& violations);

/// Fields shared by several requests. Each adds its violations.
identity::Traits traits_of(const v1::IdentityTraits& proto, bool typed, bool complete, identity::Time now,
                           std::string_view path, identity::Violations& violations);
/// A digest of traits as a report gives it.
std::string digest_of(const std::string& text, std::string_view field, identity::Violations& violations);
identity::NationalNumber number_of(const v1::InsNumber& proto, std::string_view path,
                                   identity::Violations& violations);
identity::UsedNames used_of(const v1::UsedNames& proto, std::string_view path,
                            identity::Violations& violations);
identity::Evidence evidence_of(const v1::Evidence& proto, std::string_view path,
                               identity::Violations& violations);
identity::Attributes attributes_of(const google::protobuf::RepeatedField<int>& values, std::string_view path,
                                   identity::Violations& violations);
identity::InsExpectation expectation_of(v1::InsExpectation value, const std::string& reason,
                                        identity::Violations& violations);

}  // namespace insd::api
