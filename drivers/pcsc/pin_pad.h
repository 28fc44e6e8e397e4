// SPDX-License-Identifier: Apache-2.0
// The PIN typed on the reader's own pad (PC/SC part 10, FEATURE_VERIFY_PIN_DIRECT): the reader puts it into
// the card command, the computer never sees it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "drivers/pcsc/card_session.h"

namespace insd::pcsc {

/// A VERIFY of an ASCII PIN without padding.
struct PadVerify {
  std::array<std::uint8_t, 4> header{};  ///< CLA INS P1 P2
  std::size_t min_length = 0, max_length = 0;
  std::chrono::seconds patience{25};  ///< 1 to 255: how long the pad waits for a key
};

/// The PIN_VERIFY_STRUCTURE, little-endian, with the command it is about. A PIN of one length has its place
/// in the command; one of several is appended by the reader, which then writes Lc. Throws INTERNAL for
/// lengths that are none (1 to 255, least first).
Bytes verify_block(const PadVerify& verify);

/// What a pad answers instead of the card (PC/SC part 10, 2.6): it has sent nothing.
enum PadStatus : std::uint16_t {
  PAD_TIMEOUT = 0x6400,
  PAD_CANCELLED = 0x6401,
  PAD_NOT_REPEATED = 0x6402,
  PAD_WRONG_LENGTH = 0x6403,
  PAD_REFUSES_BLOCK = 0x6B80,
};

/// Waits for the person, and cannot be cancelled: the pad's patience is its end. The status word, the card's
/// or a PadStatus. Errors as CardSession::exchange(): whether the card was asked is not known then.
std::uint16_t verify_on_pad(CardSession& session, DWORD control_code, const PadVerify& verify);

}  // namespace insd::pcsc
