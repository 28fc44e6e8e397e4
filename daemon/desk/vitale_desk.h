// SPDX-License-Identifier: Apache-2.0
// Vitale cards at this desk: read for display, and read again right before a search, so that a card that was
// swapped without an event (platform fact: 10 of 10 between two polls) is noticed.
#pragma once

#include <map>

#include "daemon/desk/desk.h"
#include "drivers/vitale/vitale.h"

namespace insd::desk {

struct VitaleReading {
  Chosen card;
  vitale::Reading content;
  Clock::Wall read_at;
};

/// Used on one executor. What it remembers ends with the card's generation.
class VitaleDesk {
 public:
  VitaleDesk(Desk& desk, const Clock& clock);

  /// Errors of Desk::choose() and of the Vitale driver; CARD_CHANGED as read_again(), when it was read
  /// before.
  boost::asio::awaitable<VitaleReading> read(Selection card, ReaderFilter allowed, Patience patience);

  /// As read(); CARD_CHANGED unless the card says what it said when it was read under this generation.
  /// `selection.generation` must be set (INVALID_ARGUMENT).
  boost::asio::awaitable<VitaleReading> read_again(Selection card, ReaderFilter allowed, Patience patience);

 private:
  boost::asio::awaitable<VitaleReading> read_chosen(Chosen chosen, Patience patience);
  std::optional<vitale::Reading> shown_under(const std::string& generation) const;

  Desk& desk_;
  const Clock& clock_;
  std::map<std::string, vitale::Reading> shown_;  // by generation
  std::shared_ptr<void> watch_;
};

}  // namespace insd::desk
