// SPDX-License-Identifier: Apache-2.0
#include "drivers/vitale/vitale.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "drivers/base/error.h"
#include "drivers/base/secret.h"
#include "drivers/iso7816/apdu.h"
#include "drivers/iso7816/files.h"
#include "drivers/vitale/decode.h"
#include "drivers/vitale/files.h"
#include "drivers/vitale/pointers.h"

namespace insd::vitale {
namespace {

using Steady = std::chrono::steady_clock;

/// The card's time for the whole reading: a card that answers each command just in time must not be asked for
/// ever.
class Budgeted final : public iso7816::Channel {
 public:
  Budgeted(iso7816::Channel& channel, Steady::duration budget)
      : channel_(channel), until_(Steady::now() + budget) {}

  Bytes exchange(ByteView command) override {
    if (Steady::now() >= until_) throw Error(Code::CARD_PROTOCOL, "the card takes too long");
    return channel_.exchange(command);
  }
  [[nodiscard]] std::stop_token stop() const override { return channel_.stop(); }

 private:
  iso7816::Channel& channel_;
  const Steady::time_point until_;
};

// The status word of a SELECT. 61xx already says "selected": nobody reads the file description behind it, and
// T=0 lets the next command follow at once, so GET RESPONSE is saved (10-40 ms on a contact card).
std::uint16_t select(iso7816::Channel& channel, const Selection& selection) {
  if (channel.stop().stop_requested()) throw Error(Code::CANCELLED, selection.what);
  const iso7816::Command command{
      .cla = 0x00,
      .ins = 0xA4,
      .p1 = selection.p1,
      .p2 = selection.p2,
      .data = {selection.data.begin(), selection.data.end()},
      .le = std::nullopt,
  };
  const Bytes answer = channel.exchange(command.encode());
  if (answer.size() < 2) throw Error(Code::CARD_PROTOCOL, std::string(selection.what) + ": no status word");
  const auto sw = static_cast<std::uint16_t>(answer[answer.size() - 2] << 8 | answer.back());
  return sw >> 8 == 0x61 ? 0x9000 : sw;
}

// A selection without which the card is not a Vitale 2. A Vitale 1 knows no class 00 (specs: vitale 3.1).
void select_or_refuse(iso7816::Channel& channel, const Selection& selection) {
  const std::uint16_t sw = select(channel, selection);
  if (sw == 0x9000) return;
  const std::string detail = std::string(selection.what) + ": " + iso7816::sw_text(sw);
  if (sw == 0x6E00 || sw == 0x6D00) throw Error(Code::CARD_UNSUPPORTED, detail);
  const bool refused = sw >> 8 == 0x6A || sw >> 8 == 0x69;
  throw Error(refused ? Code::CARD_WRONG_KIND : Code::CARD_PROTOCOL, detail);
}

// Another way may still work after these; after all others (removal, reset, cancel) nothing will.
bool another_way_may_work(Code code) {
  return code == Code::NOT_FOUND || code == Code::CARD_ACCESS_DENIED || code == Code::CARD_PROTOCOL ||
         code == Code::CARD_DATA_INVALID;
}

// One file as people and what is said of the card; nobody when it is another file.
bool take(ByteView file, IdentitySource source, Reading& reading) {
  reading.beneficiaries = decode_identities(file);
  if (reading.beneficiaries.empty()) return false;
  reading.validity_start = decode_validity_start(file);
  reading.source = source;
  return true;
}

bool attempt(iso7816::Channel& channel, const IdentityAttempt& way, Reading& reading) {
  if (way.selection != nullptr && select(channel, *way.selection) != 0x9000) return false;
  const Bytes file =
      iso7816::read_binary(channel, {.sfi = way.sfi, .known_size = std::nullopt, .max_bytes = kMaxFileBytes});
  return take(file, way.source, reading);
}

/// The ways to the identity, one after another; the first reason that says more than "no such file" is told
/// when none led to a name.
class IdentitySearch {
 public:
  explicit IdentitySearch(iso7816::Channel& channel) : channel_(channel) {}

  bool found() const { return !reading_.beneficiaries.empty(); }
  Reading& reading() { return reading_; }

  /// From the MF.
  void by_known_files(IdentitySource first) {
    for (const bool favoured : {true, false}) {
      for (const IdentityAttempt& way : kIdentityAttempts) {
        if ((way.source == first) != favoured) continue;
        if (tried([&] { return attempt(channel_, way, reading_); })) return;
      }
    }
  }

  /// From VITALE; leaves another application selected.
  void by_pointers() {
    Bytes pointers;  // the entries point into it
    std::vector<PointedFile> files;
    tried([&] {
      if (select(channel_, kSelectPointers) != 0x9000) return false;
      pointers = read(kMaxFileBytes);
      files = decode_pointers(pointers);
      return false;
    });
    std::size_t budget = kMaxWalkBytes;
    for (const PointedFile& file : files) {
      if (budget == 0 || tried([&] { return walk_to(file, budget); })) return;
    }
  }

  [[noreturn]] void refuse() const {
    if (reason_) std::rethrow_exception(reason_);
    throw Error(Code::CARD_DATA_INVALID, "no identity on the card");
  }

 private:
  template <class Way>
  bool tried(const Way& way) {
    try {
      return way();
    } catch (const Error& error) {
      if (!another_way_may_work(error.code())) throw;
      reading_ = {};
      const bool telling = error.code() != Code::NOT_FOUND && error.code() != Code::CARD_ACCESS_DENIED;
      if (!reason_ && telling) reason_ = std::current_exception();
      return false;
    }
  }

  Bytes read(std::size_t most) {
    return iso7816::read_binary(channel_, {.sfi = {}, .known_size = std::nullopt, .max_bytes = most});
  }

  bool walk_to(const PointedFile& file, std::size_t& budget) {
    if (select(channel_, {"SELECT application", 0x04, 0x00, file.application}) != 0x9000) return false;
    if (select(channel_, {"SELECT pointed file", 0x02, 0x00, file.id}) != 0x9000) return false;
    const Bytes content = read(std::min(budget, kMaxFileBytes));
    budget -= content.size();
    return take(content, IdentitySource::POINTERS, reading_);
  }

  iso7816::Channel& channel_;
  Reading reading_;
  std::exception_ptr reason_;
};

Bytes read_nirs(iso7816::Channel& channel) {
  try {
    return iso7816::read_binary(channel,
                                {.sfi = kNirSfi, .known_size = std::nullopt, .max_bytes = kMaxFileBytes});
  } catch (const Error& error) {
    // People without a NIR are still people: whoever needs the NIR says that it is missing.
    if (error.code() != Code::NOT_FOUND && error.code() != Code::CARD_ACCESS_DENIED) throw;
    return {};
  }
}

}  // namespace

Reading read(iso7816::Channel& card, IdentitySource first, Steady::duration budget) {
  Budgeted channel(card, budget);
  select_or_refuse(channel, kSelectMasterFile);
  IdentitySearch search(channel);
  search.by_known_files(first);
  // Asked even when nobody was found: a CPS has an MF too, and must be called the wrong card, not a broken
  // one.
  select_or_refuse(channel, kSelectVitale);
  if (!search.found()) {
    search.by_pointers();
    if (!search.found()) search.refuse();
    select_or_refuse(channel, kSelectVitale);
  }
  Reading reading = std::move(search.reading());
  const Bytes nirs = read_nirs(channel);
  join_nirs(nirs, reading.beneficiaries);
  if (!reading.validity_start) reading.validity_start = decode_validity_start(nirs);
  return reading;
}

void wipe(Reading& reading) {
  const auto overwrite = [](std::string& text) {
    insd::wipe(text.data(), text.size());
    text.clear();
  };
  for (Beneficiary& person : reading.beneficiaries) {
    for (std::string* text : {&person.usual_name, &person.given_name, &person.birth_date}) overwrite(*text);
    if (person.nir) overwrite(*person.nir);
    if (person.nationality) overwrite(*person.nationality);
  }
  if (reading.validity_start) overwrite(*reading.validity_start);
  reading = {};
}

}  // namespace insd::vitale
