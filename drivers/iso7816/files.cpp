// SPDX-License-Identifier: Apache-2.0
#include "drivers/iso7816/files.h"

#include <algorithm>

#include "drivers/base/error.h"

namespace insd::iso7816 {
namespace {

constexpr std::size_t kMaxPiece = 256;
// Bit 8 of P1 announces a short id, so an offset has 15 bits: byte 32767 is the last one that can be named.
constexpr std::size_t kAddressable = 32768;

constexpr std::uint16_t kEndOfFile = 0x6282;
constexpr std::uint16_t kOffsetOutside = 0x6B00;

Command read_command(const ReadOptions& options, std::size_t offset, std::size_t want) {
  Command command{.cla = 0x00, .ins = 0xB0, .p1 = 0, .p2 = 0, .data = {}, .le = {}};
  if (offset == 0 && options.sfi) {
    command.p1 = static_cast<std::uint8_t>(0x80U | *options.sfi);
  } else {
    command.p1 = static_cast<std::uint8_t>(offset >> 8U);
    command.p2 = static_cast<std::uint8_t>(offset & 0xFFU);
  }
  command.le = static_cast<std::uint16_t>(want);
  return command;
}

}  // namespace

Bytes read_binary(Channel& channel, const ReadOptions& options) {
  if (options.sfi && (*options.sfi < 1 || *options.sfi > 30)) {
    throw Error(Code::INTERNAL, "a short file id outside 1..30");
  }
  const std::size_t size =
      std::min({options.max_bytes, options.known_size.value_or(options.max_bytes), kAddressable});
  Bytes content;
  // Each round adds at least one byte or leaves, so a card can prolong this only by what it delivers.
  while (content.size() < size) {
    const std::size_t want = std::min(kMaxPiece, size - content.size());
    const Response answer = transmit(channel, read_command(options, content.size(), want));
    // At offset 0 with a short id, 6B00 means that the card does not know short ids.
    if (answer.sw == kOffsetOutside && (!content.empty() || !options.sfi)) return content;
    if (!answer.ok() && answer.sw != kEndOfFile) throw sw_error(answer.sw, "READ BINARY");
    if (answer.ok() && answer.data.empty() && content.empty()) {
      throw Error(Code::CARD_PROTOCOL, "READ BINARY: success without data");
    }
    // A 6Cxx may have asked for more than `want`: the file is longer than `size`, and that part is not
    // wanted.
    const auto taken = static_cast<std::ptrdiff_t>(std::min(want, answer.data.size()));
    content.insert(content.end(), answer.data.begin(), answer.data.begin() + taken);
    if (answer.sw == kEndOfFile || answer.data.size() < want) return content;
  }
  return content;
}

}  // namespace insd::iso7816
