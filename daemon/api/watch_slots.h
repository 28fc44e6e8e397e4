// SPDX-License-Identifier: Apache-2.0
// What one watcher still has to be told: for each reader the newest state and nothing older, of the service's
// outages the newest, so a slow client costs no memory.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "daemon/api/error_status.h"
#include "daemon/desk/desk.h"
#include "insd/v1/reader_service.pb.h"

namespace insd::api {

class WatchSlots {
 public:
  WatchSlots(desk::ReaderFilter allowed, Language language);

  /// A new state of the desk. The first one becomes the snapshot and its end marker.
  void update(const desk::State& state);

  /// The next message to write; nothing when the watcher knows all.
  std::optional<v1::WatchReadersResponse> next();

 private:
  enum class Kind : std::uint8_t { EVENT, PCSC, READER, REMOVED, SNAPSHOT_END };
  struct Slot {
    Kind kind;
    std::string name;  // of a reader
  };
  using Position = std::list<Slot>::iterator;

  void put_events(const desk::State& state);
  void put(Kind kind, const std::string& name);
  void remove(const std::string& name);

  const desk::ReaderFilter allowed_;
  const Language language_;
  std::uint64_t sequence_ = 0;
  std::uint64_t missed_ = 0;
  bool begun_ = false;
  std::optional<Code> pcsc_fault_;
  v1::PcscStatus pcsc_;
  std::uint64_t known_event_ = 0;                // number of the newest service event
  std::deque<desk::ServiceEvent> events_;        // one for each EVENT in waiting_, in that order
  std::map<std::string, desk::Reader> readers_;  // newest state of each
  std::set<std::string> told_;                   // readers of which the watcher knows
  std::list<Slot> waiting_;                      // each reader once at most
  std::map<std::string, Position> waiting_by_name_;
  std::optional<Position> pcsc_waiting_;
};

}  // namespace insd::api
