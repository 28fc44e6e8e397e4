// SPDX-License-Identifier: Apache-2.0
// The one BER-TLV parser of the tree: total, bounded, never recursive on foreign depth.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <vector>

#include "drivers/base/bytes.h"

namespace insd::iso7816 {

/// One element. `value` points into the parsed buffer.
struct Tlv {
  std::uint32_t tag = 0;  ///< the tag's bytes, big-endian: 0x65, 0x7F21, 0x5F37
  ByteView value;
  [[nodiscard]] bool constructed() const;
};

struct TlvOptions {
  std::size_t max_elements = 1024;
  bool zero_padding = true;  ///< stop in peace when only 00 bytes follow
};

/// The elements of one level. Throws CARD_DATA_INVALID: tag 00 or over 4 bytes, length over 3 bytes or
/// indefinite, value past the end, too many elements (T-CARD-06).
std::vector<Tlv> parse_tlv(ByteView bytes, const TlvOptions& options = {});

/// First element with `tag`, or nothing.
std::optional<ByteView> find_tlv(const std::vector<Tlv>& level, std::uint32_t tag);

/// Walks down constructed elements: find_path(bytes, {0x6F, 0x84}). At most 8 levels (INTERNAL beyond);
/// throws as parse_tlv() on a level that is malformed.
std::optional<ByteView> find_path(ByteView bytes, std::initializer_list<std::uint32_t> path);

}  // namespace insd::iso7816
