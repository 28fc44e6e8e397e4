// SPDX-License-Identifier: Apache-2.0
// What a conformity case came to, and the dossier of them: `insctl insi cnda`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "clients/cli/cnda_cases.h"
#include "clients/cli/failure.h"
#include "clients/cli/words.h"

namespace insd::cli {

enum class CaseVerdict : std::uint8_t { PASSED, FAILED, NOT_PLAYABLE };

struct CaseOutcome {
  const CndaCase* what = nullptr;
  CaseVerdict verdict = CaseVerdict::NOT_PLAYABLE;
  std::string expected, got;  ///< in words that a person can compare
  std::string screen;         ///< what insctl showed
  v1::SearchResult result;    ///< empty for an error
  v1::ErrorDetail error;      ///< empty for a result
};

/// "passed", "failed", "not_playable": for machines.
std::string name_of(CaseVerdict verdict);

/// Compares; fills verdict, expected and got.
void judge(Language language, CaseOutcome& outcome);

/// `text` for HTML: nothing in it is markup or acts on the page. What UTF-8 or XML cannot carry becomes '?'.
std::string escaped(std::string_view text);

/// The index page: whole, readable without a network, no script, no foreign resource.
std::string index_page(Language language, const std::vector<CaseOutcome>& outcomes,
                       const std::string& daemon);

/// Writes the dossier beside `directory` and gives it its name when it is whole. Throws Failure FILE_FAILED;
/// a folder or file of that name is never touched (UsageError).
void write_dossier(Language language, const std::string& directory, const std::vector<CaseOutcome>& outcomes,
                   const std::string& daemon);

}  // namespace insd::cli
