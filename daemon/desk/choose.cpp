// SPDX-License-Identifier: Apache-2.0
// Which card does a request mean? Never a guess: two that fit are an error that lists both.
#include <algorithm>

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
    return kind == CardKind::VITALE_1 ? Fit::UNSUPPORTED : Fit::NO;
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
      return;  // the connection waits a while for the other program, then says READER_HELD itself
    case ReaderState::DISABLED:
      throw Error(Code::READER_DISABLED, label(reader));
    case ReaderState::UNUSABLE:
      throw Error(reader.problem.value_or(Code::READER_FAILED), label(reader));
  }
}

Chosen chosen_from(const Reader& reader, Wanted wanted, const std::string& generation) {
  check_usable(reader);
  if (!generation.empty() && generation != reader.generation) throw Error(Code::CARD_CHANGED, label(reader));
  switch (fit(reader.kind, wanted)) {
    case Fit::NO:
      throw Error(Code::CARD_WRONG_KIND, label(reader) + ": " + std::string(wanted_text(wanted)));
    case Fit::UNSUPPORTED:
      throw Error(Code::CARD_UNSUPPORTED, label(reader) + ": " + std::string(to_string(reader.kind)));
    case Fit::MAYBE:
    case Fit::YES:
      break;
  }
  return {reader.name, reader.generation, reader.kind};
}

bool meant_for(const Reader& reader, Wanted wanted) {
  if (reader.role == ReaderRole::ANY) return true;
  return (reader.role == ReaderRole::PATIENT) == (wanted == Wanted::VITALE);
}

// Nothing fits: the most telling reason, so that the desk knows what to do.
[[noreturn]] void throw_nothing_fits(const std::vector<const Reader*>& readers, Wanted wanted) {
  const auto has = [&](auto&& predicate) { return std::ranges::any_of(readers, predicate); };
  if (readers.empty()) throw Error(Code::READER_NOT_FOUND, "no reader that may be used for this card");
  if (has([&](const Reader* r) { return !r->atr.empty() && fit(r->kind, wanted) == Fit::UNSUPPORTED; })) {
    throw Error(Code::CARD_UNSUPPORTED, std::string(wanted_text(wanted)));
  }
  if (has([](const Reader* r) { return r->state == ReaderState::CARD_MUTE; })) throw Error(Code::CARD_MUTE);
  if (has([](const Reader* r) { return r->state == ReaderState::EMPTY; })) {
    throw Error(Code::CARD_ABSENT, std::string(wanted_text(wanted)));
  }
  if (has([](const Reader* r) { return !r->atr.empty(); })) {
    throw Error(Code::CARD_WRONG_KIND, std::string(wanted_text(wanted)));
  }
  check_usable(*readers.front());
  throw Error(Code::CARD_ABSENT, std::string(wanted_text(wanted)));
}

}  // namespace

Chosen choose_card(const State& state, const Selection& selection, Wanted wanted,
                   const ReaderFilter& allowed) {
  if (state.pcsc_fault) throw Error(*state.pcsc_fault);
  std::vector<const Reader*> visible;
  for (const auto& reader : state.readers) {
    if (!allowed || allowed(reader)) visible.push_back(&reader);
  }
  if (!selection.reader.empty()) {
    const Reader* named = find_reader(state, selection.reader);
    if (named == nullptr || std::ranges::find(visible, named) == visible.end()) {
      throw Error(Code::READER_NOT_FOUND, printable(selection.reader));
    }
    return chosen_from(*named, wanted, selection.generation);
  }
  if (!selection.generation.empty()) {
    const auto found = std::ranges::find(visible, selection.generation, &Reader::generation);
    if (found == visible.end()) throw Error(Code::CARD_CHANGED, "that card is no longer in a reader");
    return chosen_from(**found, wanted, {});
  }
  std::erase_if(visible, [&](const Reader* reader) { return !meant_for(*reader, wanted); });
  for (const Fit good : {Fit::YES, Fit::MAYBE}) {
    std::vector<const Reader*> fitting;
    std::ranges::copy_if(visible, std::back_inserter(fitting),
                         [&](const Reader* r) { return !r->atr.empty() && fit(r->kind, wanted) == good; });
    if (fitting.size() == 1) return chosen_from(*fitting.front(), wanted, {});
    if (fitting.size() > 1) {
      std::string names;
      for (const Reader* reader : fitting) names += (names.empty() ? "" : ", ") + label(*reader);
      throw Error(Code::CARD_AMBIGUOUS, names);
    }
  }
  throw_nothing_fits(visible, wanted);
}

}  // namespace insd::desk
