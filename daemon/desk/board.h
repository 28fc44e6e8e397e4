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
#include "drivers/pcsc/reader_place.h"

namespace insd::desk {

/// Turns monitor snapshots into states and hands out generations. Not thread safe.
class Board {
 public:
  /// `disabled`: names and aliases of the readers that are not to be used.
  Board(std::vector<ReaderConfig> readers, std::string start_id, const Clock& clock,
        std::set<std::string> disabled = {});

  using Ended = std::vector<std::pair<std::string, GenerationEnd>>;

  /// A new picture from the monitor. A generation goes on only while reader, event counter and ATR stay the
  /// same.
  Ended apply(const pcsc::Snapshot& snapshot);

  /// A worker met a failure: the generation ends, and a card that is still seen gets a new one.
  Ended end_generation(const std::string& generation, GenerationEnd cause);

  /// As Desk::leave().
  Ended leave(const std::string& generation);

  /// A worker of this reader does not come back: the reader is unusable until it does (mark_unstuck), or
  /// until pcscd reports a change of the reader.
  Ended mark_stuck(const std::string& reader);

  /// Where a reader is, told before or after the snapshot that shows it. Until then a reader whose entry
  /// depends on it is shown as held by another program: what else would keep its driver from answering.
  Ended locate(const std::string& reader, std::uint32_t arrival, pcsc::ReaderPlace place);

  /// What is on USB. Known readers that pcscd does not serve are shown as such, until it does.
  Ended see_usb(pcsc::UsbView view);

  /// That worker has ended. The reader is again what pcscd says of it, a card in it under a new generation.
  Ended mark_unstuck(const std::string& reader);

  /// Somebody waited in vain for another program to let go of this reader; or it has let go.
  Ended mark_held(const std::string& reader, bool held);

  /// As Desk::meant_by().
  [[nodiscard]] std::vector<Reader> meant_by(const std::string& name_or_alias) const;

  /// Throws READER_NOT_FOUND when it means nothing.
  Ended set_enabled(const std::string& name_or_alias, bool enabled);

  [[nodiscard]] const std::set<std::string>& disabled() const { return disabled_; }

  [[nodiscard]] std::shared_ptr<const State> state() const { return state_; }

 private:
  struct Place {
    std::uint32_t arrival = 0;
    pcsc::ReaderPlace place;
  };

  void note_service(State& next);
  Reader describe(const pcsc::Slot& slot) const;
  Reader renewed(const pcsc::Slot& slot, const Reader* before, bool same_card);
  Reader describe(const pcsc::UndrivenReader& reader) const;
  void put_undriven(State& next) const;
  void publish(State next);
  std::string new_generation();

  std::shared_ptr<const std::vector<ReaderConfig>> entries_;
  std::string start_id_;
  const Clock& clock_;
  std::uint64_t counter_ = 0;
  Clock::Steady away_since_;  // when the service was lost; at first: when this object was made
  std::uint64_t service_events_ = 0;
  std::map<std::string, pcsc::Slot> seen_;  // what pcscd said last, to tell a change from a repetition
  std::set<std::string> disabled_;          // names and aliases
  std::set<std::string> held_;              // by other programs, with the card that is in
  std::map<std::string, Place> places_;
  pcsc::UsbView usb_;  // empty while pcscd is away, and until USB has been looked at
  std::shared_ptr<const State> state_;
};

/// The reader with this name of pcscd's, or nullptr.
const Reader* find_reader(const State& state, const std::string& name);

/// Is this the generation of a card that is there now?
bool is_current(const State& state, const std::string& generation);

/// Desk::choose() as a function of the state.
Chosen choose_card(const State& state, const Selection& selection, Wanted wanted,
                   const ReaderFilter& allowed);

}  // namespace insd::desk
