// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/identity_request.h"

#include <algorithm>

#include "daemon/api/identity_convert.h"
#include "daemon/api/identity_seal.h"
#include "daemon/api/kiosk_view.h"
#include "drivers/base/bytes.h"
#include "drivers/base/error.h"

namespace insd::api {
namespace {

constexpr std::size_t kMaxText = 64;
constexpr std::size_t kMaxLease = 256;
constexpr std::size_t kIdentityId = 32;

void check_ascii(const std::string& field, const std::string& value, identity::Violations& violations) {
  const auto printable_ascii = [](char c) { return c >= 0x20 && c < 0x7F; };
  if (value.empty()) {
    violations.add(field, "is missing");
  } else if (value.size() > kMaxText || !std::ranges::all_of(value, printable_ascii)) {
    violations.add(field, "must be 1 to 64 printable ASCII characters");
  }
}

void check_utf8(const std::string& field, const std::string& value, identity::Violations& violations) {
  if (value.empty() || value.size() > kMaxText || printable(value, kMaxText) != value) {
    violations.add(field, "must be 1 to 64 bytes of printable UTF-8");
  }
}

Deed deed_by(const Call& call, std::string operation) {
  Deed deed;
  deed.uid = call.caller.uid;
  deed.pid = call.caller.pid;
  deed.unit = call.caller.unit;
  deed.executable = call.caller.executable;
  deed.operation = std::move(operation);
  return deed;
}

}  // namespace

Deed deed_of(Backend& backend, const Call& call, const v1::ActContext& context, bool present,
             std::string operation, bool unattended) {
  if (!present) throw Error(Code::INVALID_ARGUMENT).with_field("context", "is missing");
  identity::Violations violations("context");
  Deed deed = deed_by(call, std::move(operation));
  check_ascii("purpose_id", context.purpose_id(), violations);
  check_ascii("request_id", context.request_id(), violations);
  deed.purpose_id = context.purpose_id();
  deed.request_id = context.request_id();
  const bool kiosk = is_kiosk(call);
  switch (context.actor_case()) {
    case v1::ActContext::kActingUser:
      check_utf8("acting_user.id", context.acting_user().id(), violations);
      check_utf8("acting_user.authenticated_how", context.acting_user().authenticated_how(), violations);
      deed.by = context.acting_user().id();
      break;
    case v1::ActContext::kLease:
      if (context.lease().empty() || context.lease().size() > kMaxLease)
        violations.add("lease", "is not a lease");
      break;
    case v1::ActContext::ACTOR_NOT_SET:
      if (!unattended || !kiosk) violations.add("acting_user", "is missing, and so is lease");
      break;
  }
  violations.throw_if_any(Code::INVALID_ARGUMENT);
  if (context.has_lease()) {
    deed.by = backend.professionals.grant(context.lease(), call.caller.uid).professional.national_id;
  }
  return deed;
}

Deed reading_deed(const Call& call) {
  return deed_by(call, "");
}

void require_identity_id(const std::string& id, const std::string& field) {
  const auto hexadecimal = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (id.size() != kIdentityId || !std::ranges::all_of(id, hexadecimal)) {
    throw Error(Code::INVALID_ARGUMENT).with_field(field, "is not the id of an identity");
  }
}

const Identities::Held& resolve(Backend& backend, const Call& call, const v1::IdentityRef& ref,
                                const Deed& deed) {
  switch (ref.ref_case()) {
    case v1::IdentityRef::kIdentityId:
      require_identity_id(ref.identity_id(), "identity.identity_id");
      return backend.identities.find(ref.identity_id(), call.caller.uid);
    case v1::IdentityRef::kSealedToken: {
      identity::Identity identity = open_identity(backend, call, ref.sealed_token());
      Deed restoring = deed;
      restoring.operation = "identity.restore";
      return backend.identities.add(restoring, std::move(identity), call.rules->config()->identity.ttl);
    }
    case v1::IdentityRef::REF_NOT_SET:
      break;
  }
  throw Error(Code::INVALID_ARGUMENT).with_field("identity", "is missing: identity_id or sealed_token");
}

v1::IdentityReport report_for(const Backend& backend, const Call& call, const Identities::Held& held) {
  const CallerRole role = call.rules->policy().role(call.caller);
  const KioskVisit* visit = backend.kiosks.find(call.caller.uid);
  return report(held, call.language, role, visit != nullptr ? visit->given_name : std::string());
}

}  // namespace insd::api
