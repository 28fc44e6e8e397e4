// SPDX-License-Identifier: Apache-2.0
#include "daemon/identity/traits.h"

#include <utility>

#include "daemon/identity/birth_date.h"
#include "daemon/identity/cog.h"
#include "daemon/identity/name.h"
#include "drivers/base/error.h"

namespace insd::identity {
namespace {

constexpr std::size_t kMaxGivenNames = 20;

/// Gathers violations, so that a person corrects a form once.
class Violations {
 public:
  explicit Violations(std::string_view path) : path_(path) {}

  [[nodiscard]] std::string path_of(std::string_view field) const {
    return path_.empty() ? std::string(field) : path_ + "." + std::string(field);
  }

  void add(std::string_view field, std::string why) { found_.push_back({path_of(field), std::move(why)}); }

  /// The name, or an empty text and its violations kept.
  template <typename Normalise>
  std::string take(const std::string& text, std::string_view field, Normalise normalise_name) {
    try {
      return normalise_name(text, path_of(field));
    } catch (const Error& error) {
      found_.insert(found_.end(), error.fields().begin(), error.fields().end());
      return {};
    }
  }

  void throw_if_any() {
    if (found_.empty()) return;
    Error error(Code::TRAITS_INVALID);
    for (auto& violation : found_) {
      error.add_field(std::move(violation.path), std::move(violation.description));
    }
    throw std::move(error);
  }

 private:
  std::string path_;
  std::vector<FieldViolation> found_;
};

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
  std::string cog = *from.birth_place;
  if (cog.size() == 5 && (cog[1] == 'a' || cog[1] == 'b')) cog[1] = static_cast<char>(cog[1] - 'a' + 'A');
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
