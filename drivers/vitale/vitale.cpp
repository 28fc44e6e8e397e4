// SPDX-License-Identifier: Apache-2.0
#include "drivers/vitale/vitale.h"

#include <exception>
#include <utility>

#include "drivers/base/error.h"
#include "drivers/iso7816/apdu.h"
#include "drivers/iso7816/files.h"
#include "drivers/vitale/decode.h"
#include "drivers/vitale/files.h"

namespace insd::vitale {
namespace {

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

std::vector<Beneficiary> attempt(iso7816::Channel& channel, const IdentityAttempt& way) {
  if (way.selection != nullptr) {
    const std::uint16_t sw = select(channel, *way.selection);
    if (sw != 0x9000) return {};
  }
  return decode_identities(iso7816::read_binary(
      channel, {.sfi = way.sfi, .known_size = std::nullopt, .max_bytes = kMaxFileBytes}));
}

// Nobody, with the first reason that says more than "no such file", when no way led to a name.
struct Identities {
  Reading reading;
  std::exception_ptr reason;
};

Identities read_identities(iso7816::Channel& channel) {
  Identities result;
  for (const IdentityAttempt& way : kIdentityAttempts) {
    try {
      result.reading = {attempt(channel, way), way.source};
      if (!result.reading.beneficiaries.empty()) return result;
    } catch (const Error& error) {
      if (!another_way_may_work(error.code())) throw;
      if (!result.reason && error.code() != Code::NOT_FOUND) result.reason = std::current_exception();
    }
  }
  return result;
}

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

Reading read(iso7816::Channel& channel) {
  select_or_refuse(channel, kSelectMasterFile);
  Identities identities = read_identities(channel);
  // Asked even when nobody was found: a CPS has an MF too, and must be called the wrong card, not a broken
  // one.
  select_or_refuse(channel, kSelectVitale);
  if (identities.reading.beneficiaries.empty()) {
    if (identities.reason) std::rethrow_exception(identities.reason);
    throw Error(Code::CARD_DATA_INVALID, "no identity on the card");
  }
  join_nirs(read_nirs(channel), identities.reading.beneficiaries);
  return std::move(identities.reading);
}

}  // namespace insd::vitale
