// SPDX-License-Identifier: Apache-2.0
// Scanner input: any bytes give a whole reading of bounded fields, or INVALID_ARGUMENT; nothing else.
#include <string_view>

#include "daemon/identity/matricule.h"
#include "daemon/render/datamatrix.h"
#include "drivers/base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto scanned = insd::render::parse_datamatrix({reinterpret_cast<const char*>(data), size});
    const bool whole = insd::identity::key_matches({scanned.number, scanned.key}) &&
                       !scanned.birth_name.empty() && scanned.birth_name.size() <= 100 &&
                       !scanned.given_names.empty() && scanned.given_names.size() <= 100 &&
                       scanned.birth_date.size() == 10 && scanned.birth_place.size() % 5 == 0;
    if (!whole) __builtin_trap();
  } catch (const insd::Error& error) {
    if (error.code() != insd::Code::INVALID_ARGUMENT) __builtin_trap();
  }
  return 0;
}
