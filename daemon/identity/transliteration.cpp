// SPDX-License-Identifier: Apache-2.0
#include "daemon/identity/transliteration.h"

#include <array>
#include <cstdint>

namespace insd::identity {
namespace {

/// The letter under each accented letter of a run of Unicode; '.' where there is none.
struct Block {
  char32_t first;
  std::string_view letters;
};

constexpr std::array kBlocks = {
    Block{0x00C0,
          "AAAAAA.CEEEEIIIIDNOOOOO.OUUUUY..AAAAAA.CEEEEIIIIDNOOOOO.OUUUUY.Y"
          "AAAAAACCCCCCCCDDDDEEEEEEEEEEGGGGGGGGHHHHIIIIIIIIII..JJKK.LLLLLLL"
          "LLLNNNNNN.NNOOOOOO..RRRRRRSSSSSSSSTTTTTTUUUUUUUUUUUUWWYYYZZZZZZ."},
    Block{0x01A0, "OO.............UU"},
    Block{0x01CD,
          "AAIIOOUUUUUUUUUU.AAAA....GGKKOOOO..J...GG..NNAA...."
          "AAAAEEEEIIIIOOOORRRRUUUUSSTT..HH......AAEEOOOOOOOOYY"},
    Block{0x1E00,
          "AABBBBBBCCDDDDDDDDDDEEEEEEEEEEFFGGHHHHHHHHHHIIIIKKKKKKLLLLLLLLMM"
          "MMMMNNNNNNNNOOOOOOOOPPPPRRRRRRRRSSSSSSSSSSTTTTTTTTUUUUUUUUUUVVVV"
          "WWWWWWWWWWXXXXYYZZZZZZHTWY......AAAAAAAAAAAAAAAAAAAAAAAAEEEEEEEE"
          "EEEEEEEEIIIIOOOOOOOOOOOOOOOOOOOOOOOOUUUUUUUUUUUUUUYYYYYYYY......"},
};

/// The next code point, and the text moved past it; nothing on anything but valid UTF-8 (overlong forms and
/// surrogates are not).
std::optional<char32_t> take_code_point(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  std::size_t size = 0;
  char32_t value = 0;
  if (lead < 0x80) {
    size = 1, value = lead;
  } else if (lead >= 0xC2 && lead <= 0xDF) {
    size = 2, value = lead & 0x1FU;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    size = 3, value = lead & 0x0FU;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    size = 4, value = lead & 0x07U;
  }
  if (size == 0 || text.size() < size) return std::nullopt;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return std::nullopt;
    value = (value << 6U) | (byte(i) & 0x3FU);
  }
  constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kSmallest[size] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
    return std::nullopt;
  text.remove_prefix(size);
  return value;
}

char accented_letter(char32_t code_point) {
  for (const auto& block : kBlocks) {
    if (code_point >= block.first && code_point < block.first + block.letters.size()) {
      return block.letters[code_point - block.first];
    }
  }
  return '.';
}

/// One character above ASCII; empty when it has no equivalent.
std::string equivalent(char32_t code_point) {
  switch (code_point) {
    case 0x00C6:  // Æ
    case 0x00E6:
    case 0x01E2:  // Ǣ
    case 0x01E3:
    case 0x01FC:  // Ǽ
    case 0x01FD:
      return "AE";
    case 0x0152:  // Œ
    case 0x0153:
      return "OE";
    case 0x0132:  // Ĳ
    case 0x0133:
      return "IJ";
    case 0x00DE:  // Þ
    case 0x00FE:
      return "TH";
    case 0x02BC:  // modifier letter apostrophe
    case 0x2018:  // left single quotation mark
    case 0x2019:  // right single quotation mark, the typographic apostrophe
      return "'";
    case 0x2010:  // hyphen
    case 0x2011:  // non-breaking hyphen
    case 0x2012:  // figure dash
    case 0x2013:  // en dash
    case 0x2212:  // minus sign
      return "-";
    case 0x00A0:  // no-break space
    case 0x202F:  // narrow no-break space
      return " ";
    default:
      break;
  }
  const char letter = accented_letter(code_point);
  return letter == '.' ? std::string() : std::string(1, letter);
}

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

}  // namespace

std::optional<std::string> transliterate(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  while (!utf8.empty()) {
    const auto code_point = take_code_point(utf8);
    if (!code_point) return std::nullopt;
    if (*code_point < 0x80) {
      char c = static_cast<char>(*code_point);
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
      if (!is_upper(c) && c != ' ' && c != '\'' && c != '-') return std::nullopt;
      out += c;
    } else if (*code_point >= 0x0300 && *code_point <= 0x0362) {
      // A combining accent belongs to the letter before it (macOS writes names that way); alone it means
      // nothing.
      if (out.empty() || !is_upper(out.back())) return std::nullopt;
    } else {
      const std::string letters = equivalent(*code_point);
      if (letters.empty()) return std::nullopt;
      out += letters;
    }
  }
  return out;
}

}  // namespace insd::identity
