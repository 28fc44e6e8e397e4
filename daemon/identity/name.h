// SPDX-License-Identifier: Apache-2.0
// Names as INSi wants them in a question (specs: ins-rules 1.7, insi 7). Names that INSi *returns* never pass
// through here: they are kept byte for byte.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace insd::identity {

constexpr std::size_t kMaxNameSize = 100;  ///< characters, after normalisation

/// A birth name, transliterated (transliteration.h) and without outer spaces. Rules: at least one letter,
/// does not begin with a hyphen, spaces and apostrophes neither doubled nor adjacent, at most two hyphens in
/// a row. Throws Error(TRAITS_INVALID) with one violation of field `path`; the text itself is in no message.
/// Idempotent.
std::string normalise_birth_name(std::string_view utf8, std::string_view path);

/// The same for one given name: moreover no double hyphen, and does not end with a hyphen or an apostrophe.
std::string normalise_given_name(std::string_view utf8, std::string_view path);

/// What the first given name may be, given the list INSi returned: "ANNE SOPHIE MARIE" -> "ANNE", "ANNE
/// SOPHIE", "ANNE SOPHIE MARIE". Only a person knows which: it is never computed (specs: ins-rules 1.6). At
/// most 20.
std::vector<std::string> first_given_name_candidates(std::string_view list);

}  // namespace insd::identity
