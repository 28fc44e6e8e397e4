// SPDX-License-Identifier: Apache-2.0
// Birth dates. They are strings from end to end: a civil status may say month 0, day 0 or month 42 ("lunar"
// dates, specs: ins-rules 4), which no calendar type can hold, and INSi wants what the card or the register
// says.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace insd::identity {

/// The form AAAA-MM-JJ: ten characters, digits and two hyphens. Not necessarily a day that ever was.
bool is_birth_date(std::string_view text);

/// AAAAMMJJ (a Vitale card) to AAAA-MM-JJ, the parts untouched; nothing unless it is eight digits.
std::optional<std::string> birth_date_from_card(std::string_view text);

/// True when AAAA-MM-JJ is also a day of the Gregorian calendar. For hints to a person only: never a reason
/// to refuse.
bool is_calendar_date(std::string_view text);

/// The birth date of the health identity (EXI ID 11): a day unknown is the first, a month unknown January,
/// both unknown 31 December. A month or a day that the calendar does not have counts as unknown (INFERRED for
/// pseudo-months and 30 February).
struct CompletedDate {
  std::string date;          ///< AAAA-MM-JJ, a day of the calendar
  bool interpreted = false;  ///< not what the civil status says: to be marked (EXI ID 12)
};

/// Nothing when the text is no birth date, or for the year 0000: then a person estimates the year.
std::optional<CompletedDate> complete_birth_date(std::string_view text);

/// Under 18 on `today` (AAAA-MM-JJ)? False when that cannot be known.
bool is_minor(std::string_view birth_date, std::string_view today);

}  // namespace insd::identity
