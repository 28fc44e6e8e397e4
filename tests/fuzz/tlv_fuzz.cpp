// SPDX-License-Identifier: Apache-2.0
// BER-TLV: any bytes give elements inside the buffer, or CARD_DATA_INVALID; nothing else.
#include "drivers/base/error.h"
#include "drivers/iso7816/tlv.h"

namespace {

using insd::ByteView;

bool inside(ByteView part, ByteView whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void walk(ByteView bytes, int depth) {
  constexpr int kDeepEnough = 16;
  if (depth == kDeepEnough) return;
  for (const auto& element : insd::iso7816::parse_tlv(bytes)) {
    if (!inside(element.value, bytes) || element.tag == 0) __builtin_trap();
    if (element.constructed()) walk(element.value, depth + 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  try {
    walk(bytes, 0);
    (void)insd::iso7816::find_path(bytes, {0x6F, 0x84});
  } catch (const insd::Error& error) {
    if (error.code() != insd::Code::CARD_DATA_INVALID) __builtin_trap();
  }
  return 0;
}
