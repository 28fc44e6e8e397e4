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

}  // namespace insd::identity
