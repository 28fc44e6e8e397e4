// SPDX-License-Identifier: Apache-2.0
#include "drivers/pcsc/usb_watch.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

#include <linux/netlink.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

namespace insd::pcsc {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// What the kernel itself says, before udev has its turn: later than that is early enough here.
constexpr unsigned kKernelGroup = 1;
constexpr std::size_t kLongestMessage = 8192;
// Messages read at once, however many there are: whatever is left wakes the next poll().
constexpr int kMostMessages = 256;

}  // namespace

Descriptor kernel_device_events() {
  Descriptor events(socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = kKernelGroup;
  if (!events.valid() || bind(events.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return Descriptor();
  return events;
}

// "add@/devices/...", then a list of NAME=value, each with a NUL after it.
bool announces_usb_device(ByteView message) {
  const std::string_view text(reinterpret_cast<const char*>(message.data()), message.size());
  const auto says = [&](std::string_view line) {
    const auto at = text.find(line);
    return at != std::string_view::npos && at > 0 && text[at - 1] == '\0' &&
           (at + line.size() == text.size() || text[at + line.size()] == '\0');
  };
  return says("SUBSYSTEM=usb") && says("DEVTYPE=usb_device");
}

UsbWatch::UsbWatch(UsbBus bus, Seen seen)
    : bus_(std::move(bus)), seen_(std::move(seen)), knocks_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!knocks_.valid()) return;
  try {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  } catch (const std::system_error&) {
    // The desk works without knowing what has no driver.
  }
}

void UsbWatch::end() {
  thread_.request_stop();
  knock();
  if (thread_.joinable()) thread_.join();
}

void UsbWatch::knock() {
  if (knocks_.valid()) eventfd_write(knocks_.get(), 1);
}

// Empties both descriptors; was any of it about USB?
bool UsbWatch::heard() {
  eventfd_t knocks = 0;
  bool worth_a_look = eventfd_read(knocks_.get(), &knocks) == 0;
  std::array<std::uint8_t, kLongestMessage> message{};
  for (int i = 0; bus_.events.valid() && i < kMostMessages; ++i) {
    const ssize_t length = recv(bus_.events.get(), message.data(), message.size(), MSG_DONTWAIT);
    if (length < 0 && errno == ENOBUFS) {
      worth_a_look = true;  // the kernel dropped some
    } else if (length <= 0) {
      break;
    } else if (announces_usb_device(ByteView(message).first(static_cast<std::size_t>(length)))) {
      worth_a_look = true;
    }
  }
  return worth_a_look;
}

void UsbWatch::run(const std::stop_token& stop) {
  std::array<pollfd, 2> sources{{{.fd = knocks_.get(), .events = POLLIN, .revents = 0},
                                 {.fd = bus_.events.get(), .events = POLLIN, .revents = 0}}};
  constexpr auto kNever = steady_clock::time_point::max();
  auto look_at = steady_clock::now() + bus_.settle;
  while (!stop.stop_requested()) {
    int timeout = -1;
    if (look_at != kNever) {
      const auto left = std::chrono::ceil<milliseconds>(look_at - steady_clock::now());
      timeout = static_cast<int>(std::max(left, milliseconds::zero()).count());
    }
    const int ready = poll(sources.data(), sources.size(), timeout);
    // A source that is broken would be ready for ever.
    if ((sources[1].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) sources[1].fd = -1;
    if (ready > 0 && heard()) look_at = steady_clock::now() + bus_.settle;
    if (steady_clock::now() < look_at || stop.stop_requested()) continue;
    look_at = kNever;
    try {
      seen_({usb_devices(bus_.sysfs), driver_list(bus_.drivers)});
    } catch (const std::exception&) {
      look_at = steady_clock::now() + bus_.settle;  // out of memory: once more, later
    }
  }
}

}  // namespace insd::pcsc
