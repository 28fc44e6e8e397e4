// SPDX-License-Identifier: Apache-2.0
// The conformity cases of INSi that public material names (specs: insi 6; docs/conformity.md), as data. The
// people in them are the public test identities: nobody.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "insd/v1/insi_service.pb.h"

namespace insd::cli {

enum class Play : std::uint8_t {
  TRAITS,       ///< a search by traits
  READING,      ///< a search by a reading of a Vitale card that the application made
  NOT_PLAYABLE  ///< a command cannot play it: `note` says why
};

/// What has to come. Empty texts and 0 are not looked at.
struct Expectation {
  v1::SearchOutcome outcome = v1::SEARCH_OUTCOME_UNSPECIFIED;  ///< unspecified: an error, of `error`
  std::string_view error{};                                    ///< stable code; nothing may have been sent
  std::string_view number{}, key{}, oid{}, given_names{}, birth_place{};
  int history = 0;               ///< at least so many earlier numbers
  std::string_view name_sent{};  ///< birth name as it must have gone out
  std::string_view codes{};      ///< of all questions, in order, separated by blanks
};

struct CndaCase {
  std::string_view id;    ///< of the CNDA, e.g. "2.06"
  std::string_view slug;  ///< folder of this play: the id, and the number of the case within it
  std::string_view title_fr, title_en;
  Play play = Play::TRAITS;
  std::string_view birth_name{}, given_names{};  ///< given names separated by blanks
  std::string_view sex{}, birth_date{}, birth_place{};
  std::string_view insured_nir{}, serial{};  ///< of a reading
  int reading_age_minutes = 0;
  Expectation expected{};
  std::string_view note_fr{}, note_en{};  ///< what the reader of the dossier must know; may be empty
};

std::span<const CndaCase> cnda_cases();

}  // namespace insd::cli
