// SPDX-License-Identifier: Apache-2.0
// Which of two readers of one model is this, and what can it do? pcscd's names tell only in which order it
// found them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "drivers/pcsc/features.h"
#include "drivers/pcsc/pcsc_api.h"

namespace insd::pcsc {

/// What is known of where a reader is, which piece it is, and what it offers; empty = its driver does not
/// tell.
struct ReaderPlace {
  std::string usb_path;                   ///< as UsbDevice::path
  std::string serial;                     ///< printable
  std::optional<Features> features = {};  ///< nothing: its driver could not be asked
  bool operator==(const ReaderPlace&) const = default;
};

/// Asks the driver over a direct connection, which needs no card, moves none and shares the reader. libccid
/// gives its channel as 0x0020, bus, address (INFERRED: from the driver's public examples); drivers that give
/// another channel, or none, have no USB path here. The serial number comes from the driver, else from the
/// kernel, else from the parentheses in pcscd's name. Blocks while another program has a transaction open.
/// Nothing while another program holds the reader for itself: ask again. Throws PCSC_*, READER_NOT_FOUND.
std::optional<ReaderPlace> find_place(const PcscApi& api, const std::string& reader,
                                      const std::filesystem::path& sysfs = "/sys/bus/usb/devices");

/// "SN1" of "Model [Interface] (SN1) 00 01", the form of pcscd's names; empty without parentheses.
std::string serial_in_name(const std::string& reader);

}  // namespace insd::pcsc
