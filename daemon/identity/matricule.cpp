// SPDX-License-Identifier: Apache-2.0
#include "daemon/identity/matricule.h"

#include <algorithm>
#include <cstdint>

namespace insd::identity {
namespace {

constexpr std::size_t kNumberSize = 13;
constexpr std::size_t kKeySize = 2;
constexpr std::size_t kLetterAt = 6;  // the 7th character

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_ascii_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

template <typename Letter>
bool has_number_form(std::string_view text, Letter is_allowed_letter) {
  if (text.size() != kNumberSize) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_digit(text[i]) && !(i == kLetterAt && is_allowed_letter(text[i]))) return false;
  }
  return true;
}

}  // namespace

bool is_number(std::string_view text) {
  return has_number_form(text, [](char c) { return c == 'A' || c == 'B'; });
}

bool is_answer_number(std::string_view text) {
  return has_number_form(text, is_ascii_letter);
}

bool is_key(std::string_view text) {
  return text.size() == kKeySize && std::ranges::all_of(text, is_digit);
}

std::optional<Matricule> parse_matricule(std::string_view text) {
  const std::string_view number = text.substr(0, std::min(text.size(), kNumberSize));
  if (!is_number(number)) return std::nullopt;
  std::string_view key = text.substr(number.size());
  if (key.size() == kKeySize + 1 && key.front() == ' ') key.remove_prefix(1);
  if (!key.empty() && !is_key(key)) return std::nullopt;
  return Matricule{std::string(number), std::string(key)};
}

std::optional<std::string> computed_key(std::string_view number) {
  if (!is_number(number)) return std::nullopt;
  // The letter counts as the digit 0; "2A" for 19 and "2B" for 18 is then one or two millions less.
  constexpr std::int64_t kPlaceOfLetter = 1'000'000;
  std::int64_t value = 0;
  for (const char c : number) value = value * 10 + (is_digit(c) ? c - '0' : 0);
  if (number[kLetterAt] == 'A') value -= kPlaceOfLetter;
  if (number[kLetterAt] == 'B') value -= 2 * kPlaceOfLetter;
  const auto remainder = ((value % 97) + 97) % 97;  // a number below two millions would turn negative
  const auto key = 97 - remainder;
  return std::string{static_cast<char>('0' + key / 10), static_cast<char>('0' + key % 10)};
}

bool key_matches(const Matricule& matricule) {
  const auto expected = computed_key(matricule.number);
  return expected.has_value() && *expected == matricule.key;
}

}  // namespace insd::identity
