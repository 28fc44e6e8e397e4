// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/words.h"

#include <algorithm>
#include <array>

#include "clients/cli/words_help.h"
#include "clients/cli/words_said.h"

namespace insd::cli {
namespace {

constexpr auto kWords = [] {
  std::array<WordEntry, kHelpWords.size() + kSaidWords.size()> all{};
  std::copy(kSaidWords.begin(), kSaidWords.end(),
            std::copy(kHelpWords.begin(), kHelpWords.end(), all.begin()));
  return all;
}();

constexpr bool in_order() {
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    if (static_cast<std::size_t>(kWords[i].word) != i) return false;
  }
  return kWords.size() == static_cast<std::size_t>(Word::COUNT_);
}
static_assert(in_order(), "the table must follow the order of Word and have a row for each");

}  // namespace

Language language_of(const char* lc_all, const char* lc_messages, const char* lang) {
  for (const char* value : {lc_all, lc_messages, lang}) {
    if (value == nullptr || *value == '\0') continue;
    const std::string_view locale = value;
    const std::string_view name = locale.substr(0, locale.find_first_of(".@"));
    const bool french = name == "C" || name == "POSIX" || name == "fr" || name.starts_with("fr_");
    return french ? Language::FRENCH : Language::ENGLISH;
  }
  return Language::FRENCH;
}

std::string_view colon(Language language) {
  return language == Language::FRENCH ? " : " : ": ";
}

std::string_view language_tag(Language language) {
  return language == Language::FRENCH ? "fr" : "en";
}

std::span<const WordEntry> words() {
  return kWords;
}

std::string say(Language language, Word word, std::initializer_list<std::string_view> arguments) {
  const auto& entry = kWords.at(static_cast<std::size_t>(word));
  std::string_view text = language == Language::FRENCH ? entry.fr : entry.en;
  std::string out;
  for (const std::string_view argument : arguments) {
    const auto hole = text.find("{}");
    if (hole == std::string_view::npos) break;
    out.append(text.substr(0, hole)).append(argument);
    text.remove_prefix(hole + 2);
  }
  return out.append(text);
}

}  // namespace insd::cli
