// SPDX-License-Identifier: Apache-2.0
// What a terminal may be shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace insd::cli {

/// `text` (UTF-8) with everything that could act on a terminal or reorder a line made harmless: control
/// characters (C0, DEL, C1) and bidirectional marks become '?'. Card and service texts are printed through
/// this only.
std::string printable(std::string_view text);

/// `text` followed by blanks up to `width` characters; a longer text is left as it is.
std::string padded(std::string_view text, std::size_t width);

}  // namespace insd::cli
