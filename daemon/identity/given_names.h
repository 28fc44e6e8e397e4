// SPDX-License-Identifier: Apache-2.0
// The list of birth given names and the first of them (specs: ins-rules 1.6, EXI ID 10). Hyphen and
// apostrophe count as a space. Total functions: any bytes.
#pragma once

#include <string>
#include <string_view>

namespace insd::identity {

/// "Anne-Sophie d'Arc" -> "ANNE SOPHIE D ARC": transliterated, separators made single spaces, none at the
/// ends. What has no transliteration keeps its bytes.
std::string as_words(std::string_view name);

/// Upper case without accents and outer spaces, separators kept; bytes kept where there is no
/// transliteration.
std::string as_capitals(std::string_view name);

/// Is `words` the start of `list`, whole words only? Both as_words(); an empty text is not.
bool begins(std::string_view list, std::string_view words);

/// May this be the first given name of that list? "JEAN", "JEAN CHRISTOPHE" and "JEAN-CHRISTOPHE" of "JEAN
/// CHRISTOPHE PIERRE", not "CHRISTOPHE".
bool is_coherent(std::string_view first_given_name, std::string_view list);

}  // namespace insd::identity
