// SPDX-License-Identifier: Apache-2.0
// Bytes, hex and BER-TLV writing for the simulated cards. The simulators share no code with what they judge.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace insd::simcard {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// Upper-case hex without separators.
std::string to_hex(ByteView bytes);

/// Spaces are allowed between bytes. Throws std::invalid_argument on anything else that is not hex.
Bytes from_hex(std::string_view text);

Bytes from_text(std::string_view text);

/// `first` and then `second`.
Bytes operator+(Bytes first, ByteView second);

/// One BER-TLV object; a tag of up to three bytes as it is written (0x7F41 is 7F 41), definite length.
Bytes tlv(std::uint32_t tag, ByteView value);

struct TlvItem {
  std::uint32_t tag;
  ByteView value;
};

/// The objects of a command's data field, one level, one-byte tags and lengths; an empty list when malformed.
std::vector<TlvItem> parse_simple_tlvs(ByteView data);

}  // namespace insd::simcard
