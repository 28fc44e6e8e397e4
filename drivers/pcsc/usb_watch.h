// SPDX-License-Identifier: Apache-2.0
// What is on USB, told again when it has changed: pcscd says nothing of what it has no driver for.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <thread>
#include <vector>

#include "drivers/base/bytes.h"
#include "drivers/base/descriptor.h"
#include "drivers/pcsc/no_driver.h"

namespace insd::pcsc {

/// The kernel's announcements of devices (a netlink socket that any user may open); an invalid descriptor
/// where it is not allowed.
Descriptor kernel_device_events();

/// Is this message of the kernel about a whole device on USB?
bool announces_usb_device(ByteView message);

/// Where USB is looked at.
struct UsbBus {
  std::filesystem::path sysfs = "/sys/bus/usb/devices";
  std::filesystem::path drivers = "/usr/lib/pcsc/drivers";  ///< as driver_list()
  Descriptor events = Descriptor();  ///< one message a datagram; invalid: only knock() has it looked at
  /// How long pcscd is given to take up what was plugged in, before anybody asks why it has not.
  std::chrono::milliseconds settle{5000};
};

/// A thread that sleeps until something changes.
class UsbWatch {
 public:
  using Seen = std::function<void(UsbView view)>;

  /// `seen` is called on that thread: `settle` after the last knock or event, so a storm of either costs one
  /// look. Without a thread or a descriptor to spare nothing is ever seen.
  UsbWatch(UsbBus bus, Seen seen);
  ~UsbWatch() { end(); }
  UsbWatch(const UsbWatch&) = delete;
  UsbWatch& operator=(const UsbWatch&) = delete;

  /// Any thread, also after end(): it is worth a look.
  void knock();

  /// Nothing is seen any more; waits for a `seen` under way. Of one thread.
  void end();

 private:
  void run(const std::stop_token& stop);
  bool heard();

  const UsbBus bus_;
  const Seen seen_;
  const Descriptor knocks_;
  std::jthread thread_;
};

}  // namespace insd::pcsc
