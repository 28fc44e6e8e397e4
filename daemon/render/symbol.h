// SPDX-License-Identifier: Apache-2.0
// A datamatrix symbol (ISO/IEC 16022, square ECC 200) by libzint, and pictures of it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace insd::render {

/// The modules of a square symbol, without its quiet zone.
struct Symbol {
  std::size_t size = 0;    ///< modules a side
  std::vector<bool> dark;  ///< size x size, row by row

  [[nodiscard]] bool at(std::size_t row, std::size_t column) const { return dark.at(row * size + column); }
};

/// Light modules around a symbol; the standard wants at least one.
inline constexpr std::size_t kQuietZone = 2;

inline constexpr unsigned kMostModulePixels = 20;

/// Throws INTERNAL when libzint refuses. It chooses the encodation itself: the header is not forced into C40.
Symbol datamatrix_symbol(std::string_view payload);

/// A greyscale PNG with the quiet zone; `test` writes TEST under the symbol. Module side 1..20 pixels.
std::string symbol_png(const Symbol& symbol, unsigned module_pixels, bool test);

/// The dark modules as an SVG path, one unit a module, its corner at (x, y).
std::string symbol_path(const Symbol& symbol, std::size_t x, std::size_t y);

}  // namespace insd::render
