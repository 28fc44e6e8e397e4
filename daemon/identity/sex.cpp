// SPDX-License-Identifier: Apache-2.0
#include "daemon/identity/sex.h"

namespace insd::identity {

Sex parse_sex(std::string_view letter) {
  if (letter == "F") return Sex::FEMALE;
  if (letter == "M") return Sex::MALE;
  return Sex::UNSPECIFIED;
}

std::string_view to_letter(Sex sex) {
  switch (sex) {
    case Sex::FEMALE:
      return "F";
    case Sex::MALE:
      return "M";
    case Sex::INDETERMINATE:
    case Sex::UNSPECIFIED:
      break;
  }
  return {};
}

Sex parse_local_sex(std::string_view letter) {
  return letter == "I" ? Sex::INDETERMINATE : parse_sex(letter);
}

std::string_view to_local_letter(Sex sex) {
  return sex == Sex::INDETERMINATE ? "I" : to_letter(sex);
}

}  // namespace insd::identity
