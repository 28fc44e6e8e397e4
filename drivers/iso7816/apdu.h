// SPDX-License-Identifier: Apache-2.0
// Commands, answers, and the one place where 61xx and 6Cxx are handled (ISO 7816-3/-4).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "drivers/base/error.h"
#include "drivers/iso7816/channel.h"

namespace insd::iso7816 {

struct Command {
  std::uint8_t cla = 0, ins = 0, p1 = 0, p2 = 0;
  Bytes data;                       ///< at most 255 bytes
  std::optional<std::uint16_t> le;  ///< expected bytes, 1..256; nothing = no Le byte

  /// The bytes for T=0: a case-4 command goes without its Le, the card answers 61xx (specs: cps 1.3,
  /// vitale 2.1); a command with neither data nor Le carries P3 = 00. Throws INTERNAL outside the bounds
  /// above.
  [[nodiscard]] Bytes encode() const;
};

struct Response {
  Bytes data;
  std::uint16_t sw = 0;

  [[nodiscard]] bool ok() const { return sw == 0x9000; }
};

/// Bounds on one logical command, against cards that never end (T-CARD-03, T-CARD-04).
struct Limits {
  int max_exchanges = 40;
  std::size_t max_bytes = 65536;
};

/// Sends `command`, follows 61xx with GET RESPONSE and 6Cxx with one repeat, and returns data and final
/// status word. Throws CARD_PROTOCOL beyond `limits` and on more bytes than were asked for, CANCELLED when
/// channel.stop() was requested between exchanges.
Response transmit(Channel& channel, const Command& command, const Limits& limits = {});

/// transmit(), and an Error unless the status word is 9000: 6982/6985 -> CARD_ACCESS_DENIED, 6A82/6A88 ->
/// NOT_FOUND, 6E00/6D00 -> CARD_UNSUPPORTED, any other -> CARD_PROTOCOL. `what` names the step in the error
/// text.
Bytes transmit_ok(Channel& channel, const Command& command, std::string_view what, const Limits& limits = {});

/// The Error that transmit_ok() throws for a status word other than 9000.
Error sw_error(std::uint16_t sw, std::string_view what);

/// "6A82" for error texts.
std::string sw_text(std::uint16_t sw);

}  // namespace insd::iso7816
