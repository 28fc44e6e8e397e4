// SPDX-License-Identifier: Apache-2.0
#include "drivers/pcsc/usb_readers.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>

#include "drivers/base/bytes.h"

namespace insd::pcsc {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxEntries = 512;
constexpr std::size_t kMaxText = 126;  // of a USB string descriptor
constexpr unsigned kHubClass = 0x09;
constexpr unsigned kSmartCardClass = 0x0B;

// One attribute of sysfs: a short line.
std::string attribute(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  if (!in) return line;
  line.resize(4 * kMaxText);
  in.read(line.data(), static_cast<std::streamsize>(line.size()));
  line.resize(static_cast<std::size_t>(in.gcount()));
  line.resize(std::min(line.find('\n'), line.size()));
  return printable(line, kMaxText);
}

std::optional<unsigned> number(const fs::path& file, int base) {
  const std::string text = attribute(file);
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::uint16_t id(const fs::path& file) {
  const auto value = number(file, 16);
  return value && *value <= 0xFFFF ? static_cast<std::uint16_t>(*value) : std::uint16_t{0};
}

// A device's entry holds an entry for each of its interfaces: "1-2.3" has "1-2.3:1.0".
bool has_smart_card_interface(const fs::path& device) {
  std::error_code error;
  std::size_t seen = 0;
  for (fs::directory_iterator entry(device, error), end; !error && entry != end && seen < kMaxEntries;
       entry.increment(error), ++seen) {
    if (!entry->path().filename().string().starts_with(device.filename().string() + ":")) continue;
    if (number(entry->path() / "bInterfaceClass", 16) == kSmartCardClass) return true;
  }
  return false;
}

std::optional<UsbDevice> read_device(const fs::path& entry) {
  UsbDevice device;
  device.path = entry.filename().string();
  // "usb1" is a root hub, "1-2:1.0" an interface.
  if (device.path.find('-') == std::string::npos || device.path.find(':') != std::string::npos) return {};
  const auto bus = number(entry / "busnum", 10);
  const auto address = number(entry / "devnum", 10);
  if (!bus || !address || number(entry / "bDeviceClass", 16) == kHubClass) return {};
  device.bus = *bus;
  device.address = *address;
  device.vendor = id(entry / "idVendor");
  device.product = id(entry / "idProduct");
  device.manufacturer = attribute(entry / "manufacturer");
  device.name = attribute(entry / "product");
  device.serial = attribute(entry / "serial");
  device.smart_card = has_smart_card_interface(entry);
  return device;
}

}  // namespace

std::vector<UsbDevice> usb_devices(const fs::path& sysfs) {
  std::vector<UsbDevice> devices;
  std::error_code error;
  std::size_t seen = 0;
  for (fs::directory_iterator entry(sysfs, error), end; !error && entry != end && seen < kMaxEntries;
       entry.increment(error), ++seen) {
    if (auto device = read_device(entry->path())) devices.push_back(std::move(*device));
  }
  std::ranges::sort(devices, {}, &UsbDevice::path);
  return devices;
}

}  // namespace insd::pcsc
