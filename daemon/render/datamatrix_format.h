// SPDX-License-Identifier: Apache-2.0
// The constants of the INS datamatrix that its writer and its reader share (specs: ins-rules 5).
#pragma once

#include <cstddef>
#include <string_view>

namespace insd::render {

/// "IS", version 01, and 22 reserved zeros where a 2D-Doc has its certificate, dates and type: no signature.
inline constexpr std::string_view kHeader = "IS010000000000000000000000";
inline constexpr char kSeparator = '\x1D';
inline constexpr std::size_t kMostName = 100;
inline constexpr std::size_t kMostOid = 20;

constexpr bool is_name_character(char c) {
  return (c >= 'A' && c <= 'Z') || c == ' ' || c == '\'' || c == '-';
}

}  // namespace insd::render
