// SPDX-License-Identifier: Apache-2.0
#include "daemon/journal/chain.h"

namespace insd::journal {
namespace {

void append_number(Bytes& out, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(number >> shift));
}

// Type and length first: no two different records are the same bytes.
void append(Bytes& out, const Value& value) {
  out.push_back(static_cast<std::uint8_t>(value.index()));
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    append_number(out, static_cast<std::uint64_t>(*number));
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    append_number(out, text->size());
    const ByteView bytes = as_bytes(*text);
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
}

}  // namespace

Bytes first_link() {
  return Bytes(kLinkBytes, 0);
}

Bytes link(const keys::SiteKey& key, ByteView previous, const Record& record) {
  const ByteView domain = as_bytes("insd audit record 1");
  Bytes data(domain.begin(), domain.end());
  data.push_back(0);
  data.insert(data.end(), previous.begin(), previous.end());
  // Columns that later versions append are not in the bytes while they are null: old links stay what they
  // were.
  std::size_t used = record.size();
  while (used > 0 && std::holds_alternative<std::monostate>(record[used - 1])) --used;
  append_number(data, used);
  for (std::size_t column = 0; column < used; ++column) append(data, record[column]);
  return keys::hmac(key, data);
}

}  // namespace insd::journal
