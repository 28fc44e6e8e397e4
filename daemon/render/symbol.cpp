// SPDX-License-Identifier: Apache-2.0
#include "daemon/render/symbol.h"

#include <array>
#include <cstdint>
#include <memory>

#include <png.h>
#include <zint.h>

#include "drivers/base/error.h"

namespace insd::render {
namespace {

struct ZintDeleter {
  void operator()(zint_symbol* symbol) const { ZBarcode_Delete(symbol); }
};

constexpr std::size_t kLargestSide = 144;  // of ECC 200

constexpr std::size_t kLetterWidth = 5;
constexpr std::size_t kLetterHeight = 7;
using Letter = std::array<std::uint8_t, kLetterHeight>;  // five bits a row
constexpr Letter kT = {0b11111, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100};
constexpr Letter kE = {0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b11111};
constexpr Letter kS = {0b01111, 0b10000, 0b10000, 0b01110, 0b00001, 0b00001, 0b11110};
constexpr std::array kTest = {kT, kE, kS, kT};

class Picture {
 public:
  Picture(std::size_t width, std::size_t height, std::size_t scale)
      : width_(width * scale), height_(height * scale), scale_(scale), grey_(width_ * height_, 255) {}

  // One module, in modules.
  void set(std::size_t row, std::size_t column) {
    for (std::size_t y = row * scale_; y < (row + 1) * scale_; ++y) {
      for (std::size_t x = column * scale_; x < (column + 1) * scale_; ++x) grey_.at(y * width_ + x) = 0;
    }
  }

  [[nodiscard]] std::string png() const {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.width = static_cast<png_uint_32>(width_);
    image.height = static_cast<png_uint_32>(height_);
    image.format = PNG_FORMAT_GRAY;
    image.flags = PNG_IMAGE_FLAG_FAST;
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
    std::string out(size, '\0');
    if (png_image_write_to_memory(&image, out.data(), &size, 0, grey_.data(), 0, nullptr) == 0) {
      throw Error(Code::INTERNAL, std::string("libpng: ") + image.message);
    }
    out.resize(size);
    return out;
  }

 private:
  std::size_t width_, height_, scale_;
  std::vector<std::uint8_t> grey_;
};

void write_test(Picture& picture, std::size_t top, std::size_t left) {
  for (const Letter& letter : kTest) {
    for (std::size_t row = 0; row < kLetterHeight; ++row) {
      for (std::size_t column = 0; column < kLetterWidth; ++column) {
        if ((letter.at(row) >> (kLetterWidth - 1 - column) & 1U) != 0) picture.set(top + row, left + column);
      }
    }
    left += kLetterWidth + 1;
  }
}

}  // namespace

Symbol datamatrix_symbol(std::string_view payload) {
  const std::unique_ptr<zint_symbol, ZintDeleter> zint(ZBarcode_Create());
  if (zint == nullptr) throw Error(Code::INTERNAL, "libzint has no symbol");
  zint->symbology = BARCODE_DATAMATRIX;
  zint->input_mode = DATA_MODE;
  zint->option_3 = DM_SQUARE;
  const std::vector<unsigned char> bytes(payload.begin(), payload.end());
  const int refusal = ZBarcode_Encode(zint.get(), bytes.data(), static_cast<int>(bytes.size()));
  if (refusal >= ZINT_ERROR) throw Error(Code::INTERNAL, "libzint: code " + std::to_string(refusal));
  const auto size = static_cast<std::size_t>(zint->width);
  if (zint->width <= 0 || zint->rows != zint->width || size > kLargestSide) {
    throw Error(Code::INTERNAL, "libzint gave no square symbol");
  }
  Symbol symbol{size, std::vector<bool>(size * size)};
  for (std::size_t row = 0; row < size; ++row) {
    for (std::size_t column = 0; column < size; ++column) {
      symbol.dark[row * size + column] = (zint->encoded_data[row][column / 8] >> (column % 8) & 1) != 0;
    }
  }
  return symbol;
}

std::string symbol_png(const Symbol& symbol, unsigned module_pixels, bool test) {
  if (module_pixels == 0 || module_pixels > kMostModulePixels) {
    throw Error(Code::INVALID_ARGUMENT).with_field("module_pixels", "is not 1 to 20");
  }
  constexpr std::size_t kTestWidth = kTest.size() * (kLetterWidth + 1) - 1;
  const std::size_t side = symbol.size + 2 * kQuietZone;
  const std::size_t width = test ? std::max(side, kTestWidth + 2 * kQuietZone) : side;
  Picture picture(width, side + (test ? kLetterHeight + kQuietZone : 0), module_pixels);
  for (std::size_t row = 0; row < symbol.size; ++row) {
    for (std::size_t column = 0; column < symbol.size; ++column) {
      if (symbol.at(row, column)) picture.set(row + kQuietZone, column + kQuietZone);
    }
  }
  if (test) write_test(picture, side, kQuietZone);
  return picture.png();
}

std::string symbol_path(const Symbol& symbol, std::size_t x, std::size_t y) {
  std::string path;
  for (std::size_t row = 0; row < symbol.size; ++row) {
    for (std::size_t column = 0; column < symbol.size;) {
      std::size_t end = column;
      while (end < symbol.size && symbol.at(row, end)) ++end;
      if (end > column) {
        const std::string run = std::to_string(end - column);
        path +=
            "M" + std::to_string(x + column) + " " + std::to_string(y + row) + "h" + run + "v1h-" + run + "z";
      }
      column = std::max(end, column + 1);
    }
  }
  return path;
}

}  // namespace insd::render
