// SPDX-License-Identifier: Apache-2.0
#include "drivers/pcsc/reader_place.h"

#include <algorithm>

#include <reader.h>

#include "drivers/base/bytes.h"
#include "drivers/pcsc/context.h"
#include "drivers/pcsc/errors.h"
#include "drivers/pcsc/usb_readers.h"

namespace insd::pcsc {
namespace {

constexpr std::size_t kMaxAttribute = 256;
constexpr std::size_t kMaxSerial = 100;
constexpr std::uint32_t kUsbChannel = 0x0020;

/// A connection to the reader, not to a card.
class DirectConnection {
 public:
  DirectConnection(const Context& context, const std::string& reader) : api_(context.api()) {
    DWORD protocol = 0;
    result_ = api_.connect(context.handle(), reader.c_str(), SCARD_SHARE_DIRECT, 0, &handle_, &protocol);
  }
  ~DirectConnection() {
    if (result_ == SCARD_S_SUCCESS) api_.disconnect(handle_, SCARD_LEAVE_CARD);
  }
  DirectConnection(const DirectConnection&) = delete;
  DirectConnection& operator=(const DirectConnection&) = delete;

  [[nodiscard]] LONG result() const { return result_; }
  [[nodiscard]] std::optional<Features> features() const { return read_features(api_, handle_); }

  /// Empty when the driver does not have it, or gives more than any driver should.
  [[nodiscard]] Bytes attribute(DWORD id) const {
    Bytes value(kMaxAttribute);
    auto length = static_cast<DWORD>(value.size());
    if (api_.get_attrib(handle_, id, value.data(), &length) != SCARD_S_SUCCESS || length > value.size())
      return {};
    value.resize(length);
    return value;
  }

 private:
  const PcscApi& api_;
  SCARDHANDLE handle_ = 0;
  LONG result_ = SCARD_S_SUCCESS;
};

std::optional<UsbDevice> usb_device_of(const Bytes& channel, const std::filesystem::path& sysfs) {
  if (channel.size() != 4) return std::nullopt;
  // A number in the machine's own order.
  std::uint32_t value = 0;
  std::copy(channel.begin(), channel.end(), reinterpret_cast<std::uint8_t*>(&value));
  if (value >> 16U != kUsbChannel) return std::nullopt;
  const unsigned bus = value >> 8U & 0xFFU;
  const unsigned address = value & 0xFFU;
  for (UsbDevice& device : usb_devices(sysfs)) {
    if (device.bus == bus && device.address == address) return std::move(device);
  }
  return std::nullopt;
}

std::string text_of(const Bytes& value) {
  const auto end = std::find(value.begin(), value.end(), std::uint8_t{0});
  return printable(std::string(value.begin(), end), kMaxSerial);
}

}  // namespace

std::optional<ReaderPlace> find_place(const PcscApi& api, const std::string& reader,
                                      const std::filesystem::path& sysfs) {
  const Context context(api);
  const DirectConnection connection(context, reader);
  if (connection.result() == SCARD_E_SHARING_VIOLATION) return std::nullopt;
  check(api, connection.result(), "SCardConnect");
  ReaderPlace place;
  place.features = connection.features();
  if (!place.features) return std::nullopt;
  const auto device = usb_device_of(connection.attribute(SCARD_ATTR_CHANNEL_ID), sysfs);
  if (device) place.usb_path = device->path;
  place.serial = text_of(connection.attribute(SCARD_ATTR_VENDOR_IFD_SERIAL_NO));
  if (place.serial.empty() && device) place.serial = printable(device->serial, kMaxSerial);
  if (place.serial.empty()) place.serial = serial_in_name(reader);
  return place;
}

std::string serial_in_name(const std::string& reader) {
  // pcscd ends a name with two numbers; what it puts in parentheses comes right before them.
  constexpr std::size_t kNumbers = 6;  // " 00 00"
  if (reader.size() <= kNumbers) return {};
  const std::string_view name = std::string_view(reader).substr(0, reader.size() - kNumbers);
  const std::size_t open = name.rfind('(');
  if (!name.ends_with(')') || open == std::string_view::npos) return {};
  return printable(name.substr(open + 1, name.size() - open - 2), kMaxSerial);
}

}  // namespace insd::pcsc
