// SPDX-License-Identifier: Apache-2.0
#include "daemon/keys/private_file.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/base/descriptor.h"
#include "drivers/base/error.h"

namespace insd::keys {
namespace {

// Null when the file may hold a secret, else why not.
const char* objection(const struct stat& status) {
  if (!S_ISREG(status.st_mode)) return "is not a regular file";
  if (status.st_uid != 0 && status.st_uid != geteuid()) return "belongs to another user";
  if ((status.st_mode & (S_IWGRP | S_IRWXO)) != 0) return "can be read or written by others (chmod 0600)";
  if ((status.st_mode & S_IRGRP) != 0 && status.st_gid != 0) return "can be read by its group (chmod 0600)";
  return nullptr;
}

// Fills `room` from its beginning; the number of bytes. What is checked is what is read: one descriptor.
std::size_t read_into(const std::filesystem::path& file, const char* key, std::uint8_t* room,
                      std::size_t size) {
  const auto refuse = [&](const std::string& why) {
    throw Error(Code::CONFIG_INVALID, std::string(key) + ": " + printable(file.string(), 200) + " " + why);
  };
  // O_NONBLOCK: a FIFO in its place must not hold the daemon.
  const Descriptor opened(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat status {};
  if (!opened.valid() || fstat(opened.get(), &status) != 0) {
    refuse(std::string("cannot be read: ") + std::strerror(errno));
  }
  if (const char* why = objection(status)) refuse(why);
  std::size_t length = 0;
  while (length < size) {
    const ssize_t got = read(opened.get(), room + length, size - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse(std::string("cannot be read: ") + std::strerror(errno));
    if (got == 0) return length;
    length += static_cast<std::size_t>(got);
  }
  refuse("is too long");
  return 0;
}

}  // namespace

Bytes read_private_file(const std::filesystem::path& file, const char* key, std::size_t max_bytes) {
  Bytes content(max_bytes + 1);
  content.resize(read_into(file, key, content.data(), content.size()));
  return content;
}

SecretString read_secret_file(const std::filesystem::path& file, const char* key) {
  // Room for "\r\n" and for one byte too many.
  struct Room {
    std::array<std::uint8_t, SecretString::kCapacity + 3> bytes{};
    Room() = default;
    Room(const Room&) = delete;
    Room& operator=(const Room&) = delete;
    ~Room() { wipe(bytes.data(), bytes.size()); }
  } room;
  const std::size_t length = read_into(file, key, room.bytes.data(), room.bytes.size());
  std::string_view text(reinterpret_cast<const char*>(room.bytes.data()), length);
  text = text.substr(0, text.find_first_of("\r\n"));
  if (text.size() > SecretString::kCapacity || text.find('\0') != std::string_view::npos) {
    throw Error(Code::CONFIG_INVALID, std::string(key) + ": its first line is too long or holds a NUL byte");
  }
  return SecretString(text);
}

}  // namespace insd::keys
