// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/socket_path.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "drivers/base/error.h"

namespace insd::api {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class SocketPathTest : public ::testing::Test {
 protected:
  SocketPathTest() {
    std::string pattern = ::testing::TempDir() + "insd-socket-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    path_ = directory_ / "insd.sock";
  }
  ~SocketPathTest() override { fs::remove_all(directory_); }

  std::string refusal(const std::string& group = "") {
    try {
      make_socket(path_, group);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::CONFIG_INVALID);
      return error.detail();
    }
    return "accepted";
  }
  [[nodiscard]] struct stat status() const {
    struct stat made {};
    EXPECT_EQ(lstat(path_.c_str(), &made), 0);
    return made;
  }

  fs::path directory_, path_;
};

TEST_F(SocketPathTest, T_SOCK_04_ModeAndGroupDoNotDependOnTheUmask) {
  for (const mode_t mask : {0000, 0077, 0777}) {
    fs::remove(path_);
    const mode_t before = umask(mask);
    const Descriptor made = make_socket(path_, "");
    umask(before);
    EXPECT_EQ(status().st_mode & 07777U, 0660U) << mask;
    EXPECT_EQ(status().st_gid, getegid());
  }
}

TEST_F(SocketPathTest, T_SOCK_04_UnknownGroupIsRefusedAndNothingStays) {
  EXPECT_THAT(refusal("no-such-group"), HasSubstr("there is no group"));
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(SocketPathTest, T_SOCK_04_DirectoryThatOthersWriteIsRefused) {
  for (const auto mode : {0720, 0702, 0777, 01777}) {
    fs::permissions(directory_, fs::perms(mode));
    EXPECT_THAT(refusal(), HasSubstr("can be written by others")) << mode;
  }
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(SocketPathTest, T_SOCK_04_LinkInPlaceOfTheDirectoryIsRefused) {
  const fs::path link = directory_ / "link";
  fs::create_directory(directory_ / "real");
  fs::create_directory_symlink(directory_ / "real", link);
  path_ = link / "insd.sock";
  EXPECT_THAT(refusal(), HasSubstr("cannot be opened as a directory"));
}

TEST_F(SocketPathTest, T_SOCK_04_WhatIsNotASocketIsLeftAlone) {
  std::ofstream(path_) << "precious";
  EXPECT_THAT(refusal(), HasSubstr("is not a socket"));
  EXPECT_TRUE(fs::is_regular_file(path_));
  fs::remove(path_);
  fs::create_symlink("/etc/passwd", path_);
  EXPECT_THAT(refusal(), HasSubstr("is not a socket"));
  EXPECT_TRUE(fs::is_symlink(path_));
}

TEST_F(SocketPathTest, T_SOCK_04_ALinkToALiveSocketIsLeftAlone) {
  const fs::path real = directory_ / "other.sock";
  const Descriptor other = make_socket(real, "");
  fs::create_symlink(real, path_);
  EXPECT_THAT(refusal(), HasSubstr("is not a socket"));
}

TEST_F(SocketPathTest, T_SOCK_04_AStaleSocketIsReplacedAndALiveOneIsNot) {
  {
    const Descriptor first = make_socket(path_, "");
    EXPECT_THAT(refusal(), HasSubstr("another daemon listens there"));
  }
  // The first is closed, as after a crash: its file is still there.
  ASSERT_TRUE(fs::is_socket(path_));
  EXPECT_TRUE(make_socket(path_, "").valid());
}

TEST_F(SocketPathTest, T_SOCK_04_ASocketOfAnotherUserIsLeftAlone) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to make one";
  { const Descriptor first = make_socket(path_, ""); }
  ASSERT_EQ(chown(path_.c_str(), 65534, 65534), 0);
  EXPECT_THAT(refusal(), HasSubstr("is a socket of another user"));
}

TEST_F(SocketPathTest, T_SOCK_04_DirectoryOfAnotherUserIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to make one";
  ASSERT_EQ(chown(directory_.c_str(), 65534, 65534), 0);
  EXPECT_THAT(refusal(), HasSubstr("belongs to another user"));
}

TEST_F(SocketPathTest, TooLongAPathIsRefused) {
  path_ = directory_ / std::string(200, 'x');
  EXPECT_THAT(refusal(), HasSubstr("107 bytes"));
}

TEST(SocketFromSystemd, NoneWhenItPassesNone) {
  EXPECT_FALSE(socket_from_systemd().valid());
}

TEST(SocketFromSystemd, WhatIsNotAListeningSocketIsRefused) {
  setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
  setenv("LISTEN_FDS", "2", 1);
  EXPECT_THROW(socket_from_systemd(), Error);
}

}  // namespace
}  // namespace insd::api
