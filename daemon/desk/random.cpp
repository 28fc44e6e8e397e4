// SPDX-License-Identifier: Apache-2.0
#include "daemon/desk/random.h"

#include <algorithm>
#include <cctype>

#include <openssl/rand.h>

#include "drivers/base/bytes.h"
#include "drivers/base/error.h"

namespace insd::desk {

std::string random_hex(std::size_t bytes) {
  Bytes raw(bytes);
  if (RAND_bytes(raw.data(), static_cast<int>(raw.size())) != 1) {
    throw Error(Code::INTERNAL, "no random numbers");
  }
  std::string text = to_hex(raw);
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace insd::desk
