// SPDX-License-Identifier: Apache-2.0
#include "drivers/cps/exchange.h"

#include <string>
#include <utility>

#include "drivers/base/error.h"
#include "drivers/iso7816/files.h"

namespace insd::cps {

void select_path(iso7816::Channel& channel, ByteView absolute_path, std::string_view what) {
  const iso7816::Response answer =
      iso7816::transmit(channel, {.cla = 0x00,
                                  .ins = 0xA4,
                                  .p1 = 0x09,
                                  .p2 = 0x0C,
                                  .data = {absolute_path.begin(), absolute_path.end()},
                                  .le = std::nullopt});
  if (answer.ok()) return;
  // "Not here" has several spellings: a Vitale refuses the form of this SELECT, a CPS the file.
  if (answer.sw >> 8U == 0x6A) {
    throw Error(Code::NOT_FOUND, std::string(what) + ": status " + iso7816::sw_text(answer.sw));
  }
  throw iso7816::sw_error(answer.sw, what);
}

Bytes read_file(iso7816::Channel& channel, ByteView absolute_path, std::size_t max_bytes,
                std::string_view what) {
  select_path(channel, absolute_path, what);
  try {
    return iso7816::read_binary(channel,
                                {.sfi = std::nullopt, .known_size = std::nullopt, .max_bytes = max_bytes});
  } catch (Error& error) {
    error.prefix(what);
    throw;
  }
}

void manage_security(iso7816::Channel& channel, std::uint8_t p2, Bytes data, std::string_view what) {
  iso7816::transmit_ok(
      channel, {.cla = 0x00, .ins = 0x22, .p1 = 0x41, .p2 = p2, .data = std::move(data), .le = std::nullopt},
      what);
}

}  // namespace insd::cps
