// SPDX-License-Identifier: Apache-2.0
// Byte strings as they travel between cards, tokens and the daemon.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace insd {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// Upper-case hexadecimal without separators.
std::string to_hex(ByteView bytes);

/// The inverse of to_hex(); spaces are skipped. Throws Error(INVALID_ARGUMENT) on anything else.
Bytes from_hex(std::string_view text);

/// A view on the characters of `text`; it lives as long as they do.
inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// ISO 8859-1 (the cards' alphabet) to UTF-8: a total function, every byte has a character.
std::string latin1_to_utf8(ByteView bytes);

/// `text` fit for a log line or an error: control characters, bidirectional marks and invalid UTF-8 become
/// '?', and what is longer than `max_bytes` is cut.
std::string printable(std::string_view text, std::size_t max_bytes = 200);

}  // namespace insd
