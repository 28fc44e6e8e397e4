// SPDX-License-Identifier: Apache-2.0
// From an INSi answer to a qualified identity, as far as the person at the desk goes: known traits,
// comparison, acceptance, document.
#pragma once

#include <functional>
#include <optional>

#include "clients/cli/json.h"
#include "clients/cli/session.h"

namespace insd::cli {

/// Says where the command is: a numbered line on `err`.
using Step = std::function<void(Word title, const std::string& text)>;

constexpr int kQualificationSteps = 3;

/// `context`: that of the search, whose purpose and human these acts have too. Adds "comparison", "identity"
/// and a refusal as "error" to `document`; prints the comparison on `err`. Nothing: nobody said what the
/// document shows. A refused act is reported and ends nothing: what the daemon holds, and what is missing, is
/// what counts.
std::optional<v1::IdentityReport> qualify(Session& session, const Step& step, JsonDocument& document,
                                          const v1::CallContext& context, const v1::SearchResult& result);

}  // namespace insd::cli
