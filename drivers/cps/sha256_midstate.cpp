// SPDX-License-Identifier: Apache-2.0
#include "drivers/cps/sha256_midstate.h"

#include <openssl/sha.h>

#include "drivers/base/error.h"

namespace insd::cps {
namespace {

void append_big_endian(Bytes& to, std::uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    to.push_back(static_cast<std::uint8_t>(value >> shift & 0xFFU));
  }
}

}  // namespace

// OpenSSL's EVP layer cannot give the state of an unfinished hash; the deprecated structure can.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
Sha256Midstate sha256_midstate(ByteView message) {
  const std::size_t whole = message.size() - message.size() % SHA256_CBLOCK;
  Sha256Midstate result{{}, message.subspan(whole)};
  if (whole == 0) return result;
  SHA256_CTX context;
  if (SHA256_Init(&context) != 1 || SHA256_Update(&context, message.data(), whole) != 1) {
    throw Error(Code::INTERNAL, "SHA-256");
  }
  for (const auto word : context.h) append_big_endian(result.state, word, 4);
  append_big_endian(result.state, std::uint64_t{whole} * 8, 8);
  return result;
}
#pragma GCC diagnostic pop

}  // namespace insd::cps
