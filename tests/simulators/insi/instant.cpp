// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/insi/instant.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <string>

namespace sim {
namespace {

constexpr std::chrono::minutes kTolerance{20};  // what the conformity test of the Vitale assertion waits for

/// The digits of `text` where `shape` has a 'd', as numbers of two digits each; nothing unless the rest is
/// equal.
template <std::size_t Count>
std::optional<std::array<int, Count>> two_digit_fields(std::string_view text, std::string_view shape) {
  std::array<int, Count> fields{};
  std::size_t digits = 0;
  if (text.size() != shape.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (shape[i] != 'd') {
      if (text[i] != shape[i]) return std::nullopt;
      continue;
    }
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    auto& field = fields[digits++ / 2];
    field = field * 10 + (text[i] - '0');
  }
  return fields;
}

std::optional<std::chrono::minutes> parse_zone(std::string_view text) {
  if (text == "Z") return std::chrono::minutes(0);
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const auto zone = two_digit_fields<2>(text.substr(1), "dd:dd");
  if (!zone) return std::nullopt;
  const auto offset = std::chrono::hours((*zone)[0]) + std::chrono::minutes((*zone)[1]);
  return text[0] == '-' ? -offset : offset;
}

}  // namespace

std::optional<std::chrono::sys_seconds> parse_instant(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  const auto fields = two_digit_fields<7>(text.substr(0, kShape.size()), kShape);
  if (!fields) return std::nullopt;
  auto rest = text.substr(kShape.size());
  if (rest.starts_with('.'))
    rest.remove_prefix(std::min(rest.find_first_not_of("0123456789", 1), rest.size()));
  const auto zone = parse_zone(rest);
  const auto& [century, year, month, day, hour, minute, second] = *fields;
  const std::chrono::year_month_day date{std::chrono::year(century * 100 + year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!zone || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) - *zone;
}

std::chrono::sys_seconds SimClock::now() const {
  return std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now()) + shift;
}

std::string http_date(std::chrono::sys_seconds instant) {
  const auto time = std::chrono::system_clock::to_time_t(instant);
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  std::array<char, 64> text{};  // in the locale "C", which nobody here leaves
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

std::string stale(std::string_view text, std::chrono::sys_seconds now) {
  const auto instant = parse_instant(text);
  if (!instant) return "is no instant";
  if (*instant > now + kTolerance) return "is more than 20 minutes ahead";
  if (*instant < now - kTolerance) return "is more than 20 minutes old";
  return {};
}

}  // namespace sim
