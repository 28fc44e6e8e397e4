// SPDX-License-Identifier: Apache-2.0
#include "daemon/insi/http_date.h"

#include <array>
#include <charconv>

namespace insd::insi {
namespace {

// Nothing unless every character is a digit.
std::optional<unsigned> digits(std::string_view text) {
  unsigned value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<Clock::Wall> parse_http_date(std::string_view text) {
  using namespace std::chrono;
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr std::string_view kForm = "Sun, 06 Nov 1994 08:49:37 GMT";
  if (text.size() != kForm.size() || text.substr(3, 2) != ", " || text.substr(25) != " GMT")
    return std::nullopt;
  for (const std::size_t at : {7U, 11U, 16U}) {
    if (text[at] != ' ') return std::nullopt;
  }
  unsigned month = 0;
  while (month < kMonths.size() && kMonths[month] != text.substr(8, 3)) ++month;
  const auto day_number = digits(text.substr(5, 2));
  const auto year_number = digits(text.substr(12, 4));
  const auto hour = digits(text.substr(17, 2));
  const auto minute = digits(text.substr(20, 2));
  const auto second = digits(text.substr(23, 2));
  if (month == kMonths.size() || !day_number || !year_number || !hour || !minute || !second)
    return std::nullopt;
  const year_month_day date(year(static_cast<int>(*year_number)), std::chrono::month(month + 1),
                            day(*day_number));
  // Within what a clock in nanoseconds can hold.
  if (!date.ok() || *year_number < 1970 || *year_number > 2200 || *hour > 23 || *minute > 59 ||
      *second > 60) {
    return std::nullopt;
  }
  return sys_days(date) + hours(*hour) + minutes(*minute) + seconds(*second);
}

std::optional<std::chrono::seconds> clock_skew(std::string_view date, Clock::Wall asked,
                                               Clock::Wall answered) {
  using std::chrono::seconds;
  const auto theirs = parse_http_date(date);
  if (!theirs) return std::nullopt;
  // The header has whole seconds: it was written up to a second later than it says.
  if (*theirs + seconds(1) < asked) return std::chrono::duration_cast<seconds>(*theirs + seconds(1) - asked);
  if (*theirs > answered) return std::chrono::duration_cast<seconds>(*theirs - answered);
  return seconds(0);
}

}  // namespace insd::insi
