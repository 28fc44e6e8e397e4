// SPDX-License-Identifier: Apache-2.0
#include "daemon/identities/seal.h"

#include <fstream>

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "drivers/base/error.h"

namespace insd {
namespace {

keys::SiteKey key_of(const std::string& id, char content) {
  keys::SiteKey key;
  key.id = id;
  key.secret = SecretString(std::string(32, content));
  return key;
}

bool opens(const keys::SiteKey& key, ByteView token) {
  try {
    open_seal(key, token);
    return true;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::IDENTITY_TOKEN_INVALID);
    return false;
  }
}

TEST(Seal, ComesBackAsItWas) {
  const auto key = key_of("seal-1-00112233", 'k');
  for (const std::string& content : {std::string(), std::string("x"), std::string(60'000, 'y')}) {
    const Bytes token = seal(key, as_bytes(content));
    EXPECT_EQ(sealing_key_id(token), key.id);
    const Bytes back = open_seal(key, token);
    EXPECT_EQ(std::string(back.begin(), back.end()), content);
  }
}

TEST(Seal, TwoTokensOfOneContentDiffer) {
  const auto key = key_of("seal-1-00112233", 'k');
  EXPECT_NE(seal(key, as_bytes("content")), seal(key, as_bytes("content")));
}

TEST(Seal, NothingOfTheContentShows) {
  const Bytes token = seal(key_of("seal-1-00112233", 'k'), as_bytes("HOUILLES 109076322083489"));
  const std::string text(token.begin(), token.end());
  EXPECT_EQ(text.find("HOUILLES"), std::string::npos);
  EXPECT_EQ(text.find("109076"), std::string::npos);
}

TEST(Seal, EveryBitCounts) {
  const auto key = key_of("seal-1-00112233", 'k');
  const Bytes token = seal(key, as_bytes("content"));
  for (std::size_t bit = 0; bit < token.size() * 8; ++bit) {
    Bytes altered = token;
    altered[bit / 8] = static_cast<std::uint8_t>(altered[bit / 8] ^ (1U << (bit % 8)));
    EXPECT_FALSE(opens(key, altered)) << bit;
  }
  for (std::size_t size = 0; size < token.size(); ++size) {
    EXPECT_FALSE(opens(key, ByteView(token).first(size))) << size;
  }
}

TEST(Seal, AnotherKeyOpensNothing) {
  const Bytes token = seal(key_of("seal-1-00112233", 'k'), as_bytes("content"));
  EXPECT_FALSE(opens(key_of("seal-1-00112233", 'l'), token));
  EXPECT_FALSE(opens(key_of("seal-2-00112233", 'k'), token));
}

TEST(Seal, WhatDoesNotFitIsNotSealed) {
  EXPECT_THROW(seal(key_of("a", 'k'), as_bytes(std::string(kMaxTokenBytes, 'x'))), Error);
  EXPECT_THROW(seal(key_of("", 'k'), as_bytes("x")), Error);
  EXPECT_THROW(seal(key_of(std::string(65, 'i'), 'k'), as_bytes("x")), Error);
}

TEST(SharedKey, IsAFileOfOursAndOf32Bytes) {
  std::string folder = ::testing::TempDir() + "insd-shared-XXXXXX";
  const std::filesystem::path directory = mkdtemp(folder.data());
  const auto file = directory / "site.key";
  const auto write = [&](std::size_t size) { std::ofstream(file) << std::string(size, 's'); };
  write(32);
  chmod(file.c_str(), 0600);
  const auto key = read_shared_key(file);
  EXPECT_EQ(key.id.size(), 21U);
  EXPECT_EQ(key.id, read_shared_key(file).id);
  EXPECT_TRUE(opens(read_shared_key(file), seal(key, as_bytes("content"))));
  for (const std::size_t size : {0U, 31U, 33U, 1000U}) {
    write(size);
    EXPECT_THROW(read_shared_key(file), Error) << size;
  }
  write(32);
  chmod(file.c_str(), 0644);
  EXPECT_THROW(read_shared_key(file), Error);
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace insd
