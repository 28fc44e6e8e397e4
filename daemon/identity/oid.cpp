// SPDX-License-Identifier: Apache-2.0
#include "daemon/identity/oid.h"

#include <algorithm>
#include <array>

namespace insd::identity {
namespace {

constexpr std::array kOids = {
    Oid{"1.2.250.1.213.1.4.8", "INS-NIR", MatriculeKind::NIR, OidEnvironment::PRODUCTION},
    Oid{"1.2.250.1.213.1.4.9", "INS-NIA", MatriculeKind::NIA, OidEnvironment::PRODUCTION},
    Oid{"1.2.250.1.213.1.4.10", "INS-NIR-TEST", MatriculeKind::NIR, OidEnvironment::TEST},
    Oid{"1.2.250.1.213.1.4.11", "INS-NIR-DEMO", MatriculeKind::NIR, OidEnvironment::DEMO},
};

}  // namespace

std::optional<Oid> find_oid(std::string_view dotted) {
  const auto* const found = std::ranges::find(kOids, dotted, &Oid::dotted);
  if (found == kOids.end()) return std::nullopt;
  return *found;
}

}  // namespace insd::identity
