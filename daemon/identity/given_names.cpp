// SPDX-License-Identifier: Apache-2.0
#include "daemon/identity/given_names.h"

#include "daemon/identity/transliteration.h"

namespace insd::identity {

std::string as_capitals(std::string_view name) {
  std::string text = transliterate(name).value_or(std::string(name));
  const auto first = text.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::string as_words(std::string_view name) {
  std::string words;
  bool gap = false;
  for (const char c : transliterate(name).value_or(std::string(name))) {
    if (c == ' ' || c == '\'' || c == '-') {
      gap = !words.empty();
    } else {
      if (gap) words += ' ';
      gap = false;
      words += c;
    }
  }
  return words;
}

bool begins(std::string_view list, std::string_view words) {
  return !words.empty() && list.starts_with(words) &&
         (list.size() == words.size() || list[words.size()] == ' ');
}

bool is_coherent(std::string_view first_given_name, std::string_view list) {
  return begins(as_words(list), as_words(first_given_name));
}

}  // namespace insd::identity
