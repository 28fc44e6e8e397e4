// SPDX-License-Identifier: Apache-2.0
// The technical steps of docs/parcours-ins.md on this machine: `insctl onboarding`. Stops nothing, logs
// nobody in, asks INSi about nobody.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "clients/cli/words.h"
#include "insd/v1/error.pb.h"
#include "insd/v1/journal_service.pb.h"
#include "insd/v1/maintenance_service.pb.h"
#include "insd/v1/professional_service.pb.h"
#include "insd/v1/reader_service.pb.h"
#include "insd/v1/system_service.pb.h"

namespace insd::cli {

enum class StepState : std::uint8_t { DONE, TO_DO, UNKNOWN };

struct Step {
  StepState state = StepState::UNKNOWN;
  std::string name;     ///< stable: of step_titles()
  std::string code;     ///< why it is not done: of docs/errors.md or of advices(); empty when done
  std::string summary;  ///< one sentence in the language of the person; empty when done
  std::string remedy;   ///< likewise
  std::string detail;   ///< what was seen, for support; may be empty
};

struct StepTitle {
  std::string_view name, fr, en;
};
/// The steps in their order.
std::span<const StepTitle> step_titles();

/// What the daemon said, and why it did not: `failures` by the name of the member that is empty.
struct Observed {
  std::optional<v1::GetInfoResponse> info;
  std::optional<v1::ListReadersResponse> readers;
  std::optional<v1::GetProfessionalCardResponse> card;
  std::optional<v1::CheckInsiResponse> insi;
  std::optional<v1::VerifyJournalResponse> journal;
  std::map<std::string, v1::ErrorDetail> failures;
};

/// One entry for each of step_titles(). `now`: seconds since 1970.
std::vector<Step> onboarding_steps(Language language, const Observed& seen, std::int64_t now);

/// What is next: the first step to do, else the first that cannot be told; nullptr: all is done.
const Step* next_step(const std::vector<Step>& steps);

}  // namespace insd::cli
