// SPDX-License-Identifier: Apache-2.0
#include "daemon/desk/entries.h"

#include <fnmatch.h>

namespace insd::desk {
namespace {

// The name itself fits too: real names have brackets, which a pattern takes for a set of characters.
bool name_fits(const ReaderConfig& entry, const std::string& reader) {
  return entry.match.empty() || entry.match == reader || fnmatch(entry.match.c_str(), reader.c_str(), 0) == 0;
}

bool place_fits(const ReaderConfig& entry, const pcsc::ReaderPlace& place) {
  return (entry.usb.empty() || entry.usb == place.usb_path) &&
         (entry.serial.empty() || entry.serial == place.serial);
}

bool asks_for_place(const ReaderConfig& entry) {
  return !entry.usb.empty() || !entry.serial.empty();
}

// The usual last entry, for all that no other fits.
bool fits_everything(const ReaderConfig& entry) {
  return entry.match == "*" && !asks_for_place(entry);
}

std::string number_of(const std::vector<ReaderConfig>& entries, const ReaderConfig& entry) {
  return "[[reader]] " + std::to_string(&entry - entries.data() + 1);
}

void entry_contradictions(const std::vector<ReaderConfig>& entries, const Reader& reader,
                          std::vector<std::string>& found) {
  const pcsc::ReaderPlace place{reader.usb_path, reader.serial};
  const EntryFound first = find_entry(entries, reader.name, place);
  for (const ReaderConfig& entry : entries) {
    if (!name_fits(entry, reader.name)) continue;
    if (!entry.usb.empty() && place.usb_path.empty()) {
      found.push_back(printable(reader.name) + " does not tell its USB port: " + number_of(entries, entry) +
                      " cannot fit it");
    }
    if (first.entry != nullptr && &entry > first.entry && place_fits(entry, place) &&
        !fits_everything(entry)) {
      found.push_back(printable(reader.name) + " fits " + number_of(entries, *first.entry) + " and " +
                      number_of(entries, entry) + ": the first counts");
    }
  }
}

}  // namespace

EntryFound find_entry(const std::vector<ReaderConfig>& entries, const std::string& reader,
                      const std::optional<pcsc::ReaderPlace>& place) {
  for (const ReaderConfig& entry : entries) {
    if (!name_fits(entry, reader)) continue;
    if (!asks_for_place(entry)) return {&entry, false};
    if (!place) return {nullptr, true};
    if (place_fits(entry, *place)) return {&entry, false};
  }
  return {};
}

std::vector<std::string> contradictions(const State& state) {
  std::vector<std::string> found;
  if (!state.entries) return found;
  for (const Reader& reader : state.readers) {
    if (reader.located) entry_contradictions(*state.entries, reader, found);
    if (reader.alias.empty()) continue;
    for (const Reader& other : state.readers) {
      if (&other == &reader) continue;
      if (&other > &reader && other.alias == reader.alias) {
        found.push_back("the alias " + reader.alias + " is that of " + printable(reader.name) + " and of " +
                        printable(other.name) + ": a request that names it is refused");
      }
      if (other.name == reader.alias) {
        found.push_back("the alias " + reader.alias + " of " + printable(reader.name) +
                        " is the name of another reader: a request that names it is refused");
      }
    }
  }
  return found;
}

}  // namespace insd::desk
