// SPDX-License-Identifier: Apache-2.0
#include "daemon/desk/board.h"

#include <algorithm>

#include "daemon/desk/entries.h"
#include "drivers/base/error.h"

namespace insd::desk {
namespace {

ReaderState state_of(const pcsc::Slot& slot) {
  switch (slot.state) {
    case pcsc::SlotState::EMPTY:
      return ReaderState::EMPTY;
    case pcsc::SlotState::MUTE:
      return ReaderState::CARD_MUTE;
    case pcsc::SlotState::UNUSABLE:
      return ReaderState::UNUSABLE;
    case pcsc::SlotState::PRESENT:
      break;
  }
  if (slot.atr.empty()) return ReaderState::CARD_MUTE;  // T-CARD-01: present, yet it said nothing
  return slot.held_exclusively ? ReaderState::HELD : ReaderState::CARD_PRESENT;
}

std::optional<Code> problem_of(ReaderState state, CardKind kind) {
  switch (state) {
    case ReaderState::CARD_MUTE:
      return Code::CARD_MUTE;
    case ReaderState::HELD:
      return Code::READER_HELD;
    case ReaderState::UNUSABLE:
      return Code::READER_FAILED;
    case ReaderState::DISABLED:
      return Code::READER_DISABLED;
    case ReaderState::CARD_PRESENT:
      return is_unsupported(kind) ? std::optional(Code::CARD_UNSUPPORTED) : std::nullopt;
    case ReaderState::EMPTY:
      break;
  }
  return std::nullopt;
}

}  // namespace

Board::Board(std::vector<ReaderConfig> readers, std::string start_id, const Clock& clock,
             std::set<std::string> disabled)
    : entries_(std::make_shared<const std::vector<ReaderConfig>>(std::move(readers))),
      start_id_(std::move(start_id)),
      clock_(clock),
      away_since_(clock.steady()),
      disabled_(std::move(disabled)) {
  State first;
  first.pcsc_fault = Code::PCSC_RESTARTING;  // until the monitor has seen the service
  first.pcsc_since = clock_.wall();
  first.entries = entries_;
  state_ = std::make_shared<const State>(std::move(first));
}

std::string Board::new_generation() {
  return start_id_ + "-" + std::to_string(++counter_);
}

Reader Board::describe(const pcsc::Slot& slot) const {
  Reader reader;
  reader.name = slot.reader;
  const auto known = places_.find(slot.reader);
  std::optional<pcsc::ReaderPlace> place;
  if (known != places_.end() && known->second.arrival == slot.arrival) place = known->second.place;
  const EntryFound found = find_entry(*entries_, slot.reader, place);
  if (found.entry != nullptr) {
    reader.alias = found.entry->alias;
    reader.role = found.entry->role;
    reader.desk = found.entry->desk;
  }
  if (place) {
    reader.usb_path = place->usb_path;
    reader.serial = place->serial;
    reader.features = place->features;
    reader.located = true;
  }
  reader.enabled = !disabled_.contains(reader.name) && !disabled_.contains(reader.alias);
  reader.state = !reader.enabled   ? ReaderState::DISABLED
                 : found.undecided ? ReaderState::HELD
                                   : state_of(slot);
  // Whose desk's card it is must be known before anybody may use it.
  if (reader.enabled && !found.undecided && slot.state == pcsc::SlotState::PRESENT) {
    reader.atr = slot.atr;
    reader.kind = classify_atr(slot.atr);
  }
  if (reader.state == ReaderState::CARD_PRESENT && held_.contains(slot.reader))
    reader.state = ReaderState::HELD;
  reader.problem = problem_of(reader.state, reader.kind);
  return reader;
}

Reader Board::describe(const pcsc::UndrivenReader& undriven) const {
  Reader reader;
  reader.name = undriven.name;
  reader.usb_path = undriven.usb_path;
  reader.serial = undriven.serial;
  reader.no_driver = undriven.why;
  // An entry for a name of pcscd's cannot be meant: it has none.
  const auto entry = std::ranges::find_if(*entries_, [&](const ReaderConfig& candidate) {
    return candidate.usb == undriven.usb_path && candidate.match.empty() &&
           (candidate.serial.empty() || candidate.serial == undriven.serial);
  });
  if (entry != entries_->end()) {
    reader.alias = entry->alias;
    reader.role = entry->role;
    reader.desk = entry->desk;
  }
  reader.enabled = !disabled_.contains(reader.name) && !disabled_.contains(reader.alias);
  reader.state = reader.enabled ? ReaderState::UNUSABLE : ReaderState::DISABLED;
  reader.problem = reader.enabled ? Code::READER_NO_DRIVER : Code::READER_DISABLED;
  return reader;
}

// After pcscd's own, so that a reader which it has taken up meanwhile is not shown twice.
void Board::put_undriven(State& next) const {
  std::erase_if(next.readers, [](const Reader& reader) { return reader.no_driver.has_value(); });
  std::vector<pcsc::ServedReader> served;
  for (const Reader& reader : next.readers) served.push_back({reader.name, reader.usb_path});
  for (const auto& undriven : pcsc::undriven_readers(usb_, served)) {
    Reader reader = describe(undriven);
    const Reader* before = find_reader(*state_, reader.name);
    const bool unchanged = before != nullptr && before->state == reader.state;
    reader.since = unchanged ? before->since : clock_.wall();
    next.readers.push_back(std::move(reader));
  }
}

// The reader after a new look; the generation goes on while it is the same card.
Reader Board::renewed(const pcsc::Slot& slot, const Reader* before, bool same_card) {
  Reader reader = describe(slot);
  same_card = same_card && before != nullptr;
  if (!reader.atr.empty()) {
    reader.generation = same_card && !before->generation.empty() ? before->generation : new_generation();
  }
  reader.card_left = same_card && before->card_left;
  if (same_card && before->problem == Code::READER_STUCK) {
    reader.state = ReaderState::UNUSABLE;
    reader.problem = Code::READER_STUCK;
  }
  const bool unchanged =
      before != nullptr && before->state == reader.state && before->generation == reader.generation;
  reader.since = unchanged ? before->since : clock_.wall();
  return reader;
}

void Board::publish(State next) {
  next.sequence = state_->sequence + 1;
  state_ = std::make_shared<const State>(std::move(next));
}

// One outage: lost, recovering, recovered. The one that begins with the daemon has nothing to lose.
void Board::note_service(State& next) {
  const auto& before = state_->pcsc_fault;
  const auto& now = next.pcsc_fault;
  auto& events = next.service_events;
  events = state_->service_events;
  next.pcsc_since = now == before ? state_->pcsc_since : clock_.wall();
  if (now == before) return;
  ServiceEvent event{.number = service_events_ + 1, .time = next.pcsc_since, .cause = now};
  if (!before) {
    events.clear();
    away_since_ = clock_.steady();
    event.kind = ServiceEvent::Kind::LOST;
  } else if (now) {
    if (!events.empty() && events.back().kind == ServiceEvent::Kind::RECOVERING) return;
    event.kind = ServiceEvent::Kind::RECOVERING;
  } else {
    if (events.empty()) return;  // it was there when the daemon started
    event.kind = ServiceEvent::Kind::RECOVERED;
    event.outage = std::max(std::chrono::milliseconds(1),
                            std::chrono::ceil<std::chrono::milliseconds>(clock_.steady() - away_since_));
  }
  ++service_events_;
  events.push_back(event);
}

Board::Ended Board::apply(const pcsc::Snapshot& snapshot) {
  Ended ended;
  State next;
  next.pcsc_fault = snapshot.service_fault;
  note_service(next);
  next.entries = entries_;
  std::map<std::string, pcsc::Slot> seen;
  for (const auto& slot : snapshot.slots) {
    // A twin name cannot be told apart: the first stays.
    if (!seen.try_emplace(slot.reader, slot).second) continue;
    const auto last = seen_.find(slot.reader);
    const bool same_card = last != seen_.end() && last->second.arrival == slot.arrival &&
                           last->second.insertions == slot.insertions && last->second.state == slot.state &&
                           last->second.atr == slot.atr;
    if (!same_card) held_.erase(slot.reader);
    next.readers.push_back(renewed(slot, find_reader(*state_, slot.reader), same_card));
  }
  std::erase_if(places_, [&](const auto& place) {
    const auto slot = seen.find(place.first);
    return slot == seen.end() || slot->second.arrival != place.second.arrival;
  });
  const GenerationEnd cause = snapshot.service_fault ? GenerationEnd::SERVICE : GenerationEnd::REMOVED;
  for (const auto& before : state_->readers) {
    if (before.generation.empty()) continue;
    const Reader* now = find_reader(next, before.name);
    if (now == nullptr || now->generation != before.generation) ended.emplace_back(before.generation, cause);
  }
  seen_ = std::move(seen);
  if (snapshot.service_fault) usb_ = {};  // it has just begun to look, or is not there to have drivers
  put_undriven(next);
  publish(std::move(next));
  return ended;
}

Board::Ended Board::see_usb(pcsc::UsbView view) {
  if (state_->pcsc_fault) return {};
  usb_ = std::move(view);
  State next = *state_;
  put_undriven(next);
  if (next.readers != state_->readers) publish(std::move(next));
  return {};
}

Board::Ended Board::end_generation(const std::string& generation, GenerationEnd cause) {
  State next = *state_;
  const auto reader = std::ranges::find(next.readers, generation, &Reader::generation);
  if (generation.empty() || reader == next.readers.end()) return {};
  reader->generation = new_generation();
  reader->since = clock_.wall();
  publish(std::move(next));
  return {{generation, cause}};
}

Board::Ended Board::leave(const std::string& generation) {
  State next = *state_;
  const auto reader = std::ranges::find(next.readers, generation, &Reader::generation);
  if (generation.empty() || reader == next.readers.end()) return {};
  reader->card_left = true;
  reader->generation = new_generation();
  reader->since = clock_.wall();
  publish(std::move(next));
  return {{generation, GenerationEnd::LEFT}};
}

Board::Ended Board::mark_stuck(const std::string& name) {
  State next = *state_;
  const auto reader = std::ranges::find(next.readers, name, &Reader::name);
  if (reader == next.readers.end()) return {};
  Ended ended;
  if (!reader->generation.empty()) {
    ended.emplace_back(reader->generation, GenerationEnd::FAILED);
    reader->generation = new_generation();
  }
  reader->state = ReaderState::UNUSABLE;
  reader->problem = Code::READER_STUCK;
  reader->since = clock_.wall();
  publish(std::move(next));
  return ended;
}

Board::Ended Board::locate(const std::string& name, std::uint32_t arrival, pcsc::ReaderPlace place) {
  places_.insert_or_assign(name, Place{arrival, std::move(place)});
  const auto seen = seen_.find(name);
  if (seen == seen_.end() || seen->second.arrival != arrival) return {};
  State next = *state_;
  for (auto& reader : next.readers) {
    if (reader.name == name) reader = renewed(seen->second, &reader, true);
  }
  put_undriven(next);
  publish(std::move(next));
  return {};
}

Board::Ended Board::mark_unstuck(const std::string& name) {
  State next = *state_;
  const auto reader = std::ranges::find(next.readers, name, &Reader::name);
  const auto seen = seen_.find(name);
  if (reader == next.readers.end() || seen == seen_.end() || reader->problem != Code::READER_STUCK) return {};
  Ended ended;
  if (!reader->generation.empty()) ended.emplace_back(reader->generation, GenerationEnd::FAILED);
  *reader = renewed(seen->second, &*reader, false);
  publish(std::move(next));
  return ended;
}

Board::Ended Board::mark_held(const std::string& name, bool held) {
  const auto seen = seen_.find(name);
  if (seen == seen_.end() || held == held_.contains(name)) return {};
  if (held) {
    held_.insert(name);
  } else {
    held_.erase(name);
  }
  const Reader now = describe(seen->second);
  State next = *state_;
  Reader& reader = *std::ranges::find(next.readers, name, &Reader::name);
  if (now.state == reader.state || reader.problem == Code::READER_STUCK) return {};
  reader.state = now.state;
  reader.problem = now.problem;
  reader.since = clock_.wall();
  publish(std::move(next));
  return {};
}

std::vector<Reader> Board::meant_by(const std::string& name_or_alias) const {
  if (name_or_alias.empty()) return {};
  if (const Reader* by_name = find_reader(*state_, name_or_alias)) return {*by_name};
  std::vector<Reader> found;
  std::ranges::copy_if(state_->readers, std::back_inserter(found),
                       [&](const Reader& reader) { return reader.alias == name_or_alias; });
  const auto entry = std::ranges::find(*entries_, name_or_alias, &ReaderConfig::alias);
  if (found.empty() && entry != entries_->end()) {
    Reader away;
    away.alias = entry->alias;
    away.role = entry->role;
    away.desk = entry->desk;
    away.enabled = !disabled_.contains(entry->alias);
    away.state = away.enabled ? ReaderState::UNUSABLE : ReaderState::DISABLED;
    away.problem = Code::READER_NOT_FOUND;
    found.push_back(std::move(away));
  }
  return found;
}

Board::Ended Board::set_enabled(const std::string& name_or_alias, bool enabled) {
  const auto meant = meant_by(name_or_alias);
  if (meant.empty()) throw Error(Code::READER_NOT_FOUND, printable(name_or_alias));
  if (enabled) {
    disabled_.erase(name_or_alias);
    for (const auto& reader : meant) {
      disabled_.erase(reader.name);
      disabled_.erase(reader.alias);
    }
  } else {
    disabled_.insert(name_or_alias);
  }
  State next = *state_;
  Ended ended;
  for (auto& reader : next.readers) {
    const auto seen = seen_.find(reader.name);
    if (seen == seen_.end()) continue;
    Reader now = describe(seen->second);
    if (now.enabled == reader.enabled) continue;
    if (!reader.generation.empty()) ended.emplace_back(reader.generation, GenerationEnd::RELEASED);
    reader = renewed(seen->second, nullptr, false);
  }
  put_undriven(next);
  publish(std::move(next));
  return ended;
}

const Reader* find_reader(const State& state, const std::string& name) {
  const auto found = std::ranges::find(state.readers, name, &Reader::name);
  return found == state.readers.end() ? nullptr : &*found;
}

bool is_current(const State& state, const std::string& generation) {
  return !generation.empty() &&
         std::ranges::find(state.readers, generation, &Reader::generation) != state.readers.end();
}

}  // namespace insd::desk
