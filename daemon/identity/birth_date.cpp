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

}  // namespace insd::identity
