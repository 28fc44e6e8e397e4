// SPDX-License-Identifier: Apache-2.0
// A line of the ATR table: the bytes of an ATR and which of their bits decide.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "drivers/base/bytes.h"
#include "drivers/card_kind.h"

namespace insd {

/// Built at compile time only. Value and mask are arrays of one length: a mask that is too short or too long,
/// or a value bit outside its mask (it could never match), does not compile.
class AtrPattern {
 public:
  static constexpr std::size_t kMaxAtr = 33;  ///< ISO 7816-3

  template <std::size_t N>
  requires(N >= 2 && N <= kMaxAtr) consteval AtrPattern(CardKind kind, const std::uint8_t (&value)[N],
                                                        const std::uint8_t (&mask)[N])
      : size_(N), kind_(kind) {
    for (std::size_t i = 0; i < N; ++i) {
      if ((value[i] & ~mask[i]) != 0) throw "a value bit that the mask ignores";
    }
    std::copy_n(value, N, value_.begin());
    std::copy_n(mask, N, mask_.begin());
  }

  /// An ATR that is known to the last bit.
  template <std::size_t N>
  requires(N >= 2 && N <= kMaxAtr) consteval AtrPattern(CardKind kind, const std::uint8_t (&value)[N])
      : size_(N), kind_(kind) {
    std::copy_n(value, N, value_.begin());
    std::fill_n(mask_.begin(), N, std::uint8_t{0xFF});
  }

  [[nodiscard]] constexpr bool matches(ByteView atr) const {
    if (atr.size() != size_) return false;
    for (std::size_t i = 0; i < size_; ++i) {
      if ((atr[i] & mask_[i]) != value_[i]) return false;
    }
    return true;
  }
  [[nodiscard]] constexpr CardKind kind() const { return kind_; }

 private:
  std::size_t size_;
  CardKind kind_;
  std::array<std::uint8_t, kMaxAtr> value_{};
  std::array<std::uint8_t, kMaxAtr> mask_{};
};

}  // namespace insd
