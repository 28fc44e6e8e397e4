// SPDX-License-Identifier: Apache-2.0
// Selecting and reading transparent files, bounded.
#pragma once

#include "drivers/iso7816/apdu.h"

namespace insd::iso7816 {

/// READ BINARY of the whole current (or short-id) file. It ends on a short or empty answer, 6282, 6B00 past
/// the start, `known_size`, `max_bytes`, or at byte 32768, which no short READ BINARY can address. With
/// `known_size` the exact number of bytes is asked for. A first answer 9000 without any byte is
/// CARD_PROTOCOL.
struct ReadOptions {
  std::optional<std::uint8_t> sfi;        ///< 1..30: the first READ selects by short id
  std::optional<std::size_t> known_size;  ///< from the FCP; never trusted above max_bytes
  std::size_t max_bytes = 16384;
};
Bytes read_binary(Channel& channel, const ReadOptions& options = {});

}  // namespace insd::iso7816
