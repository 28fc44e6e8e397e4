// SPDX-License-Identifier: Apache-2.0
// Which readers are there and what is in them, pushed as it happens.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "drivers/base/bytes.h"
#include "drivers/base/error_catalogue.h"
#include "drivers/pcsc/pcsc_api.h"

namespace insd::pcsc {

enum class SlotState : std::uint8_t { EMPTY, PRESENT, MUTE, UNUSABLE };

struct Slot {
  std::string reader;  ///< pcscd's name, byte for byte: it may not be UTF-8, show it through printable()
  SlotState state = SlotState::EMPTY;
  Bytes atr;                      ///< when PRESENT; empty when pcscd announces one longer than 33 bytes
  std::uint32_t insertions = 0;   ///< pcscd's event counter: changes with each insertion and removal
  bool held_exclusively = false;  ///< SHARE_EXCLUSIVE by another program at the last event of this reader:
                                  ///< pcsc-lite does not tell each time it begins
  bool operator==(const Slot&) const = default;
};

/// The state of the world after a change. `service` is nothing while pcscd answers, else why it does not.
struct Snapshot {
  /// PCSC_ABSENT, PCSC_REFUSED, PCSC_OUT_OF_CONTEXTS, PCSC_LOST; READER_FAILED or INTERNAL for a pcscd that
  /// answers nonsense. `slots` is empty then.
  std::optional<Code> service_fault;
  std::vector<Slot> slots;
  bool operator==(const Snapshot&) const = default;
};

/// Blocks until `stop` is requested; calls `changed` on its own thread with the whole snapshot at the start
/// and after each change. Sleeps in SCardGetStatusChange (no polling); when pcscd is away it reconnects with
/// back-off from 50 ms to 2 s. `changed` must not throw.
void run_monitor(const PcscApi& api, const std::stop_token& stop,
                 const std::function<void(const Snapshot&)>& changed);

}  // namespace insd::pcsc
