// SPDX-License-Identifier: Apache-2.0
// Readers of French care desks that are on USB while pcscd knows nothing of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "drivers/pcsc/usb_readers.h"

namespace insd::pcsc {

/// Why pcscd does not serve a reader that is plugged in.
enum class NoDriver : std::uint8_t {
  SESAM_MODE,      ///< the terminal speaks its own protocol; some can be switched to PC/SC
  OLD_LIBCCID,     ///< no installed driver knows it, and newer ones do
  DRIVER_MISSING,  ///< no driver is installed
  NOT_TAKEN_UP,    ///< an installed driver knows it
};

/// Vendor and product numbers.
using DriverList = std::set<std::pair<std::uint16_t, std::uint16_t>>;

/// The readers that the drivers in this directory of pcscd's know: ifdVendorID and ifdProductID of each
/// bundle's Info.plist. What cannot be read or understood knows none; a driver for serial lines is none here.
/// Bounded to 64 bundles of 1 MiB.
DriverList driver_list(const std::filesystem::path& bundles = "/usr/lib/pcsc/drivers");

/// What is on USB, and what could drive it.
struct UsbView {
  std::vector<UsbDevice> devices;
  DriverList drivers;
};

/// A reader of pcscd.
struct ServedReader {
  std::string name;      ///< pcscd's
  std::string usb_path;  ///< as UsbDevice::path; empty when its driver does not tell
};

struct UndrivenReader {
  std::string name;      ///< model and port, e.g. "KAPELSE KAP-Care (USB 1-2)"
  std::string usb_path;  ///< as UsbDevice::path
  std::string serial;    ///< as UsbDevice::serial
  NoDriver why = NoDriver::DRIVER_MISSING;
  bool operator==(const UndrivenReader&) const = default;
};

/// Those of the devices whose number is that of a known reader of French desks (specs: vitale 7.2) and which
/// pcscd does not serve. A reader that does not tell its port may be any device of its maker's: none of that
/// maker is then said to have no driver.
std::vector<UndrivenReader> undriven_readers(const UsbView& usb, const std::vector<ServedReader>& served);

}  // namespace insd::pcsc
