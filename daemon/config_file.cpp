// SPDX-License-Identifier: Apache-2.0
#include "daemon/config_file.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/base/descriptor.h"
#include "drivers/base/error.h"

namespace insd {
namespace {

[[noreturn]] void unreadable(const std::filesystem::path& file, const std::string& why) {
  throw Error(Code::CONFIG_INVALID, file.string() + ": " + why);
}

std::string size_text(std::size_t bytes) {
  return bytes % (1U << 20U) == 0 ? std::to_string(bytes >> 20U) + " MiB"
                                  : std::to_string(bytes >> 10U) + " KiB";
}

// What is checked is what is read: both on one descriptor (threats T-FS-01).
void check_file(const std::filesystem::path& file, const struct stat& status) {
  if (!S_ISREG(status.st_mode)) unreadable(file, "is not a regular file");
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) unreadable(file, "can be written by others");
  if (status.st_uid != 0 && status.st_uid != geteuid()) unreadable(file, "belongs to another user");
}

}  // namespace

std::string read_config_file(const std::filesystem::path& file, std::size_t max_bytes) {
  // O_NONBLOCK: a FIFO in its place must not hold the daemon.
  const Descriptor opened(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!opened.valid()) unreadable(file, std::strerror(errno));
  struct stat status {};
  if (fstat(opened.get(), &status) != 0) unreadable(file, std::strerror(errno));
  check_file(file, status);
  const std::string too_large = "is larger than " + size_text(max_bytes);
  if (static_cast<std::size_t>(status.st_size) > max_bytes) unreadable(file, too_large);
  std::string text(max_bytes + 1, '\0');
  std::size_t length = 0;
  while (length < text.size()) {
    const ssize_t got = read(opened.get(), text.data() + length, text.size() - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) unreadable(file, std::strerror(errno));
    if (got == 0) break;
    length += static_cast<std::size_t>(got);
  }
  if (length > max_bytes) unreadable(file, too_large);
  text.resize(length);
  return text;
}

}  // namespace insd
