// SPDX-License-Identifier: Apache-2.0
// A card whose answers are the fuzzer's input.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "drivers/base/error.h"
#include "drivers/iso7816/channel.h"

namespace insd::fuzz {

/// Each answer takes two bytes of the input as its length (up to 1023, so that over-long answers occur), then
/// that many bytes. When the input is used up the card has been taken out.
class FuzzedChannel final : public iso7816::Channel {
 public:
  explicit FuzzedChannel(ByteView input) : input_(input) {}

  Bytes exchange(ByteView command) override {
    if (command.empty() || ++exchanges_ > kMostExchanges)
      __builtin_trap();  // a driver without a bound is a finding
    if (input_.size() < 2) throw Error(Code::CARD_REMOVED);
    const std::size_t announced = (static_cast<std::size_t>(input_[0]) << 8U | input_[1]) & 0x3FFU;
    input_ = input_.subspan(2);
    const auto answer = input_.first(std::min(announced, input_.size()));
    input_ = input_.subspan(answer.size());
    if (answer.size() < 2) throw Error(Code::CARD_PROTOCOL);  // as the contract of Channel says
    return {answer.begin(), answer.end()};
  }

 private:
  static constexpr int kMostExchanges = 2000;
  ByteView input_;
  int exchanges_ = 0;
};

}  // namespace insd::fuzz
