// SPDX-License-Identifier: Apache-2.0
// The Date header of an answer: what the other side's clock says.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "daemon/clock.h"

namespace insd::insi {

/// The clocks may differ by so much before anybody is told: assertions are dated.
inline constexpr std::chrono::seconds kTolerableSkew{60};

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7, the one form that servers may send); nothing for another.
std::optional<Clock::Wall> parse_http_date(std::string_view text);

/// Their clock minus ours, where ours stood between `asked` and `answered` when they wrote `date`: zero when
/// it may have been the same instant.
std::optional<std::chrono::seconds> clock_skew(std::string_view date, Clock::Wall asked,
                                               Clock::Wall answered);

}  // namespace insd::insi
