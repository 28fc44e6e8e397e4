// SPDX-License-Identifier: Apache-2.0
// Reassembly of answers (61xx, 6Cxx, READ BINARY in pieces) with a card that answers anything: within the
// promised count and bytes an answer, or an error of the card; every command sent is one that a card may get.
#include "drivers/iso7816/files.h"
#include "tests/fuzz/channel.h"

namespace {

using insd::ByteView;
using insd::Code;
using insd::iso7816::Command;
using insd::iso7816::Limits;

constexpr std::size_t kHeader = 6;           // what the first bytes of an input choose
constexpr std::size_t kAddressable = 32768;  // READ BINARY has 15 bits of offset
constexpr int kMostForAFile = 128 * 40;      // as many pieces, each with a whole chain

std::size_t word(ByteView bytes, std::size_t at) {
  return static_cast<std::size_t>(bytes[at]) << 8U | bytes[at + 1];
}

void require(bool promise) {
  if (!promise) __builtin_trap();
}

void one_command(ByteView choice, insd::fuzz::FuzzedChannel& card) {
  Command command{.cla = 0x00, .ins = choice[1], .p1 = 0, .p2 = 0, .data = {}, .le = {}};
  command.data.assign(choice[2], 0x55);
  if (choice[2] == 0 && choice[3] != 0) command.le = choice[3];
  const Limits limits{.max_exchanges = 1 + choice[4] % 64, .max_bytes = choice[5] * std::size_t{16}};
  try {
    const auto answer = insd::iso7816::transmit(card, command, limits);
    require(answer.data.size() <= limits.max_bytes);
    require(answer.sw >> 8U != 0x61);
  } catch (const insd::Error& error) {
    require(error.code() == Code::CARD_PROTOCOL || error.code() == Code::CARD_REMOVED);
  }
  require(card.exchanges() <= limits.max_exchanges);
}

void whole_file(ByteView choice, insd::fuzz::FuzzedChannel& card) {
  insd::iso7816::ReadOptions options{.sfi = {}, .known_size = {}, .max_bytes = word(choice, 4)};
  if (const auto sfi = static_cast<std::uint8_t>(choice[1] % 31); sfi != 0) options.sfi = sfi;
  if (const auto size = word(choice, 2); size != 0) options.known_size = size;
  try {
    const auto content = insd::iso7816::read_binary(card, options);
    require(content.size() <=
            std::min({options.max_bytes, options.known_size.value_or(kAddressable), kAddressable}));
  } catch (const insd::Error& error) {
    require(error.entry().layer == insd::Layer::CARD || error.code() == Code::CARD_REMOVED ||
            error.code() == Code::NOT_FOUND);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < kHeader) return 0;
  const ByteView input(data, size), choice = input.first(kHeader);
  using insd::fuzz::WhenUsedUp;
  insd::fuzz::FuzzedChannel card(input.subspan(kHeader),
                                 (choice[0] & 2U) != 0 ? WhenUsedUp::REPEAT : WhenUsedUp::REMOVED,
                                 kMostForAFile);
  if ((choice[0] & 1U) == 0) {
    one_command(choice, card);
  } else {
    whole_file(choice, card);
  }
  return 0;
}
