// SPDX-License-Identifier: Apache-2.0
#include "drivers/base/random.h"

#include <algorithm>

#include <sys/random.h>

#include "drivers/base/error.h"

namespace insd {

Bytes random_bytes(std::size_t count) {
  Bytes bytes(count);
  // Up to 256 bytes are never cut short (getrandom(2)).
  if (count > 256 || getrandom(bytes.data(), count, 0) != static_cast<ssize_t>(count)) {
    throw Error(Code::INTERNAL, "no random bytes");
  }
  return bytes;
}

std::string random_hex(std::size_t count) {
  std::string text = to_hex(random_bytes(count));
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

}  // namespace insd
