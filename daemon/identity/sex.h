// SPDX-License-Identifier: Apache-2.0
// Sex, as INSi knows it: M or F, in questions and in answers. "Indeterminate" exists only in local systems
// and cannot be searched (specs: ins-rules 1.6).
#pragma once

#include <cstdint>
#include <string_view>

namespace insd::identity {

enum class Sex : std::uint8_t { UNSPECIFIED, FEMALE, MALE, INDETERMINATE };

/// Exactly "F" or "M"; UNSPECIFIED for anything else.
Sex parse_sex(std::string_view letter);

/// "F" or "M"; empty for what INSi does not know.
std::string_view to_letter(Sex sex);

/// Exactly "F", "M" or "I"; UNSPECIFIED for anything else.
Sex parse_local_sex(std::string_view letter);

/// "F", "M" or "I"; empty for UNSPECIFIED.
std::string_view to_local_letter(Sex sex);

}  // namespace insd::identity
