// SPDX-License-Identifier: Apache-2.0
// What a kiosk is about: one card, one person on it, from the reading that the patient started to the removal
// of the card. A kiosk runs as a user of its own.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace insd {

struct KioskVisit {
  std::string generation;  ///< of the card
  std::size_t beneficiary_index = 0;
  std::string given_name;  ///< as on the card: all that the kiosk may show
};

/// So often may a kiosk be told that a birth date is not the person's, while one card is in: the dates of
/// relatives are not to be guessed.
inline constexpr unsigned kMostMisses = 3;

/// On the executor only.
class KioskVisits {
 public:
  /// The patient has started: whatever that user was about before is over.
  void begin(std::uint32_t uid, KioskVisit visit) { visits_[uid] = std::move(visit); }
  [[nodiscard]] const KioskVisit* find(std::uint32_t uid) const;
  /// The birth date fitted nobody on this card, or several: the visit of before is over.
  void miss(std::uint32_t uid, const std::string& generation);
  [[nodiscard]] bool may_try(std::uint32_t uid, const std::string& generation) const;
  /// The card has gone: whose visits ended.
  std::vector<std::uint32_t> end(const std::string& generation);

 private:
  std::map<std::uint32_t, KioskVisit> visits_;
  std::map<std::pair<std::uint32_t, std::string>, unsigned> misses_;  // of cards that are there
};

}  // namespace insd
