// SPDX-License-Identifier: Apache-2.0
#include "daemon/desk/national_id.h"

#include <algorithm>

namespace insd::desk {
namespace {

constexpr std::size_t kRpps = 1 + 11, kAdeli = 1 + 9, kFiness = 1 + 9, kSiret = 1 + 14, kCorsica = 2;
constexpr std::size_t kLongestStudent = 20;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool all_digits(std::string_view text) {
  return std::ranges::all_of(text, is_digit);
}

bool is_structure(std::string_view text) {
  if (text.size() == kSiret && text.starts_with('3')) return all_digits(text);
  // FINESS numbers of Corsica and of its like have a letter.
  const auto fits = [](char c) { return is_digit(c) || (c >= 'A' && c <= 'Z'); };
  return text.size() == kFiness && text.starts_with('1') && std::ranges::all_of(text, fits);
}

bool is_adeli(std::string_view text) {
  if (text.size() != kAdeli || !text.starts_with('0')) return false;
  const char corsica = text[kCorsica];
  const bool letter = corsica == 'A' || corsica == 'B';
  return (is_digit(corsica) || letter) && all_digits(text.substr(0, kCorsica)) &&
         all_digits(text.substr(kCorsica + 1));
}

bool same_letters(std::string_view one, std::string_view other) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
  return std::ranges::equal(one, other, {}, lower, lower);
}

struct Profession {
  std::string_view label, code;
};
constexpr Profession kProfessions[] = {
    {"Médecin", "10"},
    {"Pharmacien", "21"},
    {"Infirmier", "60"},
    {"Chirurgien-Dentiste", "40"},
    {"Sage-Femme", "50"},
    {"Masseur-Kinésithérapeute", "70"},
    {"Pédicure-Podologue", "80"},
};

}  // namespace

NationalIdKind national_id_kind(std::string_view common_name) {
  const auto slash = common_name.find('/');
  if (slash != std::string_view::npos) {
    const bool staff = is_structure(common_name.substr(0, slash)) && slash + 1 < common_name.size();
    return staff ? NationalIdKind::STRUCTURE_STAFF : NationalIdKind::UNKNOWN;
  }
  if (is_adeli(common_name)) return NationalIdKind::ADELI;
  if (!all_digits(common_name)) return NationalIdKind::UNKNOWN;
  if (common_name.size() == kRpps && common_name.starts_with('8')) return NationalIdKind::RPPS;
  const bool student =
      common_name.starts_with('9') && common_name.size() > 1 && common_name.size() <= kLongestStudent;
  return student ? NationalIdKind::STUDENT : NationalIdKind::UNKNOWN;
}

std::string_view profession_code(std::string_view title) {
  const auto* found =
      std::ranges::find_if(kProfessions, [&](const auto& each) { return same_letters(each.label, title); });
  return found == std::end(kProfessions) ? std::string_view() : found->code;
}

}  // namespace insd::desk
