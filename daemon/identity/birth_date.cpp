// SPDX-License-Identifier: Apache-2.0
#include "daemon/identity/birth_date.h"

#include <algorithm>
#include <chrono>

namespace insd::identity {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

unsigned to_number(std::string_view digits) {
  unsigned value = 0;
  for (const char c : digits) value = value * 10 + static_cast<unsigned>(c - '0');
  return value;
}

}  // namespace

bool is_birth_date(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-dd";
  return std::ranges::equal(text, kShape,
                            [](char c, char shape) { return shape == 'd' ? is_digit(c) : c == shape; });
}

std::optional<std::string> birth_date_from_card(std::string_view text) {
  if (text.size() != 8 || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  std::string date(text);
  date.insert(6, 1, '-');
  date.insert(4, 1, '-');
  return date;
}

bool is_calendar_date(std::string_view text) {
  if (!is_birth_date(text)) return false;
  return std::chrono::year_month_day(std::chrono::year(static_cast<int>(to_number(text.substr(0, 4)))),
                                     std::chrono::month(to_number(text.substr(5, 2))),
                                     std::chrono::day(to_number(text.substr(8, 2))))
      .ok();
}

std::optional<CompletedDate> complete_birth_date(std::string_view text) {
  if (!is_birth_date(text) || text.starts_with("0000")) return std::nullopt;
  if (is_calendar_date(text)) return CompletedDate{std::string(text), false};
  const std::string year(text.substr(0, 4));
  const std::string_view month = text.substr(5, 2);
  const std::string_view day = text.substr(8, 2);
  const bool month_known = to_number(month) >= 1 && to_number(month) <= 12;
  const bool day_known = to_number(day) >= 1 && to_number(day) <= 31;
  std::string date = year + "-12-31";
  if (month_known) {
    date = year + '-' + std::string(month) + "-01";
  } else if (day_known) {
    date = year + "-01-" + std::string(day);
  }
  return CompletedDate{std::move(date), true};
}

bool is_minor(std::string_view birth_date, std::string_view today) {
  const auto born = complete_birth_date(birth_date);
  if (!born || !is_calendar_date(today)) return false;
  // Both of one fixed form: the order of the texts is that of the days. 29 February comes of age on 1 March.
  const unsigned of_age = to_number(std::string_view(born->date).substr(0, 4)) + 18;
  std::string day = std::to_string(of_age);
  day.insert(0, 4 - std::min<std::size_t>(day.size(), 4), '0');
  return today < day + born->date.substr(4);
}

}  // namespace insd::identity
