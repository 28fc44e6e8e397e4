// SPDX-License-Identifier: Apache-2.0
#include "drivers/pcsc/no_driver.h"

#include <fstream>

#include <gtest/gtest.h>

namespace insd::pcsc {
namespace {

namespace fs = std::filesystem;

UsbDevice device(std::string path, std::uint16_t vendor, std::uint16_t product) {
  UsbDevice made;
  made.path = std::move(path);
  made.vendor = vendor;
  made.product = product;
  return made;
}

using Readers = std::vector<UndrivenReader>;

const DriverList kDrivers = {{0x08E6, 0x3437}, {0x2947, 0x0101}};

TEST(NoDriver, AKnownReaderThatPcscdDoesNotServeIsNamedWithItsCause) {
  const std::vector<UsbDevice> devices = {device("1-1", 0x2947, 0x0102), device("1-2", 0x0B00, 0x0090),
                                          device("1-3", 0x08E6, 0x3437)};
  EXPECT_EQ(undriven_readers({devices, kDrivers}, {}),
            (Readers{{"KAPELSE KAP-Care (USB 1-1)", "1-1", "", NoDriver::OLD_LIBCCID},
                     {"INGENICO Lecteur SESAM VITALE (USB 1-2)", "1-2", "", NoDriver::SESAM_MODE},
                     {"Gemalto PC Twin (USB 1-3)", "1-3", "", NoDriver::NOT_TAKEN_UP}}));
  const auto without = undriven_readers({devices, {}}, {});
  ASSERT_EQ(without.size(), 3U);
  EXPECT_EQ(without[0].why, NoDriver::DRIVER_MISSING);
  EXPECT_EQ(without[1].why, NoDriver::SESAM_MODE);
  EXPECT_EQ(without[2].why, NoDriver::DRIVER_MISSING);
}

TEST(NoDriver, WhatPcscdServesAndWhatIsNoReaderIsNot) {
  const std::vector<UsbDevice> devices = {device("1-1", 0x2947, 0x0102), device("1-2", 0x2947, 0x0102),
                                          device("1-4", 0x046D, 0xC31C), device("1-5", 0, 0)};
  EXPECT_EQ(undriven_readers({devices, kDrivers}, {{"KAPELSE KAP-Care 1 00 00", "1-1"}}),
            (Readers{{"KAPELSE KAP-Care (USB 1-2)", "1-2", "", NoDriver::OLD_LIBCCID}}));
}

TEST(NoDriver, AReaderThatDoesNotTellItsPortMayBeTheOneInQuestion) {
  const UsbView usb = {{device("1-1", 0x08E6, 0x3437), device("1-2", 0x04E6, 0x5810)}, kDrivers};
  const Readers only_cloud = {{"Identive CLOUD 2700 R (USB 1-2)", "1-2", "", NoDriver::OLD_LIBCCID}};
  EXPECT_EQ(undriven_readers(usb, {{"Gemalto PC Twin Reader 00 00", ""}}), only_cloud);
  EXPECT_EQ(undriven_readers(usb, {{"GEMALTO SOMETHING 00 00", ""}}), only_cloud);
  EXPECT_EQ(undriven_readers(usb, {{"Gemalto PC Twin Reader 00 00", "1-1"},
                                   {"Identive CLOUD 2700 R Smart Card Reader 00 00", ""}}),
            Readers());
  EXPECT_EQ(undriven_readers(usb, {{"Virtual PCD 00 00", ""}}).size(), 2U);
  EXPECT_EQ(undriven_readers(usb, {{"Gemalto PC Twin Reader 00 00", "1-7"}}).size(), 2U)
      << "it is another one, elsewhere";
}

class DriverListTest : public testing::Test {
 protected:
  DriverListTest() {
    std::string pattern = testing::TempDir() + "insd-drivers-XXXXXX";
    bundles_ = mkdtemp(pattern.data());
  }
  ~DriverListTest() override { fs::remove_all(bundles_); }

  void bundle(const std::string& name, const std::string& plist) const {
    fs::create_directories(bundles_ / name / "Contents");
    std::ofstream(bundles_ / name / "Contents" / "Info.plist") << plist;
  }
  static std::string list(const std::string& key, const std::vector<std::string>& values) {
    std::string text = "<key>" + key + "</key>\n<array>\n";
    for (const std::string& value : values) text += "\t<string>" + value + "</string>\n";
    return text + "</array>\n";
  }

  fs::path bundles_;
};

TEST_F(DriverListTest, EachBundleTellsItsReaders) {
  bundle("ifd-ccid.bundle", "<key>CFBundleName</key><string>0x1234</string>\n" +
                                list("ifdVendorID", {"0x08E6", "0x2947", "0x0B00"}) +
                                "<!-- <key>ifdProductID</key><array><string>0x9999</string></array> -->" +
                                list("ifdProductID", {"0x3437", "0x0101"}));
  bundle("vendor.bundle", list("ifdProductID", {"0x0003"}) + list("ifdVendorID", {"0x0001"}));
  fs::create_directories(bundles_ / "serial");
  EXPECT_EQ(driver_list(bundles_), (DriverList{{0x08E6, 0x3437}, {0x2947, 0x0101}, {0x0001, 0x0003}}));
}

TEST_F(DriverListTest, WhatIsNotUnderstoodKnowsNoReader) {
  EXPECT_TRUE(driver_list(bundles_ / "nothing").empty());
  bundle("a", list("ifdVendorID", {"", "0x", "0x12345", "1 2", "-1"}) +
                  list("ifdProductID", {"0x1", "0x1", "0x1", "0x1", "0x1"}));
  bundle("b", "<key>ifdVendorID</key><array><string>0x1<key>ifdProductID</key><array><string>");
  bundle("c", "<!--" + list("ifdVendorID", {"0x1"}) + list("ifdProductID", {"0x1"}));
  bundle("d", std::string(3'000'000, '<'));
  EXPECT_TRUE(driver_list(bundles_).empty());
}

}  // namespace
}  // namespace insd::pcsc
