// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/number_kind.h"

namespace insd::api {

v1::NumberKind number_kind(const identity::Oid& authority) {
  if (authority.kind == identity::MatriculeKind::NIA) return v1::NUMBER_KIND_NIA;
  switch (authority.environment) {
    case identity::OidEnvironment::PRODUCTION:
      return v1::NUMBER_KIND_NIR;
    case identity::OidEnvironment::TEST:
      return v1::NUMBER_KIND_NIR_TEST;
    case identity::OidEnvironment::DEMO:
      return v1::NUMBER_KIND_NIR_DEMO;
  }
  return v1::NUMBER_KIND_UNSPECIFIED;
}

v1::NumberKind number_kind(std::string_view dotted) {
  const auto oid = identity::find_oid(dotted);
  return oid ? number_kind(*oid) : v1::NUMBER_KIND_UNSPECIFIED;
}

}  // namespace insd::api
