// SPDX-License-Identifier: Apache-2.0
// The traits of a search without a card (specs: insi 1.1): INSi's schema accepts almost anything, so every
// rule is enforced here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/identity/sex.h"

namespace insd::identity {

struct SearchTraits {
  std::string birth_name;
  std::vector<std::string> given_names;  ///< in civil order, 1..20; each is judged by itself
  Sex sex = Sex::UNSPECIFIED;
  std::string birth_date;                  ///< AAAA-MM-JJ, possibly lunar
  std::optional<std::string> birth_place;  ///< COG; decisive only when several persons share the rest
};

/// The traits as INSi accepts them. Throws one Error(TRAITS_INVALID) with a violation for every refused
/// field, named `path` + ".birth_name", ".given_names[0]", ".sex", ".birth_date", ".birth_place" (without the
/// dot when `path` is empty). No violation repeats what was typed. Idempotent.
SearchTraits normalise(const SearchTraits& traits, std::string_view path);

/// The one text of the question's `Prenom` element.
std::string joined_given_names(const SearchTraits& traits);

}  // namespace insd::identity
