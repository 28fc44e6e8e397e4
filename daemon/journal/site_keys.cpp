// SPDX-License-Identifier: Apache-2.0
#include "daemon/journal/site_keys.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/base/descriptor.h"
#include "drivers/base/error.h"
#include "drivers/base/random.h"

namespace insd::journal {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kMostKeys = 1000;

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why) {
  throw Error(Code::CONFIG_INVALID, file.string() + ": " + why);
}

[[noreturn]] void refuse_with_errno(const std::filesystem::path& file) {
  refuse(file, std::strerror(errno));
}

SecretString read_key(const std::filesystem::path& file) {
  const Descriptor in(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat facts {};
  if (!in.valid() || fstat(in.get(), &facts) != 0) refuse_with_errno(file);
  if (!S_ISREG(facts.st_mode)) refuse(file, "not a plain file");
  if (facts.st_uid != geteuid()) refuse(file, "not owned by the user of insd");
  if ((facts.st_mode & 0077) != 0) refuse(file, "open to others: chmod 600");
  std::array<char, kKeyBytes + 1> bytes{};
  const ssize_t got = read(in.get(), bytes.data(), bytes.size());
  if (got < 0) refuse_with_errno(file);
  SecretString key;
  if (got == kKeyBytes) key = SecretString({bytes.data(), kKeyBytes});
  wipe(bytes.data(), bytes.size());
  if (key.empty()) refuse(file, "a key has 32 bytes");
  return key;
}

/// Whole and on the disk under its name, or not there: a chain must never be written with a key that a power
/// cut takes away.
void write_key(const std::filesystem::path& file, const SecretString& key) {
  const Descriptor out(open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!out.valid()) refuse_with_errno(file);
  const bool written = write(out.get(), key.view().data(), key.size()) == static_cast<ssize_t>(key.size());
  const Descriptor folder(open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!written || fsync(out.get()) != 0 || !folder.valid() || fsync(folder.get()) != 0) {
    const int reason = errno;
    unlink(file.c_str());
    errno = reason;
    refuse_with_errno(file);
  }
}

}  // namespace

SiteKeys::SiteKeys(std::filesystem::path directory, std::string_view use)
    : directory_(std::move(directory)), use_(use) {
  if (mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST) refuse_with_errno(directory_);
  std::vector<std::filesystem::path> files;
  std::error_code failure;
  for (std::filesystem::directory_iterator entry(directory_, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    const auto& path = entry->path();
    if (path.extension() != ".key" || !path.stem().string().starts_with(use_ + "-")) continue;
    if (files.size() == kMostKeys) refuse(directory_, "too many keys");
    files.push_back(path);
  }
  if (failure) refuse(directory_, failure.message());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) keys_.push_back({file.stem().string(), read_key(file)});
  if (keys_.empty()) keys_.push_back(make());
}

const SiteKey* SiteKeys::find(std::string_view id) const {
  const auto found =
      std::find_if(keys_.begin(), keys_.end(), [&](const SiteKey& key) { return key.id == id; });
  return found == keys_.end() ? nullptr : &*found;
}

std::string SiteKeys::rotate() {
  keys_.push_back(make());
  return keys_.back().id;
}

SiteKey SiteKeys::make() {
  Bytes bytes = random_bytes(kKeyBytes);
  SecretString secret({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  wipe(bytes.data(), bytes.size());
  // The number makes the names' order that of the keys; files keep no time through a backup.
  std::string number = std::to_string(keys_.size() + 1);
  number.insert(0, 4 - std::min<std::size_t>(4, number.size()), '0');
  SiteKey key{use_ + "-" + number + "-" + random_hex(4), std::move(secret)};
  write_key(directory_ / (key.id + ".key"), key.secret);
  return key;
}

Bytes hmac(const SiteKey& key, ByteView data) {
  Bytes mac(kKeyBytes);
  unsigned length = 0;
  if (HMAC(EVP_sha256(), key.secret.view().data(), static_cast<int>(key.secret.size()), data.data(),
           data.size(), mac.data(), &length) == nullptr ||
      length != mac.size()) {
    throw Error(Code::INTERNAL, "HMAC-SHA256");
  }
  return mac;
}

}  // namespace insd::journal
