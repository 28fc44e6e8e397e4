// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/call_context.h"

#include <algorithm>

#include "drivers/base/bytes.h"
#include "drivers/base/error.h"

namespace insd::api {
namespace {

constexpr std::size_t kMaxText = 64;
constexpr std::size_t kMaxLease = 256;

class Violations {
 public:
  void add(const std::string& field, const std::string& description) {
    error_.add_field("context." + field, description);
  }
  void throw_if_any() const {
    if (!error_.fields().empty()) throw Error(error_);
  }

 private:
  Error error_{Code::INVALID_ARGUMENT};
};

bool printable_ascii(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

void check_ascii(const std::string& field, const std::string& value, Violations& violations) {
  if (value.empty()) {
    violations.add(field, "is missing");
  } else if (value.size() > kMaxText || !printable_ascii(value)) {
    violations.add(field, "must be 1 to 64 printable ASCII characters");
  }
}

void check_utf8(const std::string& field, const std::string& value, Violations& violations) {
  if (value.empty()) {
    violations.add(field, "is missing");
  } else if (value.size() > kMaxText || printable(value, kMaxText) != value) {
    violations.add(field, "must be 1 to 64 bytes of printable UTF-8");
  }
}

std::vector<IdentityAttribute> attributes_of(const v1::CallContext& context, Violations& violations) {
  std::vector<IdentityAttribute> attributes;
  bool none = false;
  for (int i = 0; i < context.identity_attributes_size(); ++i) {
    switch (context.identity_attributes(i)) {
      case v1::IDENTITY_ATTRIBUTE_NONE:
        none = true;
        break;
      case v1::IDENTITY_ATTRIBUTE_HOMONYM:
        attributes.push_back(IdentityAttribute::HOMONYM);
        break;
      case v1::IDENTITY_ATTRIBUTE_DOUBTFUL:
        attributes.push_back(IdentityAttribute::DOUBTFUL);
        break;
      case v1::IDENTITY_ATTRIBUTE_FICTITIOUS:
        attributes.push_back(IdentityAttribute::FICTITIOUS);
        break;
      default:  // an unknown attribute may be one that forbids the call
        violations.add("identity_attributes[" + std::to_string(i) + "]", "is not known");
        return attributes;
    }
  }
  if (context.identity_attributes().empty()) violations.add("identity_attributes", "is missing: say NONE");
  if (none && context.identity_attributes_size() != 1)
    violations.add("identity_attributes", "NONE stands alone");
  return attributes;
}

std::optional<ActingUser> acting_user_of(const v1::CallContext& context, InsiMode mode,
                                         Violations& violations) {
  if (mode != InsiMode::ORGANISATION) {
    if (context.has_acting_user())
      violations.add("acting_user", "is refused in mode cps: the card names the user");
    return std::nullopt;
  }
  if (!context.has_acting_user()) {
    violations.add("acting_user", "is missing");
    return std::nullopt;
  }
  const v1::ActingUser& user = context.acting_user();
  check_utf8("acting_user.id", user.id(), violations);
  check_utf8("acting_user.authenticated_how", user.authenticated_how(), violations);
  return ActingUser{user.id(), user.authenticated_how()};
}

}  // namespace

SearchContext from_proto(const v1::CallContext& context, bool present, InsiMode mode) {
  if (!present) throw Error(Code::INVALID_ARGUMENT).with_field("context", "is missing");
  Violations violations;
  SearchContext made;
  check_ascii("purpose_id", context.purpose_id(), violations);
  made.purpose_id = context.purpose_id();
  made.attributes = attributes_of(context, violations);
  if (context.lease().size() > kMaxLease) violations.add("lease", "is not a lease");
  if (mode == InsiMode::ORGANISATION && !context.lease().empty())
    violations.add("lease", "is refused in mode organisation: no card signs");
  made.lease = context.lease();
  if (!context.profile().empty()) check_utf8("profile", context.profile(), violations);
  made.profile = context.profile();
  made.acting_user = acting_user_of(context, mode, violations);
  check_ascii("request_id", context.request_id(), violations);
  made.request_id = context.request_id();
  switch (context.identity_origin()) {
    case v1::IDENTITY_ORIGIN_UNSPECIFIED:
    case v1::IDENTITY_ORIGIN_OTHER:
      break;
    case v1::IDENTITY_ORIGIN_APP_CARTE_VITALE:
      made.from_apcv = true;
      break;
    default:  // an unknown origin may be one that forbids the call
      violations.add("identity_origin", "is not known");
  }
  made.return_messages = context.return_messages();
  violations.throw_if_any();
  return made;
}

}  // namespace insd::api
