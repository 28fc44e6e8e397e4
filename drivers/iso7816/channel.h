// SPDX-License-Identifier: Apache-2.0
// The one way to speak to a card. In production only pcsc::CardSession (an open transaction) is a Channel, so
// nothing can transmit without one; tests and the fuzzer bring their own.
#pragma once

#include <stop_token>

#include "drivers/base/bytes.h"

namespace insd::iso7816 {

class Channel {
 public:
  Channel() = default;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  virtual ~Channel() = default;

  /// Sends one T=0/T=1 command as it is and returns the card's bytes (data + SW1 SW2, at least two bytes).
  /// Blocking. Throws Error of layer READER or CARD; an answer of fewer than two bytes is CARD_PROTOCOL.
  virtual Bytes exchange(ByteView command) = 0;

  /// Asked for between exchanges; an exchange under way cannot be cancelled.
  [[nodiscard]] virtual std::stop_token stop() const { return {}; }
};

}  // namespace insd::iso7816
