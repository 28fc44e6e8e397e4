// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/insi/instant.h"

#include <cstdio>
#include <string>

namespace sim {
namespace {

constexpr std::chrono::minutes kTolerance{20};  // what the conformity test of the Vitale assertion waits for

}  // namespace

std::optional<std::chrono::sys_seconds> parse_instant(std::string_view text) {
  const std::string copy(text.substr(0, 64));
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, used = 0;
  if (std::sscanf(copy.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute, &second,
                  &used) != 6 ||
      used != 19) {
    return std::nullopt;
  }
  std::size_t at = 19;
  if (at < copy.size() && copy[at] == '.') at = copy.find_first_not_of("0123456789", at + 1);
  if (at == std::string::npos) return std::nullopt;
  std::chrono::minutes offset{0};
  if (copy.substr(at) != "Z") {
    char sign = 0;
    int hours = 0, minutes = 0;
    if (std::sscanf(copy.c_str() + at, "%c%2d:%2d", &sign, &hours, &minutes) != 3 || copy.size() != at + 6) {
      return std::nullopt;
    }
    offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
    if (sign == '-') offset = -offset;
    if (sign != '-' && sign != '+') return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) - offset;
}

std::string stale(std::string_view text) {
  const auto instant = parse_instant(text);
  if (!instant) return "is no instant";
  const auto now = std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
  if (*instant > now + kTolerance) return "is more than 20 minutes ahead";
  if (*instant < now - kTolerance) return "is more than 20 minutes old";
  return {};
}

}  // namespace sim
