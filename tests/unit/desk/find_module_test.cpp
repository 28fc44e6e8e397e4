// SPDX-License-Identifier: Apache-2.0
// Which PKCS#11 module is meant when the configuration leaves it open.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "daemon/desk/module_backend.h"

namespace insd::desk {
namespace {

namespace fs = std::filesystem;

class FindModuleTest : public ::testing::Test {
 protected:
  FindModuleTest() {
    std::string name = (fs::temp_directory_path() / "insd-modules-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    directory_ = name;
    places_ = {directory_ / "opt" / "module.so", directory_ / "lib" / "module.so"};
  }
  ~FindModuleTest() override {
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
  }
  void install(const fs::path& file) {
    fs::create_directories(file.parent_path());
    std::ofstream(file) << "module";
  }
  fs::path directory_;
  std::vector<fs::path> places_;
};

TEST_F(FindModuleTest, NothingIsInstalled) {
  EXPECT_EQ(find_module("", places_), "");
}

TEST_F(FindModuleTest, TheFirstPlaceWhereThereIsOne) {
  install(places_[1]);
  EXPECT_EQ(find_module("", places_), places_[1]);
  install(places_[0]);
  EXPECT_EQ(find_module("", places_), places_[0]);
}

TEST_F(FindModuleTest, TheOneConfiguredAlsoWhenItIsMissing) {
  install(places_[0]);
  EXPECT_EQ(find_module("/elsewhere/module.so", places_), "/elsewhere/module.so");
}

TEST(AnsModules, AreThoseOfTheNationalAgencysPackage) {
  EXPECT_STREQ(kAnsModules[0], "/opt/santesocial/CPS/lib/libcps3_pkcs11_lux.so");
}

}  // namespace
}  // namespace insd::desk
