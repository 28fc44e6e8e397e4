// SPDX-License-Identifier: Apache-2.0
#include "daemon/keys/site_keys.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/base/error.h"

namespace insd::keys {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class SiteKeysTest : public ::testing::Test {
 protected:
  SiteKeysTest() {
    std::string folder = ::testing::TempDir() + "insd-keys-XXXXXX";
    directory_ = mkdtemp(folder.data());
    keys_ = directory_ / "keys";
  }
  ~SiteKeysTest() override { fs::remove_all(directory_); }

  std::string refusal() {
    try {
      const SiteKeys keys({keys_, credentials_}, "journal");
      return "";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::CONFIG_INVALID);
      return error.detail();
    }
  }
  fs::path only_file() { return fs::directory_iterator(keys_)->path(); }

  fs::path directory_, keys_, credentials_;
};

TEST_F(SiteKeysTest, TheFirstKeyIsMadeForThisUserAloneAndIsTheSameNextTime) {
  const SiteKeys first({keys_}, "journal");
  struct stat facts {};
  ASSERT_EQ(stat(only_file().c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0600U);
  EXPECT_EQ(facts.st_size, 32);
  const SiteKeys again({keys_}, "journal");
  EXPECT_EQ(again.current()->id, first.current()->id);
  EXPECT_EQ(hmac(*again.current(), {}), hmac(*first.current(), {}));
}

TEST_F(SiteKeysTest, EachUseHasItsOwnKey) {
  const SiteKeys journal({keys_}, "journal");
  const SiteKeys number({keys_}, "number");
  EXPECT_NE(hmac(*journal.current(), {}), hmac(*number.current(), {}));
  EXPECT_EQ(number.find(journal.current()->id), nullptr);
}

TEST_F(SiteKeysTest, AfterARotationTheOldKeyStillVerifies) {
  SiteKeys keys({keys_}, "journal");
  const std::string old = keys.current()->id;
  const std::string fresh = keys.rotate()->id;
  EXPECT_EQ(keys.current()->id, fresh);
  EXPECT_NE(fresh, old);
  const SiteKeys again({keys_}, "journal");
  EXPECT_EQ(again.current()->id, fresh);
  ASSERT_NE(again.find(old), nullptr);
  EXPECT_EQ(hmac(*again.find(old), {}), hmac(*keys.find(old), {}));
}

TEST_F(SiteKeysTest, AKeyIsNewerThanOneWhosePredecessorsWereRemoved) {
  SiteKeys keys({keys_}, "journal");
  const std::string first = keys.current()->id;
  const std::string second = keys.rotate()->id;
  fs::remove(keys_ / (first + ".key"));
  SiteKeys again({keys_}, "journal");
  const std::string third = again.rotate()->id;
  EXPECT_TRUE(third.starts_with("journal-0003-")) << third;
  EXPECT_EQ(SiteKeys({keys_}, "journal").current()->id, third);
}

TEST_F(SiteKeysTest, ALookMakesNoKey) {
  const SiteKeys none({keys_}, "journal", SiteKeys::Missing::LEAVE);
  EXPECT_EQ(none.current(), nullptr);
  EXPECT_FALSE(fs::exists(keys_));
  const SiteKeys made({keys_}, "journal");
  EXPECT_EQ(SiteKeys({keys_}, "journal", SiteKeys::Missing::LEAVE).current()->id, made.current()->id);
}

TEST_F(SiteKeysTest, ACredentialIsTheKeyAndIsNotRotatedHere) {
  credentials_ = directory_ / "credentials";
  fs::create_directory(credentials_);
  const fs::path file = credentials_ / "keys_journal-0001-0123abcd.key";
  std::ofstream(file) << std::string(32, 'k');
  fs::permissions(file, fs::perms(0400));
  std::ofstream(credentials_ / "organisation-passphrase") << "not a key";
  SiteKeys keys({keys_, credentials_}, "journal");
  EXPECT_EQ(keys.current()->id, "journal-0001-0123abcd");
  EXPECT_EQ(keys.current()->secret.view(), std::string(32, 'k'));
  EXPECT_TRUE(keys.current()->credential);
  EXPECT_TRUE(fs::is_empty(keys_)) << "one is enough";
  try {
    keys.rotate();
    FAIL() << "rotated";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::UNSUPPORTED);
  }
  // Another use has none and gets one of its own.
  EXPECT_FALSE(SiteKeys({keys_, credentials_}, "seal").current()->credential);
  fs::permissions(file, fs::perms(0444));
  EXPECT_THAT(refusal(), HasSubstr("keys_journal-0001-0123abcd.key"));
}

TEST_F(SiteKeysTest, ACredentialComesAfterTheKeysOfBefore) {
  const std::string old = SiteKeys({keys_}, "journal").current()->id;
  credentials_ = directory_ / "credentials";
  fs::create_directory(credentials_);
  const fs::path file = credentials_ / "keys_journal-0002-0123abcd.key";
  std::ofstream(file) << std::string(32, 'k');
  fs::permissions(file, fs::perms(0400));
  const SiteKeys keys({keys_, credentials_}, "journal");
  EXPECT_EQ(keys.current()->id, "journal-0002-0123abcd");
  EXPECT_NE(keys.find(old), nullptr);
  fs::copy_file(keys_ / (old + ".key"), credentials_ / ("keys_" + old + ".key"));
  EXPECT_THAT(refusal(), HasSubstr("a credential too"));
}

TEST_F(SiteKeysTest, AFileNamedNearlyAsAKeyIsNotSkipped) {
  EXPECT_EQ(refusal(), "");
  fs::rename(only_file(), keys_ / "journal-1-copy.key");
  EXPECT_THAT(refusal(), HasSubstr("not named as a key"));
}

TEST_F(SiteKeysTest, ThreeUsesHaveThreeKeys) {
  const SiteKeyRing ring({keys_});
  EXPECT_EQ(std::distance(fs::directory_iterator(keys_), {}), 3);
  EXPECT_NE(ring.seal.current()->secret.view(), ring.number.current()->secret.view());
  EXPECT_NE(ring.seal.current()->secret.view(), ring.journal.current()->secret.view());
}

TEST_F(SiteKeysTest, KeysOpenToOthersAreRefused) {
  EXPECT_EQ(refusal(), "");
  ASSERT_EQ(chmod(only_file().c_str(), 0640), 0);
  EXPECT_THAT(refusal(), HasSubstr("chmod 600"));
}

TEST_F(SiteKeysTest, KeysOfAnotherLengthAreRefused) {
  EXPECT_EQ(refusal(), "");
  std::ofstream(only_file(), std::ios::app) << "x";
  EXPECT_THAT(refusal(), HasSubstr("32 bytes"));
  fs::resize_file(only_file(), 31);
  EXPECT_THAT(refusal(), HasSubstr("32 bytes"));
}

TEST_F(SiteKeysTest, ALinkIsNoKey) {
  EXPECT_EQ(refusal(), "");
  const fs::path file = only_file();
  fs::rename(file, directory_ / "elsewhere");
  fs::create_symlink(directory_ / "elsewhere", file);
  EXPECT_NE(refusal(), "");
  fs::remove(file);
  ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
  EXPECT_THAT(refusal(), HasSubstr("plain file"));
}

TEST_F(SiteKeysTest, KeysOfAnotherUserAreRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  EXPECT_EQ(refusal(), "");
  ASSERT_EQ(chown(only_file().c_str(), 65534, 65534), 0);
  EXPECT_THAT(refusal(), HasSubstr("not owned"));
}

}  // namespace
}  // namespace insd::keys
