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
#include "drivers/pcsc/canceller.h"
#include "drivers/pcsc/pcsc_api.h"

namespace insd::pcsc {

enum class SlotState : std::uint8_t { EMPTY, PRESENT, MUTE, UNUSABLE };

struct Slot {
  std::string reader;  ///< pcscd's name, byte for byte: it may not be UTF-8, show it through printable()
  SlotState state = SlotState::EMPTY;
  Bytes atr;                      ///< when PRESENT; empty when pcscd announces one longer than 33 bytes
  std::uint32_t arrival = 0;      ///< another number when it is another reader under the same name
  std::uint32_t insertions = 0;   ///< pcscd's event counter: changes with each insertion and removal
  bool held_exclusively = false;  ///< SHARE_EXCLUSIVE by another program. Its beginning is seen at the next
                                  ///< event of a reader or at the bell, its end within half a second
  bool operator==(const Slot&) const = default;
};

/// The state of the world after a change. `service` is nothing while pcscd answers, else why it does not.
struct Snapshot {
  /// PCSC_LOST once when a pcscd that was there ends, then PCSC_RESTARTING while it may be coming back;
  /// PCSC_ABSENT, PCSC_REFUSED, PCSC_OUT_OF_CONTEXTS; PCSC_FAILED for a pcscd that answers nonsense; INTERNAL
  /// when the monitor itself broke down and began anew. `slots` is empty then.
  std::optional<Code> service_fault;
  std::vector<Slot> slots;
  bool operator==(const Snapshot&) const = default;
};

/// Blocks until `stop` is requested; calls `changed` on its own thread with the whole snapshot at the start
/// and after each change. Sleeps in SCardGetStatusChange; looks twice a second only while another program
/// holds a reader, because pcsc-lite does not tell the end of that. When pcscd is away it connects again with
/// back-off from 50 ms to 2 s, sooner when its socket appears. Throws nothing: what `changed` or anything
/// else throws becomes the fault INTERNAL, and the monitor begins anew.
void run_monitor(const PcscApi& api, const std::stop_token& stop,
                 const std::function<void(const Snapshot&)>& changed, Bell& bell);

}  // namespace insd::pcsc
