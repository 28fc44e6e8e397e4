// SPDX-License-Identifier: Apache-2.0
// Where the daemon told journald that its audit trail stood.
#pragma once

#include "insd/v1/journal_service.pb.h"

namespace insd::cli {

/// Adds the newest 10000 at most to `request`, by messages that journald knows to be of the unit
/// insd.service: anybody can log, nobody can log as a unit. None where there is no journald or no right to
/// read it.
void add_checkpoints(v1::VerifyJournalRequest& request);

}  // namespace insd::cli
