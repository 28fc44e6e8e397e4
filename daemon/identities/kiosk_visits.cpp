// SPDX-License-Identifier: Apache-2.0
#include "daemon/identities/kiosk_visits.h"

namespace insd {

const KioskVisit* KioskVisits::find(std::uint32_t uid) const {
  const auto found = visits_.find(uid);
  return found == visits_.end() ? nullptr : &found->second;
}

void KioskVisits::miss(std::uint32_t uid, const std::string& generation) {
  visits_.erase(uid);
  ++misses_[{uid, generation}];
}

bool KioskVisits::may_try(std::uint32_t uid, const std::string& generation) const {
  const auto found = misses_.find({uid, generation});
  return found == misses_.end() || found->second < kMostMisses;
}

std::vector<std::uint32_t> KioskVisits::end(const std::string& generation) {
  std::erase_if(misses_, [&](const auto& entry) { return entry.first.second == generation; });
  std::vector<std::uint32_t> ended;
  std::erase_if(visits_, [&](const auto& entry) {
    const bool over = entry.second.generation == generation;
    if (over) ended.push_back(entry.first);
    return over;
  });
  return ended;
}

}  // namespace insd
