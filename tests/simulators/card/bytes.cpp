// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/card/bytes.h"

#include <stdexcept>

namespace insd::simcard {
namespace {

int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  throw std::invalid_argument("not hex");
}

}  // namespace

std::string to_hex(ByteView bytes) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const auto byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 0x0F];
  }
  return text;
}

Bytes from_hex(std::string_view text) {
  Bytes bytes;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == ' ' || text[i] == '\n') {
      ++i;
      continue;
    }
    if (i + 1 == text.size()) throw std::invalid_argument("odd number of hex digits");
    bytes.push_back(static_cast<std::uint8_t>(nibble(text[i]) << 4 | nibble(text[i + 1])));
    i += 2;
  }
  return bytes;
}

Bytes from_text(std::string_view text) {
  return {text.begin(), text.end()};
}

Bytes operator+(Bytes first, ByteView second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

Bytes tlv(std::uint32_t tag, ByteView value) {
  Bytes object;
  for (const int shift : {16, 8, 0}) {
    if (tag >> shift != 0) object.push_back(static_cast<std::uint8_t>(tag >> shift));
  }
  const auto length = value.size();
  if (length > 0xFFFF) throw std::invalid_argument("object too long for a card");
  if (length > 0xFF) {
    object.insert(object.end(), {0x82, static_cast<std::uint8_t>(length >> 8)});
  } else if (length > 0x7F) {
    object.push_back(0x81);
  }
  object.push_back(static_cast<std::uint8_t>(length));
  object.insert(object.end(), value.begin(), value.end());
  return object;
}

std::vector<TlvItem> parse_simple_tlvs(ByteView data) {
  std::vector<TlvItem> items;
  while (!data.empty()) {
    if (data.size() < 2 || data.size() - 2 < data[1]) return {};
    items.push_back({data[0], data.subspan(2, data[1])});
    data = data.subspan(2U + data[1]);
  }
  return items;
}

}  // namespace insd::simcard
