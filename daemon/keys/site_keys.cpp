// SPDX-License-Identifier: Apache-2.0
#include "daemon/keys/site_keys.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/keys/private_file.h"
#include "drivers/base/descriptor.h"
#include "drivers/base/error.h"
#include "drivers/base/random.h"

namespace insd::keys {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kMostKeys = 1000;

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why) {
  throw Error(Code::CONFIG_INVALID, file.string() + ": " + why);
}

[[noreturn]] void refuse_with_errno(const std::filesystem::path& file) {
  refuse(file, std::strerror(errno));
}

// Of the key directory: nobody but this process has a reason to read it.
SecretString read_key(const std::filesystem::path& file) {
  const Descriptor in(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat facts {};
  if (!in.valid() || fstat(in.get(), &facts) != 0) refuse_with_errno(file);
  if (!S_ISREG(facts.st_mode)) refuse(file, "not a plain file");
  if (facts.st_uid != geteuid()) refuse(file, "not owned by the user of insd");
  if ((facts.st_mode & 0077) != 0) refuse(file, "open to others: chmod 600");
  std::array<char, kKeyBytes + 1> bytes{};
  const ssize_t got = ::read(in.get(), bytes.data(), bytes.size());
  if (got < 0) refuse_with_errno(file);
  SecretString key;
  if (got == kKeyBytes) key = SecretString({bytes.data(), kKeyBytes});
  wipe(bytes.data(), bytes.size());
  if (key.empty()) refuse(file, "a key has 32 bytes");
  return key;
}

// A credential may be root's.
SecretString read_credential(const std::filesystem::path& file) {
  Bytes bytes = read_private_file(file, "credential", kKeyBytes);
  SecretString key;
  if (bytes.size() == kKeyBytes) {
    key = SecretString({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  wipe(bytes.data(), bytes.size());
  if (key.empty()) refuse(file, "a key has 32 bytes");
  return key;
}

// "journal-0012-8f00c0de" of use "journal": 12; 0: no id of this use.
std::size_t number_of(std::string_view id, std::string_view use) {
  if (!id.starts_with(use) || id.size() != use.size() + 14 || id[use.size()] != '-') return 0;
  id.remove_prefix(use.size() + 1);
  std::size_t number = 0;
  const auto [end, failure] = std::from_chars(id.data(), id.data() + 4, number);
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  const bool good = failure == std::errc() && end == id.data() + 4 && id[4] == '-' &&
                    std::all_of(id.begin() + 5, id.end(), is_hex);
  return good ? number : 0;
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

SiteKeys::SiteKeys(KeyPlaces places, std::string_view use, Missing missing)
    : places_(std::move(places)), use_(use) {
  if (missing == Missing::MAKE && mkdir(places_.directory.c_str(), 0700) != 0 && errno != EEXIST) {
    refuse_with_errno(places_.directory);
  }
  read(places_.directory, "", false);
  if (!places_.credentials.empty()) read(places_.credentials, "keys_", true);
  const auto by_id = [](const SiteKeyPtr& left, const SiteKeyPtr& right) { return left->id < right->id; };
  std::sort(keys_.begin(), keys_.end(), by_id);
  const auto twice = std::adjacent_find(
      keys_.begin(), keys_.end(), [](const auto& left, const auto& right) { return left->id == right->id; });
  if (twice != keys_.end()) refuse(places_.directory, (*twice)->id + " is here and a credential too");
  if (keys_.empty() && missing == Missing::MAKE) keys_.push_back(make());
}

void SiteKeys::read(const std::filesystem::path& directory, std::string_view prefix, bool credential) {
  std::error_code failure;
  for (std::filesystem::directory_iterator entry(directory, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    const auto& path = entry->path();
    std::string id = path.stem().string();
    if (path.extension() != ".key" || !id.starts_with(prefix)) continue;
    id.erase(0, prefix.size());
    if (!id.starts_with(use_ + "-")) continue;
    if (number_of(id, use_) == 0) refuse(path, "is not named as a key: " + use_ + "-NNNN-xxxxxxxx.key");
    if (keys_.size() == kMostKeys) refuse(directory, "too many keys");
    auto key = std::make_shared<SiteKey>();
    key->secret = credential ? read_credential(path) : read_key(path);
    key->id = std::move(id);
    key->credential = credential;
    keys_.push_back(std::move(key));
  }
  if (failure && failure != std::errc::no_such_file_or_directory) refuse(directory, failure.message());
}

SiteKeyPtr SiteKeys::current() const {
  const std::lock_guard lock(mutex_);
  return keys_.empty() ? nullptr : keys_.back();
}

SiteKeyPtr SiteKeys::find(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const auto found =
      std::find_if(keys_.begin(), keys_.end(), [&](const SiteKeyPtr& key) { return key->id == id; });
  return found == keys_.end() ? nullptr : *found;
}

std::vector<SiteKeyPtr> SiteKeys::all() const {
  const std::lock_guard lock(mutex_);
  return keys_;
}

SiteKeyPtr SiteKeys::rotate() {
  const std::lock_guard lock(mutex_);
  if (!keys_.empty() && keys_.back()->credential) {
    throw Error(Code::UNSUPPORTED,
                "the " + use_ + " key is a credential of systemd: give the unit a newer one");
  }
  keys_.push_back(make());
  return keys_.back();
}

SiteKeyPtr SiteKeys::make() const {
  // The number makes the names' order that of the keys; files keep no time through a backup.
  const std::size_t next = keys_.empty() ? 1 : number_of(keys_.back()->id, use_) + 1;
  if (next > kMostKeys) refuse(places_.directory, "too many keys");
  std::string number = std::to_string(next);
  number.insert(0, 4 - std::min<std::size_t>(4, number.size()), '0');
  Bytes bytes = random_bytes(kKeyBytes);
  auto key = std::make_shared<SiteKey>();
  key->id = use_ + "-" + number + "-" + random_hex(4);
  key->secret = SecretString({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  wipe(bytes.data(), bytes.size());
  write_key(places_.directory / (key->id + ".key"), key->secret);
  return key;
}

std::filesystem::path credentials_directory() {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  return directory != nullptr ? std::filesystem::path(directory) : std::filesystem::path();
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

}  // namespace insd::keys
