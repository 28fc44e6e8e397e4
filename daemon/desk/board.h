// SPDX-License-Identifier: Apache-2.0
// What is in which reader, and under which generation: the desk's memory, without threads or cards.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/desk/desk.h"

namespace insd::desk {

/// Turns monitor snapshots into states and hands out generations. Not thread safe.
class Board {
 public:
  Board(std::vector<ReaderConfig> readers, std::string start_id, const Clock& clock);

  using Ended = std::vector<std::pair<std::string, GenerationEnd>>;

  /// A new picture from the monitor. A generation goes on only while reader, event counter and ATR stay the
  /// same.
  Ended apply(const pcsc::Snapshot& snapshot);

  /// A worker met a failure: the generation ends, and a card that is still seen gets a new one.
  Ended end_generation(const std::string& generation, GenerationEnd cause);

  /// A worker of this reader does not come back: the reader is unusable until pcscd reports a change of it.
  Ended mark_stuck(const std::string& reader);

  /// Somebody waited in vain for another program to let go of this reader; or it has let go.
  Ended mark_held(const std::string& reader, bool held);

  /// Throws READER_NOT_FOUND. `reader` is a name or an alias.
  Ended set_enabled(const std::string& reader, bool enabled);

  [[nodiscard]] std::shared_ptr<const State> state() const { return state_; }

 private:
  struct Seen {  // what pcscd said last, to tell a change from a repetition
    std::uint32_t insertions = 0;
    pcsc::SlotState state = pcsc::SlotState::EMPTY;
    Bytes atr;
    bool held_exclusively = false;
  };

  void note_service(State& next);
  Reader describe(const pcsc::Slot& slot) const;
  void publish(State next);
  std::string new_generation();

  std::vector<ReaderConfig> configured_;
  std::string start_id_;
  const Clock& clock_;
  std::uint64_t counter_ = 0;
  Clock::Steady away_since_;  // when the service was lost; at first: when this object was made
  std::uint64_t service_events_ = 0;
  std::map<std::string, Seen> seen_;
  std::map<std::string, bool> disabled_;
  std::set<std::string> held_;  // by other programs, with the card that is in
  std::shared_ptr<const State> state_;
};

/// The reader with this name or alias, or nullptr.
const Reader* find_reader(const State& state, const std::string& name_or_alias);

/// Desk::choose() as a function of the state.
Chosen choose_card(const State& state, const Selection& selection, Wanted wanted,
                   const ReaderFilter& allowed);

}  // namespace insd::desk
