// SPDX-License-Identifier: Apache-2.0
#include "drivers/iso7816/tlv.h"

#include <algorithm>

#include "drivers/base/error.h"

namespace insd::iso7816 {
namespace {

constexpr std::size_t kMaxTagBytes = 4;
constexpr std::size_t kMaxLengthBytes = 3;
constexpr std::size_t kMaxLevels = 8;

Error invalid(std::string text) {
  return Error(Code::CARD_DATA_INVALID, "TLV: " + std::move(text));
}

// A place in the bytes that cannot leave them.
class Cursor {
 public:
  explicit Cursor(ByteView bytes) : rest_(bytes) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] bool only_zeros() const {
    return std::all_of(rest_.begin(), rest_.end(), [](std::uint8_t byte) { return byte == 0; });
  }

  std::uint8_t byte(const char* what) {
    if (rest_.empty()) throw invalid(std::string("the end came inside a ") + what);
    const std::uint8_t first = rest_.front();
    rest_ = rest_.subspan(1);
    return first;
  }

  ByteView take(std::size_t size) {
    if (size > rest_.size()) throw invalid("a value past the end");
    const ByteView taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }

 private:
  ByteView rest_;
};

std::uint32_t read_tag(Cursor& cursor) {
  std::uint32_t tag = cursor.byte("tag");
  if (tag == 0) throw invalid("tag 00");
  if ((tag & 0x1FU) != 0x1FU) return tag;
  for (std::size_t count = 1; count < kMaxTagBytes; ++count) {
    const std::uint8_t next = cursor.byte("tag");
    tag = tag << 8U | next;
    if ((next & 0x80U) == 0) return tag;
  }
  throw invalid("a tag of more than four bytes");
}

std::size_t read_length(Cursor& cursor) {
  const std::uint8_t first = cursor.byte("length");
  if (first < 0x80) return first;
  const std::size_t count = first & 0x7FU;
  if (count == 0) throw invalid("an indefinite length");
  if (count > kMaxLengthBytes) throw invalid("a length of more than three bytes");
  std::size_t length = 0;
  for (std::size_t i = 0; i < count; ++i) length = length << 8U | cursor.byte("length");
  return length;
}

}  // namespace

bool Tlv::constructed() const {
  std::uint32_t first = tag;
  while (first > 0xFF) first >>= 8U;
  return (first & 0x20U) != 0;
}

std::vector<Tlv> parse_tlv(ByteView bytes, const TlvOptions& options) {
  std::vector<Tlv> elements;
  Cursor cursor(bytes);
  while (!cursor.at_end()) {
    if (options.zero_padding && cursor.only_zeros()) break;
    if (elements.size() == options.max_elements) throw invalid("too many elements");
    const std::uint32_t tag = read_tag(cursor);
    const std::size_t length = read_length(cursor);
    elements.push_back({tag, cursor.take(length)});
  }
  return elements;
}

std::optional<ByteView> find_tlv(const std::vector<Tlv>& level, std::uint32_t tag) {
  for (const Tlv& element : level) {
    if (element.tag == tag) return element.value;
  }
  return std::nullopt;
}

std::optional<ByteView> find_path(ByteView bytes, std::initializer_list<std::uint32_t> path) {
  if (path.size() > kMaxLevels) throw Error(Code::INTERNAL, "a TLV path of more than eight levels");
  ByteView here = bytes;
  bool descend = true;
  for (const std::uint32_t tag : path) {
    if (!descend) return std::nullopt;
    const auto level = parse_tlv(here);
    const auto found = std::find_if(level.begin(), level.end(), [&](const Tlv& e) { return e.tag == tag; });
    if (found == level.end()) return std::nullopt;
    here = found->value;
    descend = found->constructed();
  }
  return here;
}

}  // namespace insd::iso7816
