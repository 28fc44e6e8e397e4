// SPDX-License-Identifier: Apache-2.0
// Cards and pictures of readers for the tests of the desk.
#pragma once

#include <string>
#include <utility>

#include "drivers/base/bytes.h"
#include "drivers/pcsc/monitor.h"

namespace insd::desk {

inline const Bytes kVitaleAtr = from_hex("3B75130000 45 09EA9000");
inline const Bytes kOtherAtr = from_hex("3B75130000 46 09EA9000");
inline const Bytes kCpsAtr = from_hex("3BAC00402A001225006480000310009000");

inline pcsc::Slot slot(std::string name, Bytes atr, std::uint32_t insertions = 1) {
  pcsc::Slot made;
  made.reader = std::move(name);
  made.state = atr.empty() ? pcsc::SlotState::EMPTY : pcsc::SlotState::PRESENT;
  made.atr = std::move(atr);
  made.insertions = insertions;
  return made;
}

}  // namespace insd::desk
