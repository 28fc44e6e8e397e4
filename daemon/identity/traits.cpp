// SPDX-License-Identifier: Apache-2.0
#include "daemon/identity/traits.h"

#include <utility>

#include "daemon/identity/birth_date.h"
#include "daemon/identity/cog.h"
#include "daemon/identity/name.h"
#include "daemon/identity/violations.h"

namespace insd::identity {
namespace {

constexpr std::size_t kMaxGivenNames = 20;

void take_given_names(const SearchTraits& from, SearchTraits& to, Violations& violations) {
  if (from.given_names.empty()) {
    violations.add("given_names", "is missing");
    return;
  }
  if (from.given_names.size() > kMaxGivenNames) {
    violations.add("given_names", "holds more than 20 names");
    return;
  }
  for (std::size_t i = 0; i < from.given_names.size(); ++i) {
    const std::string field = "given_names[" + std::to_string(i) + "]";
    to.given_names.push_back(violations.take(from.given_names[i], field, normalise_given_name));
  }
}

void take_birth_place(const SearchTraits& from, SearchTraits& to, Violations& violations) {
  if (!from.birth_place) return;
  std::string cog = as_upper_cog(*from.birth_place);
  if (!is_cog(cog)) {
    violations.add("birth_place", "is not an INSEE code of five characters, like 63220 or 2B020");
  } else if (is_unknown_place(cog)) {
    violations.add("birth_place", "is the local code for an unknown place: leave it out of a search");
  } else {
    to.birth_place = std::move(cog);
  }
}

}  // namespace

SearchTraits normalise(const SearchTraits& traits, std::string_view path) {
  Violations violations(path);
  SearchTraits result;
  result.birth_name = violations.take(traits.birth_name, "birth_name", normalise_birth_name);
  take_given_names(traits, result, violations);
  result.sex = traits.sex;
  if (to_letter(result.sex).empty()) violations.add("sex", "must be male or female to be searched");
  result.birth_date = traits.birth_date;
  if (result.birth_date.empty()) {
    violations.add("birth_date", "is missing");
  } else if (!is_birth_date(result.birth_date)) {
    violations.add("birth_date", "is not of the form AAAA-MM-JJ");
  }
  take_birth_place(traits, result, violations);
  violations.throw_if_any();
  return result;
}

std::string joined_given_names(const SearchTraits& traits) {
  std::string joined;
  for (const auto& name : traits.given_names) {
    if (!joined.empty()) joined += ' ';
    joined += name;
  }
  return joined;
}

}  // namespace insd::identity
