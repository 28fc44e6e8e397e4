// SPDX-License-Identifier: Apache-2.0
#include "daemon/render/cartouche.h"

#include <algorithm>
#include <vector>

#include "daemon/identity/sex.h"
#include "daemon/render/datamatrix.h"
#include "daemon/render/symbol.h"
#include "daemon/render/xml_writer.h"

namespace insd::render {
namespace {

constexpr std::size_t kLine = 5;         // height of a line of text, in modules
constexpr std::size_t kTextWidth = 150;  // room for kMostInLine characters
constexpr std::size_t kMostInLine = 56;
constexpr const char* kCaption = "INS à scanner";
constexpr const char* kTestMark = "IDENTITÉ DE TEST – SANS VALEUR";

using Lines = std::vector<std::string>;

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// Breaks between characters where a line is full: a cut name would be another name.
void add(Lines& lines, std::string_view text) {
  std::string line;
  std::size_t count = 0;
  for (const char c : text) {
    const bool starts = (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    if (starts && count == kMostInLine) {
      lines.push_back(std::move(line));
      line.clear();
      count = 0;
    }
    if (starts) ++count;
    line += c;
  }
  lines.push_back(std::move(line));
}

void add(Lines& lines, const std::string& title, const std::string& text) {
  if (!text.empty()) add(lines, title + " : " + text);
}

Lines trait_lines(const Disclosure& from) {
  const identity::Traits& traits = from.traits;
  Lines lines;
  if (from.test_environment) add(lines, kTestMark);
  add(lines, "Nom de naissance", traits.birth_name);
  add(lines, "Premier prénom", traits.first_given_name);
  add(lines, "Prénoms de naissance", traits.given_names);
  add(lines, "Nom utilisé", from.used.used_name);
  add(lines, "Prénom utilisé", from.used.used_given_name);
  add(lines, "Sexe", std::string(identity::to_local_letter(traits.sex)));
  if (from.birth_date) {
    const std::string& date = from.birth_date->date;
    add(lines, "Né(e) le",
        date.substr(8, 2) + "/" + date.substr(5, 2) + "/" + date.substr(0, 4) +
            (from.birth_date->interpreted ? " (date interprétée)" : ""));
  }
  add(lines, "Lieu de naissance (code)", traits.birth_place);
  return lines;
}

std::string status_line(const Disclosure& from) {
  std::string line = "Identité " + std::string(status_word(from.status));
  if (from.attributes.doubtful) line += ", douteuse";
  if (from.attributes.fictitious) line += ", fictive";
  if (from.attributes.homonym) line += ", homonyme";
  return line;
}

void start(XmlWriter& out, std::size_t width, std::size_t height) {
  out.open("svg").attribute("xmlns", "http://www.w3.org/2000/svg");
  out.attribute("viewBox", "0 0 " + std::to_string(width) + " " + std::to_string(height));
  out.open("rect").attribute("width", "100%").attribute("height", "100%").attribute("fill", "#fff").close();
}

void text(XmlWriter& out, std::size_t x, std::size_t y, std::string_view words) {
  out.open("text").attribute("x", std::to_string(x)).attribute("y", std::to_string(y));
  out.attribute("font-family", "sans-serif").attribute("font-size", "4");
  // A name may be as wide as its line: a wider font must not run over the symbol.
  if (characters(words) > kMostInLine * 3 / 4) {
    out.attribute("textLength", std::to_string(kTextWidth - 4)).attribute("lengthAdjust", "spacingAndGlyphs");
  }
  out.text(words).close();
}

void draw(XmlWriter& out, const Symbol& symbol, std::size_t x, std::size_t y, bool test) {
  out.open("path").attribute("fill", "#000").attribute("shape-rendering", "crispEdges");
  out.attribute("d", symbol_path(symbol, x + kQuietZone, y + kQuietZone)).close();
  const std::size_t below = y + symbol.size + 2 * kQuietZone + kLine - 1;
  text(out, x + kQuietZone, below, kCaption);
  if (test) text(out, x + kQuietZone, below + kLine, "TEST");
}

// 1 23 45 67 890 123 45, as on documents.
std::string spaced(const std::string& number) {
  std::string out;
  std::size_t at = 0;
  for (const std::size_t size : {1U, 2U, 2U, 2U, 3U, 3U, 2U}) {
    if (at > 0) out += ' ';
    out += number.substr(at, size);
    at += size;
  }
  return out;
}

}  // namespace

std::string datamatrix_svg(const Disclosure& disclosure) {
  const Symbol symbol = datamatrix_symbol(datamatrix_payload(disclosure));
  const std::size_t side = symbol.size + 2 * kQuietZone;
  XmlWriter out;
  start(out, side, side + 2 * kLine + 1);
  draw(out, symbol, 0, 0, disclosure.test_environment);
  return out.finish();
}

std::string cartouche_svg(const Disclosure& disclosure) {
  const Symbol symbol = datamatrix_symbol(datamatrix_payload(disclosure));
  const OutNumber& number = require_number(disclosure, "a cartouche");
  Lines lines = trait_lines(disclosure);
  const bool nia = number.authority.kind == identity::MatriculeKind::NIA;
  add(lines, "Matricule INS", spaced(number.text) + (nia ? " (NIA)" : " (NIR)"));
  const std::size_t side = symbol.size + 2 * kQuietZone;
  const std::size_t height = std::max(side + 2 * kLine + 1, (lines.size() + 1) * kLine);
  XmlWriter out;
  start(out, kTextWidth + side, height);
  std::size_t y = 0;
  for (const auto& line : lines) text(out, 2, y += kLine, line);
  draw(out, symbol, kTextWidth, 0, disclosure.test_environment);
  return out.finish();
}

std::string label_svg(const Disclosure& disclosure) {
  Lines lines = trait_lines(disclosure);
  add(lines, status_line(disclosure));
  XmlWriter out;
  start(out, kTextWidth, (lines.size() + 1) * kLine);
  std::size_t y = 0;
  for (const auto& line : lines) text(out, 2, y += kLine, line);
  return out.finish();
}

}  // namespace insd::render
