// SPDX-License-Identifier: Apache-2.0
// The birth place: INSEE's "code officiel géographique" (specs: ins-rules 3). Any well-formed code is
// accepted: communes merge, and INSi keeps the code of the day of birth.
#pragma once

#include <string>
#include <string_view>

namespace insd::identity {

/// Five characters: digits, with A or B allowed as the second (2A, 2B). This form is INFERRED: INSi's schema
/// has none for the request.
bool is_cog(std::string_view text);

/// The same with the letter in upper case; any other text as it is.
std::string as_upper_cog(std::string_view text);

/// 99 + three digits of a country, 99999 included.
bool is_foreign(std::string_view cog);

/// 99999, "birth place unknown": a local value that INSi never returns and that no search may carry.
bool is_unknown_place(std::string_view cog);

}  // namespace insd::identity
