// SPDX-License-Identifier: Apache-2.0
// The kept login: nobody else can read it, and nothing foreign is taken for it.
#include "clients/cli/lease_file.h"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "clients/cli/failure.h"
#include "tests/unit/clients/fake_daemon.h"

namespace insd::cli {
namespace {

namespace fs = std::filesystem;

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777;
}

class LeaseFileTest : public ::testing::Test {
 protected:
  LeaseFile file() const { return {directory.path().c_str(), Language::ENGLISH}; }

  static std::string code_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const Failure& failure) {
      return failure.detail().code();
    }
    return "";
  }

  void put(const std::string& content, fs::perms mode = fs::perms::owner_read | fs::perms::owner_write) {
    fs::create_directory(directory.path() / "insd");
    fs::permissions(directory.path() / "insd", fs::perms::owner_all);
    std::ofstream(file().path()) << content;
    fs::permissions(file().path(), mode);
  }

  test::PrivateDirectory directory;
};

TEST_F(LeaseFileTest, WhatIsStoredIsLoadedAndPrivate) {
  const auto old_mask = ::umask(0);
  file().store("first");
  file().store("second");
  ::umask(old_mask);
  EXPECT_EQ(file().load(), "second");
  EXPECT_EQ(mode_of(file().path()), 0600U);
  EXPECT_EQ(mode_of(directory.path() / "insd"), 0700U);
  EXPECT_EQ(std::distance(fs::directory_iterator(directory.path() / "insd"), fs::directory_iterator()), 1);
}

TEST_F(LeaseFileTest, NothingStoredIsNoLease) {
  EXPECT_EQ(file().load(), std::nullopt);
  file().store("token");
  file().remove();
  EXPECT_EQ(file().load(), std::nullopt);
  file().remove();
}

TEST_F(LeaseFileTest, WithoutARuntimeDirectoryNothingIsKept) {
  for (const char* value : {static_cast<const char*>(nullptr), "", "relative", "/nonexistent/insd-test"}) {
    const LeaseFile file(value, Language::ENGLISH);
    EXPECT_EQ(code_of([&] { file.require_directory(); }), "LEASE_NOT_DETACHABLE");
    EXPECT_EQ(code_of([&] { file.store("token"); }), "LEASE_NOT_DETACHABLE");
    EXPECT_EQ(file.load(), std::nullopt);
  }
}

TEST_F(LeaseFileTest, ADirectoryOpenToOthersIsRefused) {
  fs::permissions(directory.path(), fs::perms::owner_all | fs::perms::others_read | fs::perms::others_exec);
  EXPECT_EQ(code_of([&] { file().require_directory(); }), "LEASE_NOT_DETACHABLE");
}

TEST_F(LeaseFileTest, AFolderOpenToOthersIsRefused) {
  fs::create_directory(directory.path() / "insd");
  fs::permissions(directory.path() / "insd", fs::perms::all);
  EXPECT_EQ(code_of([&] { file().store("token"); }), "LEASE_FILE_UNSAFE");
}

TEST_F(LeaseFileTest, T_FS_01_ALinkIsNotFollowedWhenLoading) {
  const auto elsewhere = directory.path() / "elsewhere";
  std::ofstream(elsewhere) << "stolen\n";
  fs::permissions(elsewhere, fs::perms::owner_read | fs::perms::owner_write);
  fs::create_directory(directory.path() / "insd");
  fs::permissions(directory.path() / "insd", fs::perms::owner_all);
  fs::create_symlink(elsewhere, file().path());
  EXPECT_EQ(code_of([&] { (void)file().load(); }), "LEASE_FILE_UNSAFE");
}

TEST_F(LeaseFileTest, T_FS_01_ALinkIsReplacedAndNotWrittenThrough) {
  const auto victim = directory.path() / "victim";
  std::ofstream(victim) << "precious";
  fs::create_directory(directory.path() / "insd");
  fs::permissions(directory.path() / "insd", fs::perms::owner_all);
  fs::create_symlink(victim, file().path());
  file().store("token");
  std::string content;
  std::ifstream(victim) >> content;
  EXPECT_EQ(content, "precious");
  EXPECT_FALSE(fs::is_symlink(file().path()));
  EXPECT_EQ(file().load(), "token");
}

TEST_F(LeaseFileTest, T_FS_01_ALinkedFolderIsRefused) {
  test::PrivateDirectory other;
  fs::create_directory_symlink(other.path(), directory.path() / "insd");
  EXPECT_EQ(code_of([&] { file().store("token"); }), "LEASE_FILE_UNSAFE");
  EXPECT_TRUE(fs::is_empty(other.path()));
}

TEST_F(LeaseFileTest, AReadableFileIsRefused) {
  put("token\n", fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
  EXPECT_EQ(code_of([&] { (void)file().load(); }), "LEASE_FILE_UNSAFE");
}

TEST_F(LeaseFileTest, AContentThatNoDaemonWroteIsRefused) {
  for (const std::string& content :
       {std::string(), std::string("\n"), std::string("two words\n"), std::string("a\nb\n"),
        std::string(5000, 'x'), std::string("tok\0en\n", 7), std::string("\x1b[2J\n")}) {
    put(content);
    EXPECT_EQ(code_of([&] { (void)file().load(); }), "LEASE_FILE_UNSAFE") << content.size();
  }
}

TEST_F(LeaseFileTest, APipeInItsPlaceDoesNotHoldUs) {
  fs::create_directory(directory.path() / "insd");
  fs::permissions(directory.path() / "insd", fs::perms::owner_all);
  ASSERT_EQ(::mkfifo(file().path().c_str(), 0600), 0);
  EXPECT_EQ(code_of([&] { (void)file().load(); }), "LEASE_FILE_UNSAFE");
}

}  // namespace
}  // namespace insd::cli
