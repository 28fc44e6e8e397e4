// SPDX-License-Identifier: Apache-2.0
// From UTF-8 to the 29 characters INSi accepts in a name: A-Z, space, apostrophe, hyphen (specs:
// ins-rules 1.7).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace insd::identity {

/// Upper case; accents removed (composed or combining); Æ AE, Œ OE, Ĳ IJ, Þ TH, Ø O, Ð and Đ D, Ł L;
/// typographic apostrophes and hyphens to the ASCII ones; no-break spaces to a space. Nothing when one
/// character has no equivalent (digits, symbols, other scripts, ß, whose equivalent no rule defines) or when
/// the text is not valid UTF-8: a character is never dropped.
std::optional<std::string> transliterate(std::string_view utf8);

}  // namespace insd::identity
