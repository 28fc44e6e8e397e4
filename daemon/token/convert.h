// SPDX-License-Identifier: Apache-2.0
// Between the wire messages and the values of pkcs11/types.h. Each end checks what the other sends: the child
// has foreign code in it.
#pragma once

#include "daemon/token/role.h"
#include "daemon/token/token.pb.h"
#include "drivers/base/error.h"
#include "pkcs11/types.h"

namespace insd::token {

pkcs11::TokenRef from_wire(const wire::TokenRef& ref);
void to_wire(const pkcs11::TokenRef& ref, wire::TokenRef& out);

/// Throws MODULE_FAILED when a bound of pkcs11/types.h is exceeded; texts come back printable.
std::vector<pkcs11::TokenInfo> tokens_of(const wire::Answer& answer);
void to_wire(const pkcs11::TokenInfo& info, wire::TokenInfo& out);

/// As tokens_of().
std::vector<pkcs11::Certificate> certificates_of(const wire::Answer& answer);
void to_wire(const pkcs11::Certificate& certificate, wire::Certificate& out);

/// As tokens_of().
std::vector<pkcs11::DataObject> data_objects_of(const wire::Answer& answer);
void to_wire(const pkcs11::DataObject& object, wire::DataObject& out);

/// Throws INVALID_ARGUMENT for an unspecified use.
pkcs11::KeyUse from_wire(wire::KeyUse use);
wire::KeyUse to_wire(pkcs11::KeyUse use);

/// The child may report what concerns cards, PINs and tokens, in role TLS also the exchange with the
/// teleservice and its configuration; any other code is MODULE_FAILED.
Error error_of(const wire::Failure& failure, Role role = Role::SIGN);
void to_wire(const Error& error, wire::Failure& out);

}  // namespace insd::token
