// SPDX-License-Identifier: Apache-2.0
// The national number of a person (NIR or NIA) and its two-digit key (specs: ins-rules 2).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace insd::identity {

/// A number never says by itself whether it is a NIR or a NIA, nor where or when its holder was born: its
/// month has pseudo-values and its department is that of the time of birth. Only the OID beside it tells the
/// kind.
struct Matricule {
  std::string number;  ///< 13 characters
  std::string key;     ///< 2 digits, or empty when the source gave none

  bool operator==(const Matricule&) const = default;
};

/// Our own form of a number: 13 digits, or `A`/`B` as the 7th character (Corsica).
bool is_number(std::string_view text);

/// The form INSi answers may take: any ASCII letter as the 7th character (INSi's schema, specs: insi 1.3).
bool is_answer_number(std::string_view text);

/// Two digits. Their value is not judged: that is key_matches().
bool is_key(std::string_view text);

/// Reads "13", "13+2" or "13 2" characters of our own form; the key itself is not verified. Nothing on any
/// other text.
std::optional<Matricule> parse_matricule(std::string_view text);

/// The key "01".."97" that belongs to a number of our own form: 97 - (n mod 97), where 2A counts as 19 and 2B
/// as
/// 18. Nothing when the number has another form.
std::optional<std::string> computed_key(std::string_view number);

/// True when the key is present and is the computed one. A wrong key is an error in what a person typed, but
/// only a remark on an INSi answer: official answers carry wrong keys (specs: insi 6).
bool key_matches(const Matricule& matricule);

}  // namespace insd::identity
