// SPDX-License-Identifier: Apache-2.0
#include "drivers/pcsc/usb_watch.h"

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <string_view>

#include <gtest/gtest.h>
#include <sys/socket.h>

namespace insd::pcsc {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using namespace std::string_view_literals;

constexpr auto kPlugged =
    "add@/devices/usb1/1-2\0ACTION=add\0DEVPATH=/devices/usb1/1-2\0SUBSYSTEM=usb\0DEVTYPE=usb_device\0SEQNUM=7\0"sv;
constexpr auto kInterface =
    "add@/devices/usb1/1-2/1-2:1.0\0ACTION=add\0SUBSYSTEM=usb\0DEVTYPE=usb_interface\0"sv;
constexpr auto kDisk = "add@/devices/sda\0ACTION=add\0SUBSYSTEM=block\0DEVTYPE=disk\0"sv;

bool announces(std::string_view message) {
  return announces_usb_device(as_bytes(message));
}

TEST(UsbEvents, OnlyWholeDevicesOnUsbCount) {
  EXPECT_TRUE(announces(kPlugged));
  EXPECT_FALSE(announces(kInterface));
  EXPECT_FALSE(announces(kDisk));
  EXPECT_FALSE(announces(""));
  EXPECT_FALSE(announces("SUBSYSTEM=usb"));
  EXPECT_FALSE(announces("x\0XSUBSYSTEM=usb\0DEVTYPE=usb_device"sv));
  EXPECT_FALSE(announces("x\0SUBSYSTEM=usbmon\0DEVTYPE=usb_device"sv));
  EXPECT_TRUE(announces("x\0SUBSYSTEM=usb\0DEVTYPE=usb_device"sv)) << "cut after the last value";
  EXPECT_FALSE(announces(std::string(100'000, '\0')));
}

class UsbWatchTest : public testing::Test {
 protected:
  UsbWatchTest() {
    std::string pattern = testing::TempDir() + "insd-sysfs-XXXXXX";
    sysfs_ = mkdtemp(pattern.data());
    int ends[2] = {-1, -1};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    kernel_ = Descriptor(ends[0]);
    bus_.sysfs = sysfs_;
    bus_.settle = 20ms;
    bus_.events = Descriptor(ends[1]);
  }
  ~UsbWatchTest() override { fs::remove_all(sysfs_); }

  void plug(const std::string& path) const {
    fs::create_directories(sysfs_ / path);
    std::ofstream(sysfs_ / path / "busnum") << "1\n";
    std::ofstream(sysfs_ / path / "devnum") << "2\n";
  }
  void announce(std::string_view message) const {
    ASSERT_EQ(send(kernel_.get(), message.data(), message.size(), 0), static_cast<ssize_t>(message.size()));
  }
  UsbWatch::Seen noted() {
    return [this](const UsbView& view) {
      const std::lock_guard lock(mutex_);
      ++looks_;
      devices_ = view.devices.size();
      changed_.notify_all();
    };
  }
  bool await_devices(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [&] { return looks_ > 0 && devices_ == count; });
  }
  int looks() {
    const std::lock_guard lock(mutex_);
    return looks_;
  }

  fs::path sysfs_;
  UsbBus bus_;
  Descriptor kernel_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t devices_ = 0;
  int looks_ = 0;
};

TEST_F(UsbWatchTest, WhatIsThereAtTheStartAndWhatTheKernelAnnouncesIsSeen) {
  plug("1-1");
  const UsbWatch watch(std::move(bus_), noted());
  EXPECT_TRUE(await_devices(1));
  plug("1-2");
  announce(kPlugged);
  EXPECT_TRUE(await_devices(2));
  fs::remove_all(sysfs_ / "1-2");
  announce(kPlugged);
  EXPECT_TRUE(await_devices(1));
}

TEST_F(UsbWatchTest, WhatIsNotAboutUsbIsNotLookedInto) {
  UsbWatch watch(std::move(bus_), noted());
  EXPECT_TRUE(await_devices(0));
  for (int i = 0; i < 100; ++i) announce(kDisk);
  announce(std::string(9000, 'x'));
  plug("1-1");
  announce(kPlugged);
  EXPECT_TRUE(await_devices(1));
  EXPECT_EQ(looks(), 2) << "the start, and the one that was about USB";
}

TEST_F(UsbWatchTest, WithoutTheKernelAKnockIsALook) {
  bus_.events = Descriptor();
  UsbWatch watch(std::move(bus_), noted());
  EXPECT_TRUE(await_devices(0));
  plug("1-1");
  watch.knock();
  EXPECT_TRUE(await_devices(1));
  watch.end();
  watch.knock();
}

TEST_F(UsbWatchTest, AKernelThatHangsUpLeavesTheKnocks) {
  UsbWatch watch(std::move(bus_), noted());
  EXPECT_TRUE(await_devices(0));
  kernel_ = Descriptor();
  plug("1-1");
  watch.knock();
  EXPECT_TRUE(await_devices(1));
}

TEST_F(UsbWatchTest, WhatThrowsIsTriedAgain) {
  bool thrown = false;
  UsbWatch watch(std::move(bus_), [&, seen = noted()](UsbView view) {
    if (!std::exchange(thrown, true)) throw std::bad_alloc();
    seen(std::move(view));
  });
  EXPECT_TRUE(await_devices(0));
}

TEST(UsbEvents, TheKernelsAnnouncementsNeedNoPrivilege) {
  // A socket, or the honest answer that this machine does not let anybody have one.
  const Descriptor events = kernel_device_events();
  if (!events.valid()) GTEST_SKIP() << "this machine allows no netlink socket";
  char byte = 0;
  EXPECT_EQ(recv(events.get(), &byte, 1, MSG_DONTWAIT), -1);
}

}  // namespace
}  // namespace insd::pcsc
