// SPDX-License-Identifier: Apache-2.0
#include "daemon/insi/identifiers.h"

#include <array>
#include <ctime>

#include <openssl/rand.h>

#include "drivers/base/bytes.h"
#include "drivers/base/error.h"

namespace insd::insi {

std::string make_uuid() {
  std::array<std::uint8_t, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    throw Error(Code::INTERNAL, "no random bytes");
  bytes[6] = static_cast<std::uint8_t>(0x40U | (bytes[6] & 0x0FU));
  bytes[8] = static_cast<std::uint8_t>(0x80U | (bytes[8] & 0x3FU));
  std::string text;
  for (const char c : to_hex(bytes)) text.push_back(c >= 'A' ? static_cast<char>(c - 'A' + 'a') : c);
  for (const std::size_t dash : {8U, 13U, 18U, 23U}) text.insert(dash, 1, '-');
  return text;
}

std::string utc_milliseconds(Clock::Wall time) {
  const auto whole = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(whole);
  const std::time_t count = std::chrono::system_clock::to_time_t(seconds);
  std::tm parts{};
  gmtime_r(&count, &parts);
  std::array<char, 32> day{};
  const std::size_t length = std::strftime(day.data(), day.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  const std::string milliseconds = std::to_string(1000 + (whole - seconds).count()).substr(1);
  return std::string(day.data(), length) + "." + milliseconds + "Z";
}

}  // namespace insd::insi
