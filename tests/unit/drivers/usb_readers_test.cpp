// SPDX-License-Identifier: Apache-2.0
#include "drivers/pcsc/usb_readers.h"

#include <fstream>

#include <gtest/gtest.h>

namespace insd::pcsc {
namespace {

namespace fs = std::filesystem;

class UsbReaders : public testing::Test {
 protected:
  UsbReaders() {
    std::string pattern = testing::TempDir() + "insd-sysfs-XXXXXX";
    root_ = mkdtemp(pattern.data());
  }
  ~UsbReaders() override { fs::remove_all(root_); }

  void put(const std::string& file, const std::string& text) const {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  void device(const std::string& path, int bus, int address) const {
    put(path + "/busnum", std::to_string(bus) + "\n");
    put(path + "/devnum", std::to_string(address) + "\n");
    put(path + "/idVendor", "08e6\n");
    put(path + "/idProduct", "3437\n");
  }

  fs::path root_;
};

TEST_F(UsbReaders, DevicesAreGivenWithTheirPathsAndWhatTheySay) {
  device("1-2.3", 1, 17);
  put("1-2.3/serial", "SN 42\n");
  put("1-2.3/product", "USB SmartCard Reader\n");
  put("1-2.3/manufacturer", "Gemalto\n");
  put("1-2.3/1-2.3:1.0/bInterfaceClass", "0b\n");
  device("1-10", 1, 4);
  put("1-10/1-10:1.0/bInterfaceClass", "03\n");
  put("1-2.3:1.0/bInterfaceClass", "0b\n");
  put("usb1/busnum", "1\n");
  put("usb1/devnum", "1\n");
  device("1-2", 1, 2);
  put("1-2/bDeviceClass", "09\n");

  const auto devices = usb_devices(root_);
  ASSERT_EQ(devices.size(), 2U) << "neither a hub nor an interface is a device";
  EXPECT_EQ(devices[0].path, "1-10");
  EXPECT_FALSE(devices[0].smart_card);
  const UsbDevice expected{"1-2.3", 1, 17, 0x08E6, 0x3437, "Gemalto", "USB SmartCard Reader", "SN 42", true};
  EXPECT_EQ(devices[1], expected);
}

TEST_F(UsbReaders, WhatASlyDeviceSaysIsCutAndPrintable) {
  device("1-1", 1, 2);
  put("1-1/serial", std::string("a\x1B[31m\xFF") + std::string(5000, 'x'));
  put("1-1/idVendor", "fffff\n");
  const auto devices = usb_devices(root_);
  ASSERT_EQ(devices.size(), 1U);
  EXPECT_LE(devices[0].serial.size(), 126U);
  EXPECT_EQ(devices[0].serial.find('\x1B'), std::string::npos);
  EXPECT_EQ(devices[0].vendor, 0);
}

TEST_F(UsbReaders, AnEntryWithoutAnAddressIsNoDevice) {
  put("1-1/idVendor", "08e6\n");
  put("1-2/busnum", "one\n");
  put("1-2/devnum", "2\n");
  EXPECT_TRUE(usb_devices(root_).empty());
}

TEST_F(UsbReaders, WithoutSysfsThereAreNone) {
  EXPECT_TRUE(usb_devices(root_ / "nothing").empty());
}

}  // namespace
}  // namespace insd::pcsc
