// SPDX-License-Identifier: Apache-2.0
#include "daemon/identity/cog.h"

namespace insd::identity {

bool is_cog(std::string_view text) {
  if (text.size() != 5) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool digit = c >= '0' && c <= '9';
    if (!digit && !(i == 1 && (c == 'A' || c == 'B'))) return false;
  }
  return true;
}

std::string as_upper_cog(std::string_view text) {
  std::string cog(text);
  if (cog.size() == 5 && (cog[1] == 'a' || cog[1] == 'b')) cog[1] = static_cast<char>(cog[1] - 'a' + 'A');
  return cog;
}

bool is_foreign(std::string_view cog) {
  return is_cog(cog) && cog.starts_with("99");
}

bool is_unknown_place(std::string_view cog) {
  return cog == "99999";
}

}  // namespace insd::identity
