// SPDX-License-Identifier: Apache-2.0
// Which [[reader]] entry is a reader's, and what an administrator should know of entries that contradict each
// other.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/desk/desk.h"
#include "drivers/pcsc/reader_place.h"

namespace insd::desk {

struct EntryFound {
  const ReaderConfig* entry = nullptr;  ///< nullptr: none fits
  bool undecided = false;               ///< depends on the place, which is not known yet
};

/// The first of `entries` that fits the reader. `place` is nothing while it has not been asked.
EntryFound find_entry(const std::vector<ReaderConfig>& entries, const std::string& reader,
                      const std::optional<pcsc::ReaderPlace>& place);

/// One English sentence for each thing that only the readers show: a reader that fits two entries, an alias
/// that two readers have or that is another reader's name, a reader whose USB port is asked for and not
/// known.
std::vector<std::string> contradictions(const State& state);

}  // namespace insd::desk
