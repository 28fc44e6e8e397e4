// SPDX-License-Identifier: Apache-2.0
// Which card does a request mean? Never a guess: two that fit are an error that lists both.
#include <algorithm>
#include <set>

#include "daemon/desk/board.h"
#include "drivers/base/error.h"

namespace insd::desk {
namespace {

enum class Fit : std::uint8_t { NO, UNSUPPORTED, MAYBE, YES };

// An unknown ATR may be a newer mask of a known family: SELECT decides (specs: vitale 1.1).
Fit fit(CardKind kind, Wanted wanted) {
  if (kind == CardKind::UNKNOWN) return Fit::MAYBE;
  if (wanted == Wanted::VITALE) {
    if (kind == CardKind::VITALE_2) return Fit::YES;
    return is_unsupported(kind) ? Fit::UNSUPPORTED : Fit::NO;
  }
  if (kind == CardKind::CPS_3) return Fit::YES;
  if (kind == CardKind::CPS_4 && wanted == Wanted::CPS_BY_MODULE) return Fit::YES;
  return is_cps(kind) ? Fit::UNSUPPORTED : Fit::NO;
}

std::string_view wanted_text(Wanted wanted) {
  return wanted == Wanted::VITALE ? "a Vitale 2 card is wanted" : "a CPS card is wanted";
}

std::string label(const Reader& reader) {
  return reader.alias.empty() ? printable(reader.name) : reader.alias + " (" + printable(reader.name) + ")";
}

std::string labels(const std::vector<const Reader*>& readers) {
  std::string text;
  for (const Reader* reader : readers) text += (text.empty() ? "" : ", ") + label(*reader);
  return text;
}

// The error that a reader's own state stands for, if any.
void check_usable(const Reader& reader) {
  switch (reader.state) {
    case ReaderState::CARD_PRESENT:
      return;
    case ReaderState::EMPTY:
      throw Error(Code::CARD_ABSENT, label(reader));
    case ReaderState::CARD_MUTE:
      throw Error(Code::CARD_MUTE, label(reader));
    case ReaderState::HELD:
      if (reader.generation.empty()) throw Error(Code::READER_HELD, label(reader));
      return;  // the connection waits a while for the other program, then says READER_HELD itself
    case ReaderState::DISABLED:
      throw Error(Code::READER_DISABLED, label(reader));
    case ReaderState::UNUSABLE:
      throw Error(reader.problem.value_or(Code::READER_FAILED), label(reader));
  }
}

// A known card in a reader that is kept for the other kind: the top fault of desks with two readers.
bool is_swapped(const Reader& reader) {
  if (reader.atr.empty() || reader.role == ReaderRole::ANY) return false;
  return reader.role == ReaderRole::PATIENT ? is_cps(reader.kind) : is_vitale(reader.kind);
}

[[noreturn]] void throw_swapped(const std::vector<const Reader*>& readers) {
  std::string text;
  for (const Reader* reader : readers) {
    text += (text.empty() ? "" : ", ") + std::string(to_string(reader->kind)) + " in " + label(*reader) +
            (reader->role == ReaderRole::PATIENT ? ", kept for patients" : ", kept for professionals");
  }
  throw Error(Code::CARDS_SWAPPED, text);
}

Chosen chosen_from(const Reader& reader, Wanted wanted, const std::string& generation) {
  check_usable(reader);
  if (!generation.empty() && generation != reader.generation) throw Error(Code::CARD_CHANGED, label(reader));
  if (is_swapped(reader)) throw_swapped({&reader});
  switch (fit(reader.kind, wanted)) {
    case Fit::NO:
      throw Error(Code::CARD_WRONG_KIND, label(reader) + ": " + std::string(wanted_text(wanted)));
    case Fit::UNSUPPORTED:
      throw Error(Code::CARD_UNSUPPORTED, label(reader) + ": " + std::string(to_string(reader.kind)));
    case Fit::MAYBE:
    case Fit::YES:
      break;
  }
  return {reader.name, reader.generation, reader.kind, reader.alias, reader.desk};
}

bool meant_for(const Reader& reader, Wanted wanted) {
  if (reader.role == ReaderRole::ANY) return true;
  return (reader.role == ReaderRole::PATIENT) == (wanted == Wanted::VITALE);
}

// Nothing fits of those meant: the most telling reason, so that the desk knows what to do.
[[noreturn]] void throw_nothing_fits(const std::vector<const Reader*>& visible,
                                     const std::vector<const Reader*>& meant, Wanted wanted) {
  const auto has = [&](auto&& predicate) { return std::ranges::any_of(meant, predicate); };
  std::vector<const Reader*> swapped;
  std::ranges::copy_if(visible, std::back_inserter(swapped), [](const Reader* r) { return is_swapped(*r); });
  if (!swapped.empty()) throw_swapped(swapped);
  if (meant.empty()) throw Error(Code::READER_NOT_FOUND, "no reader that may be used for this card");
  if (has([&](const Reader* r) { return !r->atr.empty() && fit(r->kind, wanted) == Fit::UNSUPPORTED; })) {
    throw Error(Code::CARD_UNSUPPORTED, std::string(wanted_text(wanted)));
  }
  if (has([](const Reader* r) { return r->state == ReaderState::CARD_MUTE; })) throw Error(Code::CARD_MUTE);
  if (has([](const Reader* r) { return r->state == ReaderState::HELD && r->generation.empty(); })) {
    throw Error(Code::READER_HELD);
  }
  if (has([](const Reader* r) { return r->state == ReaderState::EMPTY; })) {
    throw Error(Code::CARD_ABSENT, std::string(wanted_text(wanted)));
  }
  if (has([](const Reader* r) { return !r->atr.empty(); })) {
    throw Error(Code::CARD_WRONG_KIND, std::string(wanted_text(wanted)));
  }
  check_usable(*meant.front());
  throw Error(Code::CARD_ABSENT, std::string(wanted_text(wanted)));
}

std::vector<const Reader*> visible_readers(const State& state, const std::string& desk,
                                           const ReaderFilter& allowed) {
  std::vector<const Reader*> visible;
  for (const Reader& reader : state.readers) {
    if ((desk.empty() || reader.desk == desk) && (!allowed || allowed(reader))) visible.push_back(&reader);
  }
  return visible;
}

const Reader& named_of(const std::vector<const Reader*>& visible, const std::string& name_or_alias) {
  std::vector<const Reader*> named;
  std::ranges::copy_if(visible, std::back_inserter(named), [&](const Reader* reader) {
    return reader->name == name_or_alias || reader->alias == name_or_alias;
  });
  if (named.empty()) throw Error(Code::READER_NOT_FOUND, printable(name_or_alias));
  if (named.size() > 1) throw Error(Code::READER_AMBIGUOUS, labels(named));
  return *named.front();
}

// Where there are several desks, a card alone does not say whose it is: the only one that fits may be the
// neighbour's. The desks are those of the configuration too: a neighbour's reader that is unplugged is one.
void require_one_desk(const State& state, const std::vector<const Reader*>& visible,
                      const ReaderFilter& allowed) {
  std::set<std::string> desks;
  for (const Reader* reader : visible) desks.insert(reader->desk);
  if (state.entries) {
    for (const ReaderConfig& entry : *state.entries) {
      Reader absent;
      absent.alias = entry.alias;
      absent.role = entry.role;
      absent.desk = entry.desk;
      if (!allowed || allowed(absent)) desks.insert(entry.desk);
    }
  }
  desks.erase("");
  if (desks.size() < 2) return;
  std::string names;
  for (const auto& desk : desks) names += (names.empty() ? "" : ", ") + desk;
  throw Error(Code::READER_AMBIGUOUS, "several desks, and none is named: " + names);
}

Chosen pick_by_role(const std::vector<const Reader*>& visible, Wanted wanted) {
  std::vector<const Reader*> meant;
  std::ranges::copy_if(visible, std::back_inserter(meant),
                       [&](const Reader* reader) { return meant_for(*reader, wanted); });
  for (const Fit good : {Fit::YES, Fit::MAYBE}) {
    std::vector<const Reader*> fitting;
    std::ranges::copy_if(meant, std::back_inserter(fitting),
                         [&](const Reader* r) { return !r->atr.empty() && fit(r->kind, wanted) == good; });
    if (fitting.size() == 1) return chosen_from(*fitting.front(), wanted, {});
    if (fitting.size() > 1) throw Error(Code::CARD_AMBIGUOUS, labels(fitting));
  }
  throw_nothing_fits(visible, meant, wanted);
}

}  // namespace

Chosen choose_card(const State& state, const Selection& selection, Wanted wanted,
                   const ReaderFilter& allowed) {
  if (state.pcsc_fault) throw Error(*state.pcsc_fault);
  const auto visible = visible_readers(state, selection.desk, allowed);
  if (!selection.reader.empty()) {
    return chosen_from(named_of(visible, selection.reader), wanted, selection.generation);
  }
  if (!selection.generation.empty()) {
    const auto found = std::ranges::find(visible, selection.generation, &Reader::generation);
    if (found == visible.end()) throw Error(Code::CARD_CHANGED, "that card is no longer in a reader");
    return chosen_from(**found, wanted, {});
  }
  if (selection.desk.empty()) {
    require_one_desk(state, visible, allowed);
  } else if (visible.empty()) {
    throw Error(Code::READER_NOT_FOUND, "no reader of the desk " + printable(selection.desk));
  }
  return pick_by_role(visible, wanted);
}

}  // namespace insd::desk
