// SPDX-License-Identifier: Apache-2.0
// What only the person at the desk can say: what the document shows, that the answer is about the patient who
// is there, which document was looked at. By options, else by questions; nothing is filled in for that
// person.
#pragma once

#include <optional>
#include <vector>

#include "clients/cli/session.h"

namespace insd::cli {

/// Values of --evidence: "passport", ...
std::vector<std::string> evidence_names();
/// Values of --confirm: "birth-name", ...
std::vector<std::string> trait_names();

/// True when options decide something or a person can be asked. Throws UsageError when options lack others
/// that they need: before any card is touched.
bool is_decision_wanted(const Session& session);

/// The traits as the document shows them. Nothing: nobody said (the empty line at the first question).
std::optional<v1::IdentityTraits> traits_seen(Session& session);

/// The lines of the comparison that the person confirms one by one, and the answer as a whole; nothing: the
/// person does not accept it. Sets `confirmed_traits` and `number_change_confirmed`.
bool accepts(Session& session, const v1::Comparison& comparison, v1::AcceptRequest& request);

/// The document that was looked at; nothing: none.
std::optional<v1::Evidence> evidence_seen(Session& session);

}  // namespace insd::cli
