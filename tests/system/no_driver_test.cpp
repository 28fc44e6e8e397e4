// SPDX-License-Identifier: Apache-2.0
// A known French terminal on USB that pcscd has no driver for, on a machine whose sysfs is this test's own.
#include <cstdlib>
#include <fstream>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "tests/system/desk_client.h"
#include "tests/system/desk_watch.h"
#include "tests/world/world.h"

namespace insd::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class NoDriverTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* isolated = std::getenv("INSD_ISOLATED");
    if (isolated == nullptr || std::string_view(isolated) == "0") {
      GTEST_SKIP() << "this machine refuses mount namespaces: its own /sys is not to be covered";
    }
    if (mount("tmpfs", "/sys/bus", "tmpfs", 0, nullptr) != 0) {
      GTEST_SKIP() << "this machine does not let /sys be covered";
    }
    covered_ = true;
  }
  ~NoDriverTest() override {
    if (covered_) umount2("/sys/bus", MNT_DETACH);
  }

  static void plug(const std::string& path, const std::string& vendor, const std::string& product) {
    const fs::path device = fs::path("/sys/bus/usb/devices") / path;
    fs::create_directories(device);
    const auto put = [&](const char* file, const std::string& text) {
      std::ofstream(device / file) << text << '\n';
    };
    put("busnum", "1");
    put("devnum", "9");
    put("idVendor", vendor);
    put("idProduct", product);
  }

  world::World world_;
  bool covered_ = false;
};

TEST_F(NoDriverTest, IsOneOfTheReadersInWordsThatSayWhy) {
  const std::string terminal = "INGENICO Lecteur SESAM VITALE (USB 1-1)";
  plug("1-1", "0b00", "0090");
  plug("1-2", "2947", "0114");
  plug("1-3", "046d", "c31c");
  world_.start_pcscd();
  world_.insert_card(1, "vitale2", "vitale-demo");
  world_.start_insd(world_.insd_config());
  DeskClient client(world_.socket());
  DeskWatch watch(*client.reader_);
  const auto picture =
      watch.wait_for([&](const DeskWatch::Picture& now) { return now.readers.contains(terminal); });
  ASSERT_TRUE(picture);
  const v1::Reader& reader = picture->readers.at(terminal);
  EXPECT_EQ(reader.state(), v1::READER_STATE_UNUSABLE);
  EXPECT_EQ(reader.problem_code(), "READER_NO_DRIVER");
  EXPECT_EQ(reader.usb_path(), "1-1");
  EXPECT_EQ(client.readers().size(), 4U) << "two of pcscd, two without a driver";
  EXPECT_EQ(code_of(client.vitale()), "OK") << "the others work on";
  EXPECT_EQ(code_of(client.vitale(terminal)), "READER_NO_DRIVER");

  for (const char* command : {"readers", "doctor"}) {
    const auto said = world_.run({"insctl", command});
    EXPECT_THAT(said.out, HasSubstr(terminal)) << command;
    EXPECT_THAT(said.out, HasSubstr("READER_NO_DRIVER")) << command;
    EXPECT_THAT(said.out, HasSubstr("mode SESAM-Vitale")) << command;
    EXPECT_THAT(said.out, HasSubstr("KAPELSE KAP-Move (USB 1-2)")) << command;
    EXPECT_THAT(said.out, HasSubstr("libccid")) << command;
  }
  EXPECT_EQ(world_.run({"insctl", "doctor"}).status, 1) << "something does not work";
}

}  // namespace
}  // namespace insd::test
