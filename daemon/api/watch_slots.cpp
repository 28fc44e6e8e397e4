// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/watch_slots.h"

#include <algorithm>
#include <set>
#include <utility>

#include "daemon/api/convert.h"

namespace insd::api {

WatchSlots::WatchSlots(desk::ReaderFilter allowed, Language language)
    : allowed_(std::move(allowed)), language_(language) {}

void WatchSlots::update(const desk::State& state) {
  const bool first = !begun_;
  begun_ = true;
  sequence_ = std::max(sequence_, state.sequence);
  if (!first) put_events(state);
  known_event_ = state.service_events.empty() ? known_event_ : state.service_events.back().number;
  if (first || state.pcsc_fault != pcsc_fault_) {
    pcsc_fault_ = state.pcsc_fault;
    pcsc_ = pcsc_to_proto(state, language_);
    put(Kind::PCSC, "");
  }
  std::set<std::string> present;
  for (const desk::Reader& reader : state.readers) {
    if (!allowed_(reader)) continue;
    present.insert(reader.name);
    const auto known = readers_.find(reader.name);
    if (known != readers_.end() && known->second == reader) continue;
    readers_.insert_or_assign(reader.name, reader);
    put(Kind::READER, reader.name);
  }
  for (auto each = readers_.begin(); each != readers_.end();) {
    if (present.contains(each->first)) {
      ++each;
    } else {
      remove(each->first);
      each = readers_.erase(each);
    }
  }
  if (first) waiting_.push_back({Kind::SNAPSHOT_END, ""});
}

// Unlike a state, an event is not superseded by the next one, but by those of a later outage.
void WatchSlots::put_events(const desk::State& state) {
  for (const desk::ServiceEvent& event : state.service_events) {
    if (event.number <= known_event_) continue;
    missed_ += event.number - known_event_ - 1;
    known_event_ = event.number;
    if (event.kind == desk::ServiceEvent::Kind::LOST) {
      missed_ += std::erase_if(waiting_, [](const Slot& slot) { return slot.kind == Kind::EVENT; });
      events_.clear();
    }
    events_.push_back(event);
    waiting_.push_back({Kind::EVENT, ""});
  }
}

void WatchSlots::put(Kind kind, const std::string& name) {
  if (kind == Kind::PCSC) {
    if (pcsc_waiting_) {
      ++missed_;
    } else {
      pcsc_waiting_ = waiting_.insert(waiting_.end(), {kind, ""});
    }
    return;
  }
  const auto found = waiting_by_name_.find(name);
  if (found != waiting_by_name_.end()) {
    // The state that waited is superseded, in its place.
    found->second->kind = kind;
    ++missed_;
  } else {
    waiting_by_name_.emplace(name, waiting_.insert(waiting_.end(), {kind, name}));
  }
}

void WatchSlots::remove(const std::string& name) {
  if (told_.contains(name)) {
    put(Kind::REMOVED, name);
    return;
  }
  // It came and went before the watcher heard of it.
  const auto found = waiting_by_name_.find(name);
  if (found == waiting_by_name_.end()) return;
  waiting_.erase(found->second);
  waiting_by_name_.erase(found);
  missed_ += 2;
}

std::optional<v1::WatchReadersResponse> WatchSlots::next() {
  if (waiting_.empty()) return std::nullopt;
  const Slot slot = waiting_.front();
  waiting_.pop_front();
  v1::WatchReadersResponse message;
  message.set_sequence(sequence_);
  message.set_missed(std::exchange(missed_, 0));
  switch (slot.kind) {
    case Kind::EVENT:
      *message.mutable_pcsc_event() = to_proto(events_.front());
      events_.pop_front();
      break;
    case Kind::PCSC:
      pcsc_waiting_.reset();
      *message.mutable_pcsc() = pcsc_;
      break;
    case Kind::READER:
      waiting_by_name_.erase(slot.name);
      told_.insert(slot.name);
      *message.mutable_reader() = to_proto(readers_.at(slot.name), language_);
      break;
    case Kind::REMOVED:
      waiting_by_name_.erase(slot.name);
      told_.erase(slot.name);
      message.set_reader_removed(printable(slot.name));
      break;
    case Kind::SNAPSHOT_END:
      message.mutable_snapshot_end();
      break;
  }
  return message;
}

}  // namespace insd::api
