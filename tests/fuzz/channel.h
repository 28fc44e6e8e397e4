// SPDX-License-Identifier: Apache-2.0
// A card whose answers are the fuzzer's input.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "drivers/base/error.h"
#include "drivers/iso7816/channel.h"

namespace insd::fuzz {

/// What follows the last answer of the input: the card is gone, or it says the same for ever.
enum class WhenUsedUp : std::uint8_t { REMOVED, REPEAT };

/// Each answer takes two bytes of the input as its length (up to 1023, so that over-long answers occur), then
/// that many bytes.
class FuzzedChannel final : public iso7816::Channel {
 public:
  explicit FuzzedChannel(ByteView input, WhenUsedUp when_used_up = WhenUsedUp::REMOVED,
                         int most_exchanges = 2000)
      : input_(input), when_used_up_(when_used_up), most_exchanges_(most_exchanges) {}

  Bytes exchange(ByteView command) override {
    require_a_command(command);
    if (command[1] == 0x20 && command.size() > 5) ++pins_sent_;
    if (++exchanges_ > most_exchanges_) __builtin_trap();  // a driver without a bound is a finding
    if (input_.size() >= 2) {
      const std::size_t announced = (static_cast<std::size_t>(input_[0]) << 8U | input_[1]) & 0x3FFU;
      input_ = input_.subspan(2);
      last_ = input_.first(std::min(announced, input_.size()));
      input_ = input_.subspan(last_.size());
    } else if (when_used_up_ == WhenUsedUp::REMOVED) {
      throw Error(Code::CARD_REMOVED);
    }
    if (last_.size() < 2) throw Error(Code::CARD_PROTOCOL);  // as the contract of Channel says
    return {last_.begin(), last_.end()};
  }

  [[nodiscard]] int exchanges() const { return exchanges_; }
  [[nodiscard]] int pins_sent() const { return pins_sent_; }  ///< VERIFY with data

 private:
  // A T=0 command: five bytes, or those and as much data as the fifth says.
  static void require_a_command(ByteView command) {
    constexpr std::size_t kHeader = 5;
    if (command.size() < kHeader) __builtin_trap();
    if (command.size() > kHeader && command.size() != kHeader + command[4]) __builtin_trap();
  }

  ByteView input_, last_;
  const WhenUsedUp when_used_up_;
  const int most_exchanges_;
  int exchanges_ = 0, pins_sent_ = 0;
};

}  // namespace insd::fuzz
