// SPDX-License-Identifier: Apache-2.0
#include "daemon/identities/kiosk_visits.h"

namespace insd {

const KioskVisit* KioskVisits::find(std::uint32_t uid) const {
  const auto found = visits_.find(uid);
  return found == visits_.end() ? nullptr : &found->second;
}

std::vector<std::uint32_t> KioskVisits::end(const std::string& generation) {
  std::vector<std::uint32_t> ended;
  std::erase_if(visits_, [&](const auto& entry) {
    const bool over = entry.second.generation == generation;
    if (over) ended.push_back(entry.first);
    return over;
  });
  return ended;
}

}  // namespace insd
