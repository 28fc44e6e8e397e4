// SPDX-License-Identifier: Apache-2.0
// Which files are loaded as modules (T-P11-03; check on the descriptor, not on the name).
#include "pkcs11/module_file.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkcs11/module.h"
#include "tests/simulators/pkcs11_shim/soft_token.h"
#include "tests/unit/pkcs11/token_test_support.h"

namespace insd::pkcs11 {
namespace {

namespace fs = std::filesystem;
using sim::SoftToken;
using test::error_of;

class ModuleFileTest : public testing::Test {
 protected:
  std::string copy_of(const std::string& file, const std::string& name) {
    const auto path = soft_.directory() / name;
    fs::copy_file(fs::canonical(file), path);
    chmod(path.c_str(), 0644);
    return path.string();
  }
  std::optional<Error> refusal(const std::string& path, ModuleOwner owner = ModuleOwner::CURRENT_USER) {
    return error_of([&] { ModuleFile(path, owner); });
  }
  SoftToken soft_;
};

TEST_F(ModuleFileTest, AcceptsAFileOfRootAlsoThroughALink) {
  EXPECT_FALSE(refusal(SoftToken::softhsm(), ModuleOwner::ROOT));
  const auto link = soft_.directory() / "link.so";
  fs::create_symlink(SoftToken::softhsm(), link);
  EXPECT_FALSE(refusal(link.string(), ModuleOwner::ROOT));
}

TEST_F(ModuleFileTest, AMissingModuleIsNotAnUnsafeOne) {
  EXPECT_CODE(refusal("/nowhere/module.so"), Code::CPS_MODULE_MISSING);
}

TEST_F(ModuleFileTest, RefusesWhatIsNotAPlainFile) {
  EXPECT_CODE(refusal("module.so"), Code::MODULE_REFUSED);
  EXPECT_CODE(refusal(""), Code::MODULE_REFUSED);
  EXPECT_CODE(refusal(soft_.directory().string()), Code::MODULE_REFUSED);
  const auto fifo = (soft_.directory() / "fifo.so").string();
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_CODE(refusal(fifo), Code::MODULE_REFUSED);
}

TEST_F(ModuleFileTest, RefusesWhatOthersCanWrite) {
  const auto path = copy_of(SoftToken::shim(), "module.so");
  EXPECT_FALSE(refusal(path));
  for (const mode_t mode : {0664, 0646, 0777}) {
    chmod(path.c_str(), mode);
    EXPECT_CODE(refusal(path), Code::MODULE_REFUSED);
  }
}

TEST_F(ModuleFileTest, RefusesAnotherOwner) {
  const auto path = copy_of(SoftToken::shim(), "module.so");
  if (geteuid() == 0) {
    ASSERT_EQ(chown(path.c_str(), 12345, 12345), 0);
    EXPECT_CODE(refusal(path, ModuleOwner::CURRENT_USER), Code::MODULE_REFUSED);
  }
  EXPECT_CODE(refusal(path, ModuleOwner::ROOT), Code::MODULE_REFUSED);
}

TEST_F(ModuleFileTest, T_P11_03_RefusesP11KitByName) {
  const auto path = copy_of(SoftToken::shim(), "p11-kit-proxy.so");
  EXPECT_CODE(refusal(path), Code::MODULE_REFUSED);
  const auto link = soft_.directory() / "innocent.so";
  fs::create_symlink(path, link);
  EXPECT_CODE(refusal(link.string()), Code::MODULE_REFUSED);
}

TEST_F(ModuleFileTest, T_P11_03_RefusesP11KitUnderAnotherName) {
  const fs::path proxy = INSD_P11_KIT;
  const auto path = copy_of(proxy.string(), "innocent.so");
  EXPECT_CODE(error_of([&] { Module(path, ModuleOwner::CURRENT_USER); }), Code::MODULE_REFUSED);
}

TEST_F(ModuleFileTest, WhatIsNoModuleFailsWithoutLoadingAnything) {
  const auto path = (soft_.directory() / "text.so").string();
  std::ofstream(path) << "not a library";
  EXPECT_CODE(error_of([&] { Module(path, ModuleOwner::CURRENT_USER); }), Code::MODULE_FAILED);
  const auto library = copy_of(INSD_LIBCRYPTO, "library.so");
  EXPECT_CODE(error_of([&] { Module(library, ModuleOwner::CURRENT_USER); }), Code::MODULE_FAILED);
}

}  // namespace
}  // namespace insd::pkcs11
