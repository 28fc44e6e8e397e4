// SPDX-License-Identifier: Apache-2.0
// What every simulated card is to the T=0 layer above it.
#pragma once

#include <optional>

#include "tests/simulators/card/bytes.h"

namespace insd::simcard {

namespace sw {
inline constexpr std::uint16_t OK = 0x9000, WRONG_LENGTH = 0x6700, ACCESS_DENIED = 0x6982,
                               PIN_BLOCKED = 0x6983, CONDITIONS = 0x6985, WRONG_DATA = 0x6A80,
                               FILE_NOT_FOUND = 0x6A82, WRONG_P1_P2 = 0x6A86, REFERENCE_NOT_FOUND = 0x6A88,
                               OFFSET_OUTSIDE = 0x6B00, UNKNOWN_INS = 0x6D00, UNKNOWN_CLA = 0x6E00;
}  // namespace sw

struct Command {
  std::uint8_t cla = 0, ins = 0, p1 = 0, p2 = 0;
  Bytes data;
  std::optional<std::size_t> le;  ///< 1..256
};

struct Answer {
  std::uint16_t sw = sw::OK;
  Bytes data;
};

class Card {
 public:
  virtual ~Card() = default;
  [[nodiscard]] virtual Bytes atr() const = 0;
  /// Power off, power on and reset alike: selection and verified PIN are gone.
  virtual void reset() = 0;
  virtual Answer process(const Command& command) = 0;
};

}  // namespace insd::simcard
