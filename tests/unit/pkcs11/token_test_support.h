// SPDX-License-Identifier: Apache-2.0
// What the tests of pkcs11/ and of insd-token share.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <sys/types.h>

#include "tests/unit/drivers/expect_error.h"

namespace insd::test {

/// RSA-SHA256 by the key of `der`, checked by OpenSSL alone.
inline bool verifies(const Bytes& der, ByteView message, const Bytes& signature) {
  const unsigned char* cursor = der.data();
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      d2i_X509(nullptr, &cursor, static_cast<long>(der.size())), &X509_free);
  if (!certificate) return false;
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr,
                              X509_get0_pubkey(certificate.get())) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

/// Is there a process of this group that runs (a zombie does not)?
inline bool living_process_in_group(pid_t group) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "stat");
    std::string line;
    if (!std::getline(file, line)) continue;
    // "pid (name) state parent group ..."; the name may hold anything.
    std::istringstream rest(line.substr(line.rfind(')') + 1));
    char state = 0;
    pid_t parent = 0, its_group = 0;
    if (rest >> state >> parent >> its_group && its_group == group && state != 'Z') return true;
  }
  return false;
}

/// All that the process can write to; empty when it may not be read.
inline std::string writable_memory(pid_t pid) {
  const auto proc = std::filesystem::path("/proc") / std::to_string(pid);
  std::ifstream maps(proc / "maps"), mem(proc / "mem", std::ios::binary);
  std::string result, line;
  while (std::getline(maps, line)) {
    unsigned long begin = 0, end = 0;
    char dash = 0, write = 0, ignored = 0;
    std::istringstream fields(line);
    if (!(fields >> std::hex >> begin >> dash >> end >> ignored >> write) || write != 'w') continue;
    std::string part(end - begin, '\0');
    mem.clear();
    mem.seekg(static_cast<std::streamoff>(begin));
    if (mem.read(part.data(), static_cast<std::streamsize>(part.size()))) result += part;
  }
  return result;
}

}  // namespace insd::test

/// `error` is what error_of() returned; evaluated once.
#define EXPECT_CODE(error, expected)                       \
  do {                                                     \
    const auto& thrown = (error);                          \
    ASSERT_TRUE(thrown.has_value()) << "no error";         \
    EXPECT_EQ(thrown->code(), expected) << thrown->what(); \
  } while (false)
