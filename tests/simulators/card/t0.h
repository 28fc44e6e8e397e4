// SPDX-License-Identifier: Apache-2.0
// The T=0 discipline that vpcd leaves to the card (specs: cps 1.3, vitale 8): vpcd passes whole APDUs, a T=0
// card answers 61xx to a command that brings data and has an answer, 6Cxx to a wrong expected length.
#pragma once

#include "tests/simulators/card/card.h"

namespace insd::simcard {

class T0 {
 public:
  /// With `repeat_6c` the card answers 6Cxx a second time to the corrected command (a card gone mad).
  explicit T0(Card& card, bool repeat_6c = false) : card_(card), repeat_6c_(repeat_6c) {}

  Bytes transmit(ByteView apdu);
  void reset();

 private:
  Bytes answer_read(const Command& command, Answer answer);
  Bytes get_response(std::size_t le);

  Card& card_;
  bool repeat_6c_;
  bool sent_6c_ = false;
  Bytes pending_;
};

}  // namespace insd::simcard
