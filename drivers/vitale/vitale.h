// SPDX-License-Identifier: Apache-2.0
// The Vitale 2 driver: transcribes the freely readable identity data of the card, faithfully
// (docs/drivers/vitale.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "drivers/iso7816/channel.h"

namespace insd::vitale {

/// One person on the card, in card order. Texts are UTF-8 (the card's ISO 8859-1 decoded), trimmed, nothing
/// else.
struct Beneficiary {
  std::string usual_name;  ///< 65/80; a usual name, never a birth name
  std::string given_name;  ///< 65/81
  std::string birth_date;  ///< 65/82 as on the card, AAAAMMJJ; may be lunar (day 0 or > 31, month 0 or > 12)
  std::optional<std::string> nir;          ///< 65/93 of the NIR file, 13 + 2 characters, joined by index
  std::optional<std::string> nationality;  ///< 65/90, content as on the card
  bool operator==(const Beneficiary&) const = default;
};

/// Which file the identity came from (specs: vitale 2.6).
enum class IdentitySource : std::uint8_t { SFI_2, FILE_D001, POINTERS };

struct Reading {
  std::vector<Beneficiary> beneficiaries;  ///< 1..19
  IdentitySource source = IdentitySource::SFI_2;
  std::optional<std::string> validity_start;  ///< 66/80 AAAAMMJJ, when one of the files read has it
  bool operator==(const Reading&) const = default;
};

/// Longer than any card needs for all that a reading may ask of it, at the slowest speed of a contact card.
inline constexpr std::chrono::seconds kReadBudget{20};

/// Reads identity and NIR: SELECT MF, identity by SFI 2 (else D001, else by the pointer file), SELECT VITALE,
/// NIR by SFI 2. `first` (SFI_2 or FILE_D001) is the way that worked on this card or on one of its mask:
/// tried before the others, it saves the attempts that fail. Errors: CARD_UNSUPPORTED (a Vitale 1 answers
/// 6E00), CARD_WRONG_KIND (no VITALE application), CARD_DATA_INVALID, CARD_PROTOCOL (also: not
/// done within `budget`, which is looked at before each exchange), and those of the channel. Blocking; checks
/// channel.stop() between exchanges.
Reading read(iso7816::Channel& channel, IdentitySource first = IdentitySource::SFI_2,
             std::chrono::steady_clock::duration budget = kReadBudget);

/// Overwrites every text of `reading`, and forgets it.
void wipe(Reading& reading);

}  // namespace insd::vitale
