// SPDX-License-Identifier: Apache-2.0
#include "daemon/identity/local_traits.h"

#include <algorithm>

#include "daemon/identity/birth_date.h"
#include "daemon/identity/cog.h"
#include "daemon/identity/given_names.h"
#include "daemon/identity/matricule.h"
#include "daemon/identity/name.h"
#include "daemon/identity/oid.h"
#include "daemon/identity/transliteration.h"
#include "drivers/base/bytes.h"

namespace insd::identity {
namespace {

constexpr std::size_t kMaxBytes = 4 * kMaxNameSize;

// A list is several given names between single spaces.
std::string normalise_list(std::string_view text, std::string_view path) {
  std::string list = normalise_given_name(text, path);
  if (list.find("- ") != std::string::npos) {
    throw Error(Code::TRAITS_INVALID).with_field(std::string(path), "holds a name that ends with a hyphen");
  }
  return list;
}

template <typename Normalise>
std::string take_name(const std::string& text, std::string_view field, Spelling spelling, Normalise rule,
                      Violations& violations) {
  if (text.empty()) return {};
  if (spelling == Spelling::TYPED) return violations.take(text, field, rule);
  // INSi's own names need not follow the rules of a question.
  if (text.size() > kMaxNameSize || !transliterate(text) || as_words(text).empty()) {
    violations.add(field, "is not a name of at most 100 characters");
  }
  return text;
}

void require_minimum(const TraitsInput& input, Violations& violations) {
  if (input.birth_name.empty()) violations.add("birth_name", "is missing");
  if (input.given_names.empty() && input.first_given_name.empty()) {
    violations.add("first_given_name", "is missing, and so is given_names");
  }
  if (input.sex.empty()) violations.add("sex", "is missing");
  if (input.birth_date.empty()) violations.add("birth_date", "is missing");
}

}  // namespace

Traits local_traits(const TraitsInput& input, Spelling spelling, Completeness completeness,
                    Violations& violations) {
  Traits traits;
  if (completeness == Completeness::MINIMAL) require_minimum(input, violations);
  traits.birth_name = take_name(input.birth_name, "birth_name", spelling, normalise_birth_name, violations);
  traits.given_names = take_name(input.given_names, "given_names", spelling, normalise_list, violations);
  traits.first_given_name =
      take_name(input.first_given_name, "first_given_name", spelling, normalise_given_name, violations);
  if (!traits.given_names.empty() && !traits.first_given_name.empty() &&
      !is_coherent(traits.first_given_name, traits.given_names)) {
    violations.add("first_given_name", "does not begin the list of given names");
  }
  traits.sex = parse_local_sex(input.sex);
  if (!input.sex.empty() && traits.sex == Sex::UNSPECIFIED) violations.add("sex", "is not M, F or I");
  if (!input.birth_date.empty() && !is_birth_date(input.birth_date)) {
    violations.add("birth_date", "is not of the form AAAA-MM-JJ");
  } else {
    traits.birth_date = input.birth_date;
  }
  if (!input.birth_place.empty() && !is_cog(as_upper_cog(input.birth_place))) {
    violations.add("birth_place", "is not an INSEE code of five characters, like 63220 or 2B020");
  } else {
    traits.birth_place = spelling == Spelling::TYPED ? as_upper_cog(input.birth_place) : input.birth_place;
  }
  return traits;
}

std::string free_name(const std::string& text, std::string_view field, Violations& violations) {
  const auto characters = std::ranges::count_if(text, [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80;  // not a continuation byte
  });
  if (static_cast<std::size_t>(characters) > kMaxNameSize || text.size() > kMaxBytes) {
    violations.add(field, "is longer than 100 characters");
  } else if (printable(text, kMaxBytes) != text) {
    violations.add(field, "is not printable UTF-8");
  }
  return text;
}

NationalNumber local_number(const NationalNumber& input, Violations& violations) {
  NationalNumber number = input;
  if (input.number.size() == 15 && input.key.empty()) {
    number.number = input.number.substr(0, 13);
    number.key = input.number.substr(13);
  }
  if (!is_number(number.number)) {
    violations.add("number", "is not 13 characters, nor 15 with the key");
  } else if (!number.key.empty() && !key_matches({number.number, number.key})) {
    violations.add("key", "is not the key of the number");
  }
  if (!find_oid(number.oid)) violations.add("oid", "is not the OID of an INS");
  for (const auto& [field, date] :
       {std::pair{"start_date", input.start_date}, {"end_date", input.end_date}}) {
    if (!date.empty() && !is_birth_date(date)) violations.add(field, "is not of the form AAAA-MM-JJ");
  }
  return number;
}

}  // namespace insd::identity
