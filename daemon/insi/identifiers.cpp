// SPDX-License-Identifier: Apache-2.0
#include "daemon/insi/identifiers.h"

#include <array>
#include <ctime>

#include "drivers/base/random.h"

namespace insd::insi {

std::string make_uuid() {
  std::string text = random_hex(16);
  text[12] = '4';                                           // version 4: random
  text[16] = "89ab"[static_cast<unsigned>(text[16]) & 3U];  // variant 10xx of RFC 4122
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
