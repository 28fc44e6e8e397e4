// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/lease_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/cli/descriptor.h"
#include "clients/cli/failure.h"

namespace insd::cli {
namespace {

constexpr std::size_t kLongestToken = 512;
constexpr const char* kFolder = "insd";
constexpr const char* kFile = "lease";

// Ours, of the wanted type, and nobody else may touch it.
bool is_private(int descriptor, mode_t type) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 && (status.st_mode & S_IFMT) == type &&
         status.st_uid == ::geteuid() && (status.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

int open_folder(int parent, const char* name) {
  return ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool plausible(const std::string& token) {
  return !token.empty() && token.size() <= kLongestToken &&
         std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace

LeaseFile::LeaseFile(const char* runtime_dir, Language language)
    : directory_(runtime_dir == nullptr ? "" : runtime_dir), language_(language) {}

void LeaseFile::no_directory() const {
  throw Failure("LEASE_NOT_DETACHABLE", say(language_, Word::NO_RUNTIME_DIR),
                say(language_, Word::NO_RUNTIME_DIR_REMEDY));
}

void LeaseFile::unsafe() const {
  throw Failure("LEASE_FILE_UNSAFE", say(language_, Word::LEASE_FILE_UNSAFE, {path().string()}),
                say(language_, Word::LEASE_FILE_UNSAFE_REMEDY));
}

void LeaseFile::require_directory() const {
  if (!directory_.is_absolute()) no_directory();
  const Descriptor directory(open_folder(AT_FDCWD, directory_.c_str()));
  if (!directory.open() || !is_private(directory.get(), S_IFDIR)) no_directory();
}

void LeaseFile::store(const std::string& token) const {
  require_directory();
  if (!plausible(token)) unsafe();
  const Descriptor directory(open_folder(AT_FDCWD, directory_.c_str()));
  if (!directory.open()) no_directory();
  if (::mkdirat(directory.get(), kFolder, S_IRWXU) != 0 && errno != EEXIST) no_directory();
  const Descriptor folder(open_folder(directory.get(), kFolder));
  if (!folder.open() || !is_private(folder.get(), S_IFDIR)) unsafe();

  const std::string fresh = std::string(kFile) + "." + std::to_string(::getpid());
  ::unlinkat(folder.get(), fresh.c_str(), 0);
  const Descriptor file(::openat(folder.get(), fresh.c_str(),
                                 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
  const bool written = file.open() && ::fchmod(file.get(), S_IRUSR | S_IWUSR) == 0 &&
                       write_all(file.get(), token + "\n") &&
                       ::renameat(folder.get(), fresh.c_str(), folder.get(), kFile) == 0;
  if (!written) {
    ::unlinkat(folder.get(), fresh.c_str(), 0);
    unsafe();
  }
}

std::optional<std::string> LeaseFile::load() const {
  if (!directory_.is_absolute()) return std::nullopt;
  const Descriptor directory(open_folder(AT_FDCWD, directory_.c_str()));
  if (!directory.open()) return std::nullopt;
  const Descriptor folder(open_folder(directory.get(), kFolder));
  if (!folder.open()) {
    if (errno == ENOENT) return std::nullopt;
    unsafe();
  }
  // NONBLOCK: a pipe put in its place must not hold us.
  const Descriptor file(::openat(folder.get(), kFile, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.open()) {
    if (errno == ENOENT) return std::nullopt;
    unsafe();
  }
  if (!is_private(folder.get(), S_IFDIR) || !is_private(file.get(), S_IFREG)) unsafe();
  std::array<char, kLongestToken + 2> buffer{};
  const auto got = ::read(file.get(), buffer.data(), buffer.size());
  if (got <= 0) unsafe();
  std::string token(buffer.data(), static_cast<std::size_t>(got));
  if (token.ends_with('\n')) token.pop_back();
  if (!plausible(token)) unsafe();
  return token;
}

void LeaseFile::remove() const noexcept {
  const Descriptor directory(open_folder(AT_FDCWD, directory_.c_str()));
  if (!directory.open()) return;
  const Descriptor folder(open_folder(directory.get(), kFolder));
  if (folder.open()) ::unlinkat(folder.get(), kFile, 0);
}

}  // namespace insd::cli
