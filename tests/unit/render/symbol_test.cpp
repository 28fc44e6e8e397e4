// SPDX-License-Identifier: Apache-2.0
// The symbols, read again by ZXing, which shares no code with libzint.
#include "daemon/render/symbol.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>

#include <gtest/gtest.h>
#include <png.h>

#include "daemon/render/cartouche.h"
#include "daemon/render/datamatrix.h"
#include "drivers/base/error.h"
#include "tests/unit/render/subjects.h"

namespace insd::render {
namespace {

using namespace test;

std::string zxing(const std::string& png) {
  const std::string file = std::string(INSD_BUILD_DIR) + "/symbol_test." + std::to_string(getpid()) + ".png";
  std::ofstream(file, std::ios::binary) << png;
  std::string out;
  std::FILE* pipe = popen(("ZXingReader -bytes -format DataMatrix " + file).c_str(), "r");
  std::array<char, 4096> buffer{};
  for (std::size_t got = 0; (got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    out.append(buffer.data(), got);
  }
  pclose(pipe);
  std::remove(file.c_str());
  return out;
}

TEST(Symbol, ZxingReadsTheSameBytes) {
  for (auto each : {garcia(), corse(), qualified()}) {
    for (const bool test : {false, true}) {
      each.test_environment = test;
      const std::string payload = datamatrix_payload(disclose(each, {}));
      EXPECT_EQ(zxing(symbol_png(datamatrix_symbol(payload), 4, test)), payload);
    }
  }
}

// Width and grey pixels of a PNG.
std::pair<std::size_t, std::vector<std::uint8_t>> pixels(const std::string& png) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  EXPECT_NE(png_image_begin_read_from_memory(&image, png.data(), png.size()), 0);
  image.format = PNG_FORMAT_GRAY;
  std::vector<std::uint8_t> grey(PNG_IMAGE_SIZE(image));
  EXPECT_NE(png_image_finish_read(&image, nullptr, grey.data(), 0, nullptr), 0);
  return {image.width, grey};
}

TEST(Symbol, ATestIsMarkedUnderTheSameCode) {
  const Symbol symbol = datamatrix_symbol(datamatrix_payload(disclose(garcia(), {})));
  const auto [width, real] = pixels(symbol_png(symbol, 1, false));
  const auto [marked_width, marked] = pixels(symbol_png(symbol, 1, true));
  ASSERT_EQ(width, marked_width);
  ASSERT_GT(marked.size(), real.size());
  const auto below = marked.begin() + static_cast<std::ptrdiff_t>(real.size());
  EXPECT_TRUE(std::equal(marked.begin(), below, real.begin()));
  EXPECT_GT(std::count(below, marked.end(), 0), 20) << "no letters under the code";
}

TEST(Symbol, TheLargestPayloadIsReadToo) {
  auto large = garcia();
  large.traits.birth_name = std::string(100, 'W');
  large.traits.given_names = std::string(99, 'X');
  validate(large);
  const std::string payload = datamatrix_payload(disclose(large, {}));
  EXPECT_EQ(zxing(symbol_png(datamatrix_symbol(payload), 3, false)), payload);
}

TEST(Symbol, IsSquareWithItsFinderAndItsModulesAreBounded) {
  const Symbol symbol = datamatrix_symbol(datamatrix_payload(disclose(garcia(), {})));
  EXPECT_EQ(symbol.size, 36U);
  for (std::size_t i = 0; i < symbol.size; ++i) {
    EXPECT_TRUE(symbol.at(i, 0));
    EXPECT_TRUE(symbol.at(symbol.size - 1, i));
  }
  EXPECT_THROW(symbol_png(symbol, 0, false), Error);
  EXPECT_THROW(symbol_png(symbol, 21, false), Error);
  EXPECT_THROW(datamatrix_symbol(std::string(4000, 'a')), Error);
}

TEST(Cartouche, SaysTraitsNumberAndCaption) {
  const std::string svg = cartouche_svg(disclose(qualified(), {}));
  for (const char* words :
       {"Nom de naissance : DARK", "Premier prénom : JEANNE", "JEANNE MARIE CECILE", "Sexe : F", "30/05/1960",
        "88154", "2 60 05 88 154 002 33 (NIR)", "INS à scanner"}) {
    EXPECT_NE(svg.find(words), std::string::npos) << words;
  }
  EXPECT_THROW(cartouche_svg(disclose(validated(), {})), Error);
}

TEST(Cartouche, ALabelSaysTheStatusAndMarksAnInterpretedDate) {
  auto each = validated();
  each.traits.birth_date = "1960-05-00";
  validate(each);
  each.attributes.homonym = true;
  const std::string svg = label_svg(disclose(each, {}));
  EXPECT_NE(svg.find("Identité validée, homonyme"), std::string::npos);
  EXPECT_NE(svg.find("01/05/1960 (date interprétée)"), std::string::npos);
  EXPECT_NE(label_svg(disclose(retrieved(), {})).find("Identité récupérée"), std::string::npos);
  EXPECT_NE(label_svg(disclose(provisional(), {})).find("Identité provisoire"), std::string::npos);
}

TEST(Cartouche, HostileNamesStayText) {
  auto hostile = provisional();
  hostile.traits.birth_name = "</text><script>alert('&')</script>" + std::string(300, 'M');
  const std::string svg = label_svg(disclose(hostile, {}));
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_NE(svg.find("&lt;/text&gt;&lt;script&gt;"), std::string::npos);
}

}  // namespace
}  // namespace insd::render
