// SPDX-License-Identifier: Apache-2.0
#include "daemon/identity/name.h"

#include <algorithm>
#include <optional>

#include "daemon/identity/transliteration.h"
#include "drivers/base/error.h"

namespace insd::identity {
namespace {

constexpr std::size_t kMaxInputBytes =
    4 * kMaxNameSize + 64;  // 4 bytes a character, and room for outer spaces
constexpr std::size_t kMaxCandidates = 20;

bool is_letter(char c) {
  return c >= 'A' && c <= 'Z';
}

bool is_space_or_apostrophe(char c) {
  return c == ' ' || c == '\'';
}

std::string without_outer_spaces(const std::string& text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

/// The rule that a transliterated name breaks; empty when none.
std::string_view broken_common_rule(std::string_view name) {
  if (name.empty()) return "is missing";
  if (name.size() > kMaxNameSize) return "is longer than 100 characters";
  if (std::ranges::none_of(name, is_letter)) return "holds no letter";
  if (name.front() == '-') return "begins with a hyphen";
  const auto both = [](char a, char b) { return is_space_or_apostrophe(a) && is_space_or_apostrophe(b); };
  if (std::ranges::adjacent_find(name, both) != name.end())
    return "has doubled or adjacent spaces and apostrophes";
  return {};
}

std::string_view broken_birth_name_rule(std::string_view name) {
  if (name.find("---") != std::string_view::npos) return "has more than two hyphens in a row";
  return {};
}

std::string_view broken_given_name_rule(std::string_view name) {
  if (name.find("--") != std::string_view::npos) return "has a double hyphen";
  if (name.back() == '-' || name.back() == '\'') return "ends with a hyphen or an apostrophe";
  return {};
}

[[noreturn]] void refuse(std::string_view path, std::string_view why) {
  throw Error(Code::TRAITS_INVALID).with_field(std::string(path), std::string(why));
}

template <typename Rule>
std::string normalise(std::string_view utf8, std::string_view path, Rule broken_own_rule) {
  if (utf8.size() > kMaxInputBytes) refuse(path, "is longer than 100 characters");
  const auto letters = transliterate(utf8);
  if (!letters)
    refuse(path, "holds a character that has no equivalent among A-Z, space, apostrophe and hyphen");
  std::string name = without_outer_spaces(*letters);
  std::string_view why = broken_common_rule(name);
  if (why.empty()) why = broken_own_rule(name);
  if (!why.empty()) refuse(path, why);
  return name;
}

}  // namespace

std::string normalise_birth_name(std::string_view utf8, std::string_view path) {
  return normalise(utf8, path, broken_birth_name_rule);
}

std::string normalise_given_name(std::string_view utf8, std::string_view path) {
  return normalise(utf8, path, broken_given_name_rule);
}

std::vector<std::string> first_given_name_candidates(std::string_view list) {
  std::vector<std::string> candidates;
  std::size_t begin = list.find_first_not_of(' ');
  const std::size_t start = begin;
  while (begin != std::string_view::npos && candidates.size() < kMaxCandidates) {
    const std::size_t end = std::min(list.find(' ', begin), list.size());
    candidates.emplace_back(list.substr(start, end - start));
    begin = list.find_first_not_of(' ', end);
  }
  return candidates;
}

}  // namespace insd::identity
