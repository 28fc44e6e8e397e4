// SPDX-License-Identifier: Apache-2.0
// The audit trail of the issue's own file: chained records in SQLite, and the judgement of such a chain.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/clock.h"
#include "daemon/journal/chain.h"
#include "daemon/journal/journal.h"

namespace insd::journal {

/// Where the chain stood: whoever keeps this elsewhere notices a trail that was cut or written anew.
struct Checkpoint {
  std::int64_t sequence = 0;
  std::string link;  ///< hex
};

struct TrailParts {
  std::filesystem::path file;
  std::shared_ptr<const keys::SiteKeyRing> keys;
  std::string host;
  /// Told at the start, at the end and after every 100 records. Must not throw.
  std::function<void(const Checkpoint&)> checkpoint;
};

/// Any thread; a caller waits for the disk. Throws JOURNAL_UNAVAILABLE.
std::unique_ptr<Journal> make_trail(TrailParts parts, const Clock& clock);

/// Tells journald (without one: standard error) where the chain stands.
void tell_journald(const Checkpoint& at);

/// What verify() found.
struct Verdict {
  std::int64_t records = 0;                  ///< good ones, from the first
  std::optional<std::int64_t> bad_sequence;  ///< the first record that is wrong or missing
  std::string reason;                        ///< English, for support; empty when all is well
};

/// Every link from the first record on, and that each checkpoint is on the chain. Bounded by the file. Throws
/// JOURNAL_UNAVAILABLE.
Verdict verify(const std::filesystem::path& file, const keys::SiteKeys& keys,
               const std::vector<Checkpoint>& checkpoints);

}  // namespace insd::journal
