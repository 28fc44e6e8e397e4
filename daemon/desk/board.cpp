// SPDX-License-Identifier: Apache-2.0
#include "daemon/desk/board.h"

#include <algorithm>

#include <fnmatch.h>

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
      return kind == CardKind::VITALE_1 ? std::optional(Code::CARD_UNSUPPORTED) : std::nullopt;
    case ReaderState::EMPTY:
      break;
  }
  return std::nullopt;
}

const Reader* find_by_name(const State& state, const std::string& name) {
  const auto found = std::ranges::find(state.readers, name, &Reader::name);
  return found == state.readers.end() ? nullptr : &*found;
}

}  // namespace

Board::Board(std::vector<ReaderConfig> readers, std::string start_id, const Clock& clock,
             std::set<std::string> disabled)
    : configured_(std::move(readers)),
      start_id_(std::move(start_id)),
      clock_(clock),
      away_since_(clock.steady()),
      disabled_(std::move(disabled)) {
  State first;
  first.pcsc_fault = Code::PCSC_RESTARTING;  // until the monitor has seen the service
  first.pcsc_since = clock_.wall();
  state_ = std::make_shared<const State>(std::move(first));
}

std::string Board::new_generation() {
  return start_id_ + "-" + std::to_string(++counter_);
}

Reader Board::describe(const pcsc::Slot& slot) const {
  Reader reader;
  reader.name = slot.reader;
  for (const auto& entry : configured_) {
    if (fnmatch(entry.match.c_str(), slot.reader.c_str(), 0) == 0) {
      reader.alias = entry.alias;
      reader.role = entry.role;
      break;
    }
  }
  reader.enabled = !disabled_.contains(reader.name) && !disabled_.contains(reader.alias);
  reader.state = reader.enabled ? state_of(slot) : ReaderState::DISABLED;
  if (reader.enabled && slot.state == pcsc::SlotState::PRESENT) {
    reader.atr = slot.atr;
    reader.kind = classify_atr(slot.atr);
  }
  if (reader.state == ReaderState::CARD_PRESENT && held_.contains(slot.reader))
    reader.state = ReaderState::HELD;
  reader.problem = problem_of(reader.state, reader.kind);
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
  std::map<std::string, pcsc::Slot> seen;
  for (const auto& slot : snapshot.slots) {
    if (find_by_name(next, slot.reader) != nullptr)
      continue;  // a twin name cannot be told apart: the first stays
    const Reader* before = find_by_name(*state_, slot.reader);
    const auto last = seen_.find(slot.reader);
    const bool same_card = before != nullptr && last != seen_.end() &&
                           last->second.insertions == slot.insertions && last->second.state == slot.state &&
                           last->second.atr == slot.atr;
    if (!same_card) held_.erase(slot.reader);
    Reader reader = describe(slot);
    if (!reader.atr.empty()) {
      reader.generation = same_card && !before->generation.empty() ? before->generation : new_generation();
    }
    if (same_card && before->problem == Code::READER_STUCK) {
      reader.state = ReaderState::UNUSABLE;
      reader.problem = Code::READER_STUCK;
    }
    const bool unchanged =
        before != nullptr && before->state == reader.state && before->generation == reader.generation;
    reader.since = unchanged ? before->since : clock_.wall();
    seen[slot.reader] = slot;
    next.readers.push_back(std::move(reader));
  }
  const GenerationEnd cause = snapshot.service_fault ? GenerationEnd::SERVICE : GenerationEnd::REMOVED;
  for (const auto& before : state_->readers) {
    if (before.generation.empty()) continue;
    const Reader* now = find_by_name(next, before.name);
    if (now == nullptr || now->generation != before.generation) ended.emplace_back(before.generation, cause);
  }
  seen_ = std::move(seen);
  publish(std::move(next));
  return ended;
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
  if (const Reader* by_name = find_by_name(*state_, name_or_alias)) return {*by_name};
  std::vector<Reader> found;
  std::ranges::copy_if(state_->readers, std::back_inserter(found),
                       [&](const Reader& reader) { return reader.alias == name_or_alias; });
  const auto entry = std::ranges::find(configured_, name_or_alias, &ReaderConfig::alias);
  if (found.empty() && entry != configured_.end()) {
    Reader away;
    away.alias = entry->alias;
    away.role = entry->role;
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
    if (!now.atr.empty()) now.generation = new_generation();
    now.since = clock_.wall();
    reader = std::move(now);
  }
  publish(std::move(next));
  return ended;
}

const Reader* find_reader(const State& state, const std::string& name_or_alias) {
  if (name_or_alias.empty()) return nullptr;
  const Reader* by_name = find_by_name(state, name_or_alias);
  if (by_name != nullptr) return by_name;
  const auto by_alias = std::ranges::find(state.readers, name_or_alias, &Reader::alias);
  return by_alias == state.readers.end() ? nullptr : &*by_alias;
}

}  // namespace insd::desk
