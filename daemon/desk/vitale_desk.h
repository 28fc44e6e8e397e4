// SPDX-License-Identifier: Apache-2.0
// Vitale cards at this desk: read once for display, and read again right before a search, so that a card that
// was swapped without an event (platform fact: 10 of 10 between two polls) is noticed.
#pragma once

#include <map>
#include <set>

#include "daemon/desk/desk.h"
#include "drivers/vitale/vitale.h"

namespace insd::desk {

struct VitaleReading {
  Chosen card;
  vitale::Reading content;
  Clock::Wall read_at;
};

/// Used on one executor. What it remembers of a card is overwritten when the card's generation ends.
class VitaleDesk {
 public:
  VitaleDesk(Desk& desk, const Clock& clock);
  ~VitaleDesk();
  VitaleDesk(const VitaleDesk&) = delete;
  VitaleDesk& operator=(const VitaleDesk&) = delete;

  /// For display. The card is asked once under one generation: later calls, and those that come while it is
  /// being read, are given that reading with its time. Errors of Desk::choose() and of the Vitale driver.
  boost::asio::awaitable<VitaleReading> read(Selection card, ReaderFilter allowed, Patience patience);

  /// For a search: always from the card. CARD_CHANGED unless the card says what it said when it was read
  /// under this generation. `selection.generation` must be set (INVALID_ARGUMENT).
  boost::asio::awaitable<VitaleReading> read_again(Selection card, ReaderFilter allowed, Patience patience);

  /// Reads the Vitale 2 cards of `state` that have not been met yet, in the readers of which `may` says so,
  /// so that they can be shown at once. A card that cannot be read is left to whoever asks for it.
  void prefetch(const State& state, const ReaderFilter& may);

 private:
  /// One reading for display under way; others wait for its end.
  struct UnderWay;

  boost::asio::awaitable<VitaleReading> read_shown(Chosen chosen, Patience patience);
  boost::asio::awaitable<VitaleReading> read_chosen(Chosen chosen, Patience patience);
  const VitaleReading* shown_under(const std::string& generation) const;
  void forget(const std::string& generation);

  Desk& desk_;
  const Clock& clock_;
  std::map<std::string, VitaleReading> shown_;                  // by generation
  std::map<std::string, std::shared_ptr<UnderWay>> under_way_;  // by generation
  std::set<std::string> prefetched_;                            // generations
  std::map<Bytes, vitale::IdentitySource> ways_;                // by ATR: what worked on that mask
  std::shared_ptr<void> watch_;
};

}  // namespace insd::desk
