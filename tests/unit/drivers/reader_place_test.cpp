// SPDX-License-Identifier: Apache-2.0
#include "drivers/pcsc/reader_place.h"

#include <fstream>

#include <gtest/gtest.h>
#include <reader.h>

#include "tests/unit/drivers/expect_error.h"
#include "tests/unit/drivers/scripted_pcsc.h"

namespace insd::pcsc {
namespace {

namespace fs = std::filesystem;
using test::code_of;

class ReaderPlaceTest : public testing::Test {
 protected:
  ReaderPlaceTest() {
    std::string pattern = testing::TempDir() + "insd-sysfs-XXXXXX";
    sysfs_ = mkdtemp(pattern.data());
    pcscd_.add_reader(kName);
  }
  ~ReaderPlaceTest() override {
    EXPECT_EQ(pcscd_.open_cards(), 0U);
    EXPECT_EQ(pcscd_.open_contexts(), 0U);
    fs::remove_all(sysfs_);
  }

  void device(const std::string& path, int bus, int address, const std::string& serial = {}) const {
    fs::create_directory(sysfs_ / path);
    std::ofstream(sysfs_ / path / "busnum") << bus << '\n';
    std::ofstream(sysfs_ / path / "devnum") << address << '\n';
    if (!serial.empty()) std::ofstream(sysfs_ / path / "serial") << serial << '\n';
  }
  std::optional<ReaderPlace> place() { return find_place(pcscd_.api(), kName, sysfs_); }

  static constexpr const char* kName = "Twin Reader [CCID] (NAME-SN) 01 00";
  test::ScriptedPcsc pcscd_;
  fs::path sysfs_;
};

TEST_F(ReaderPlaceTest, TheChannelOfTheDriverLeadsToThePort) {
  device("1-2.3", 1, 17);
  device("2-2.3", 2, 17);
  device("1-1", 1, 18);
  pcscd_.attribute(kName, SCARD_ATTR_CHANNEL_ID, test::ScriptedPcsc::usb_channel(1, 17));
  pcscd_.attribute(kName, SCARD_ATTR_VENDOR_IFD_SERIAL_NO, from_hex("534E3100"));
  const ReaderPlace expected{"1-2.3", "SN1", Features()};
  EXPECT_EQ(place(), expected) << "no card was needed";
  EXPECT_EQ(pcscd_.calls("Connect"), 0) << "no card was touched";
}

TEST_F(ReaderPlaceTest, TheSerialNumberIsTheDriversThenTheKernelsThenTheNames) {
  EXPECT_EQ(place()->serial, "NAME-SN");
  device("1-2", 1, 17, "KERNEL-SN");
  pcscd_.attribute(kName, SCARD_ATTR_CHANNEL_ID, test::ScriptedPcsc::usb_channel(1, 17));
  EXPECT_EQ(place()->serial, "KERNEL-SN");
  pcscd_.attribute(kName, SCARD_ATTR_VENDOR_IFD_SERIAL_NO, from_hex("4452"));
  EXPECT_EQ(place()->serial, "DR");
}

TEST_F(ReaderPlaceTest, ADriverThatTellsNothingOfUseGivesNoPort) {
  device("1-2", 1, 17);
  EXPECT_EQ(place()->usb_path, "");
  for (const char* channel : {"", "11", "1101200000", "11011000", "FF012000"}) {
    pcscd_.attribute(kName, SCARD_ATTR_CHANNEL_ID, from_hex(channel));
    EXPECT_EQ(place()->usb_path, "") << channel;
  }
  pcscd_.attribute(kName, SCARD_ATTR_VENDOR_IFD_SERIAL_NO, Bytes(5000, 'x'));
  EXPECT_EQ(place()->serial, "NAME-SN") << "longer than any serial number";
  pcscd_.attribute(kName, SCARD_ATTR_VENDOR_IFD_SERIAL_NO, from_hex("411B5B33316DFF"));
  EXPECT_EQ(place()->serial.find('\x1B'), std::string::npos);
}

TEST_F(ReaderPlaceTest, AReaderHeldByAnotherProgramCannotBeAskedNow) {
  pcscd_.hold(kName, true);
  EXPECT_FALSE(place());
  pcscd_.hold(kName, false);
  EXPECT_TRUE(place());
}

TEST_F(ReaderPlaceTest, WhatTheReaderOffersIsAskedOnTheSameConnection) {
  pcscd_.driver(kName, [](DWORD code, ByteView) -> std::optional<Bytes> {
    if (code != CM_IOCTL_GET_FEATURE_REQUEST) return std::nullopt;
    return from_hex("06 04 42330006");
  });
  const auto found = place();
  ASSERT_TRUE(found && found->features);
  EXPECT_TRUE(found->features->pin_pad());
  EXPECT_EQ(found->features->verify_pin_direct, DWORD{0x42330006});
  EXPECT_EQ(pcscd_.calls("ConnectDirect"), 1);
  EXPECT_EQ(pcscd_.calls("Connect"), 0) << "no card was touched";
}

TEST_F(ReaderPlaceTest, ATransactionThatBeginsMeanwhileIsNoAnswer) {
  pcscd_.fault([](std::string_view call) -> std::optional<LONG> {
    return call == "Control" ? std::optional<LONG>(SCARD_E_SHARING_VIOLATION) : std::nullopt;
  });
  EXPECT_FALSE(place()) << "ask again, rather than take it for a reader without a PIN pad";
}

TEST_F(ReaderPlaceTest, AReaderThatHasGoneIsAnError) {
  pcscd_.remove_reader(kName);
  EXPECT_EQ(code_of([&] { return place(); }), Code::READER_NOT_FOUND);
}

TEST(SerialInName, IsWhatStandsInParenthesesBeforeTheNumbers) {
  EXPECT_EQ(serial_in_name("Model [Interface] (SN 1) 00 01"), "SN 1");
  EXPECT_EQ(serial_in_name("Model (old) X (SN1) 0A 00"), "SN1");
  EXPECT_EQ(serial_in_name("Model (old) X 00 00"), "");
  EXPECT_EQ(serial_in_name("Model) 00 00"), "");
  EXPECT_EQ(serial_in_name("(a)"), "");
  EXPECT_EQ(serial_in_name(""), "");
}

}  // namespace
}  // namespace insd::pcsc
