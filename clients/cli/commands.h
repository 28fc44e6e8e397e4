// SPDX-License-Identifier: Apache-2.0
// One function a command. Each prints to the session's streams, returns the exit status, and throws Failure
// or UsageError.
#pragma once

#include <optional>

#include "clients/cli/session.h"

namespace insd::cli {

/// The card in `reader` (name or alias; empty: not named), at the desk of the options.
v1::CardSelection selection(const Session& session, const std::string& reader);

int run_readers(Session& session);
int run_watch(Session& session);
int run_reader_enabled(Session& session, bool enabled);
int run_status(Session& session);
/// EXIT_OK when nothing is wrong, else EXIT_NEGATIVE.
int run_doctor(Session& session);
/// EXIT_OK when every technical step is done.
int run_onboarding(Session& session);
int run_professional(Session& session);
int run_login(Session& session);
int run_logout(Session& session);
int run_authenticate(Session& session);
/// EXIT_NEGATIVE when the login has ended while it was followed.
int run_lease(Session& session);
int run_journal_verify(Session& session);
int run_journal_export(Session& session);
/// EXIT_NEGATIVE for what is no number or has a wrong key. Asks no daemon.
int run_ins_check(Session& session);
int run_parse_datamatrix(Session& session);
int run_identity_render(Session& session);
int run_vitale(Session& session);
int run_insi_traits(Session& session);
int run_insi_vitale(Session& session);
/// EXIT_NEGATIVE when number and traits do not belong together.
int run_insi_verify(Session& session);
int run_identify(Session& session);
/// EXIT_NEGATIVE when something would keep a search from working.
int run_insi_check(Session& session);
/// EXIT_NEGATIVE when INSi did not answer, or only in part, the last time; not while it is followed.
int run_insi_state(Session& session);
/// EXIT_NEGATIVE when a case failed.
int run_insi_cnda(Session& session);
int run_keys_list(Session& session);
int run_keys_rotate(Session& session);
int run_keys_backup(Session& session);

// What `insi` and `identify` share.

/// A new id of a request, a UUID: the request's name in both logs.
std::string random_request_id();
/// The context of a search from the options; says on `err` what was filled in by default. `lease` may be
/// empty.
v1::CallContext call_context(Session& session, const std::string& lease);
/// The person asked for: --beneficiary, the only one, or the answer to a question. Throws UsageError.
const v1::Beneficiary& chosen_beneficiary(Session& session, const v1::VitaleReading& reading);
v1::SearchByVitaleRequest vitale_request(Session& session, const v1::VitaleReading& reading,
                                         const v1::Beneficiary& person);
v1::VitaleReading read_vitale(Session& session);
/// EXIT_OK for FOUND, EXIT_NEGATIVE for the other results.
int exit_status_of(const v1::SearchResult& result);
/// EXIT_OK for CONSISTENT.
int exit_status_of(const v1::VerificationResult& result);

}  // namespace insd::cli
