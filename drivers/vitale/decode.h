// SPDX-License-Identifier: Apache-2.0
// The two files of a Vitale 2 as values: pure, total, no card.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "drivers/vitale/vitale.h"

namespace insd::vitale {

/// The people of an identity file, in card order; none when the file names nobody (no 65/80).
/// Throws CARD_DATA_INVALID: not TLV, more than 19 people, a name missing or with control characters, a birth
/// date that is not 8 digits, a datum given twice.
std::vector<Beneficiary> decode_identities(ByteView file);

/// Gives the n-th NIR of a NIR file to the n-th person: only the order links the two files (specs: vitale
/// 2.5). Fewer NIRs than people leave the last people without. Throws CARD_DATA_INVALID: not TLV, more NIRs
/// than people, a datum given twice, a NIR that is not 15 digits or capitals. Its key is judged elsewhere.
void join_nirs(ByteView file, std::vector<Beneficiary>& people);

/// First day of the card's validity, AAAAMMJJ, when this file has it (66/80, specs: vitale 2.5). Throws
/// CARD_DATA_INVALID: not TLV.
std::optional<std::string> decode_validity_start(ByteView file);

}  // namespace insd::vitale
