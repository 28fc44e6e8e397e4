// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/text.h"

#include <algorithm>
#include <cstdint>

namespace insd::cli {
namespace {

// Length of the UTF-8 sequence at the start of `text`, 0 when there is no valid one; `point` receives its
// code point.
std::size_t decode(std::string_view text, std::uint32_t& point) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) {
    point = lead;
    return 1;
  }
  const std::size_t length = lead >= 0xF0 && lead < 0xF5   ? 4
                             : lead >= 0xE0 && lead < 0xF0 ? 3
                             : lead >= 0xC2 && lead < 0xE0 ? 2
                                                           : 0;
  if (length == 0 || text.size() < length) return 0;
  point = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
    point = (point << 6U) | (byte(i) & 0x3FU);
  }
  return length;
}

bool acts_on_terminal(std::uint32_t point) {
  const bool control = point < 0x20 || (point >= 0x7F && point < 0xA0);
  const bool bidirectional = point == 0x061C || point == 0x200E || point == 0x200F ||
                             (point >= 0x2028 && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069);
  return control || bidirectional;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::uint32_t point = 0;
    const std::size_t length = decode(text, point);
    if (length == 0 || acts_on_terminal(point)) {
      out += '?';
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::string padded(std::string_view text, std::size_t width) {
  const auto characters = static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<std::uint8_t>(c) & 0xC0U) != 0x80U; }));
  std::string out(text);
  if (characters < width) out.append(width - characters, ' ');
  return out;
}

}  // namespace insd::cli
