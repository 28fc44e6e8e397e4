// SPDX-License-Identifier: Apache-2.0
// What the kernel says of the devices on USB, where pcscd's reader names do not tell two of a kind apart.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace insd::pcsc {

struct UsbDevice {
  std::string path;                        ///< port path: bus, then a port for each hub, e.g. "1-2.3"
  unsigned bus = 0, address = 0;           ///< what the driver's channel id names
  std::uint16_t vendor = 0, product = 0;   ///< 0 when not readable
  std::string manufacturer, name, serial;  ///< as the device says, printable; empty when it does not
  bool smart_card = false;                 ///< an interface of class 0B: a CCID reader
  bool operator==(const UsbDevice&) const = default;
};

/// The devices in sysfs, in order of their paths; hubs and interfaces left out. What cannot be read is left
/// empty, and without sysfs there are none: throws nothing but std::bad_alloc. Bounded to 512 entries.
std::vector<UsbDevice> usb_devices(const std::filesystem::path& sysfs = "/sys/bus/usb/devices");

}  // namespace insd::pcsc
