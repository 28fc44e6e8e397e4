// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/socket_path.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "daemon/api/user_set.h"
#include "drivers/base/error.h"

namespace insd::api {
namespace {

constexpr int kBacklog = 128;
constexpr mode_t kMode = S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP;

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
  throw Error(Code::CONFIG_INVALID, path.string() + ": " + why);
}

[[noreturn]] void refuse_errno(const std::filesystem::path& path, const std::string& what) {
  refuse(path, what + ": " + strerror(errno));
}

sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& text = path.native();
  if (text.empty() || text.size() >= sizeof(address.sun_path)) refuse(path, "must have 1 to 107 bytes");
  std::memcpy(address.sun_path, text.data(), text.size());
  return address;
}

// Opened without following a link; what is checked is what is used.
Descriptor open_directory(const std::filesystem::path& path) {
  const std::filesystem::path parent = path.parent_path();
  Descriptor directory(open(parent.c_str(), O_DIRECTORY | O_NOFOLLOW | O_RDONLY | O_CLOEXEC));
  if (!directory.valid()) refuse_errno(parent, "cannot be opened as a directory");
  struct stat status {};
  if (fstat(directory.get(), &status) != 0) refuse_errno(parent, "fstat");
  if (status.st_uid != 0 && status.st_uid != geteuid()) refuse(parent, "belongs to another user");
  // A sticky directory does not help: another user could put a socket there before us.
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) refuse(parent, "can be written by others");
  return directory;
}

bool somebody_listens(const std::filesystem::path& path) {
  const Descriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe.valid()) refuse_errno(path, "socket");
  const sockaddr_un address = address_of(path);
  if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return true;
  // A full backlog (EAGAIN) is somebody too; only a refusal is nobody.
  return errno != ECONNREFUSED;
}

void remove_stale(const std::filesystem::path& path, int directory) {
  const std::string name = path.filename();
  struct stat status {};
  if (fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return;
    refuse_errno(path, "fstatat");
  }
  if (!S_ISSOCK(status.st_mode)) refuse(path, "exists and is not a socket");
  if (status.st_uid != geteuid()) refuse(path, "is a socket of another user");
  if (somebody_listens(path)) refuse(path, "another daemon listens there");
  if (unlinkat(directory, name.c_str(), 0) != 0) refuse_errno(path, "cannot be removed");
}

void give_to_group(const std::filesystem::path& path, int directory, const std::string& group) {
  const std::string name = path.filename();
  if (!group.empty()) {
    const auto gid = UserDatabase().group(group);
    if (!gid) refuse(path, "daemon.socket_group: there is no group \"" + group + "\"");
    if (fchownat(directory, name.c_str(), static_cast<uid_t>(-1), *gid, AT_SYMLINK_NOFOLLOW) != 0) {
      refuse_errno(path, "cannot be given to the group " + group);
    }
  }
  // Only now may the group in: chown first, then mode. A link cannot be here: the directory is ours.
  if (fchmodat(directory, name.c_str(), kMode, 0) != 0) refuse_errno(path, "chmod");
}

}  // namespace

Descriptor socket_from_systemd() {
  const int count = sd_listen_fds(1);
  if (count == 0) return Descriptor();
  if (count < 0) throw Error(Code::CONFIG_INVALID, std::string("LISTEN_FDS: ") + strerror(-count));
  if (count != 1 || sd_is_socket(SD_LISTEN_FDS_START, AF_UNIX, SOCK_STREAM, 1) <= 0) {
    throw Error(Code::CONFIG_INVALID, "systemd must pass exactly one listening AF_UNIX stream socket");
  }
  return Descriptor(SD_LISTEN_FDS_START);
}

Descriptor make_socket(const std::filesystem::path& path, const std::string& group) {
  const sockaddr_un address = address_of(path);
  const Descriptor directory = open_directory(path);
  remove_stale(path, directory.get());
  Descriptor made(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made.valid()) refuse_errno(path, "socket");
  // The mode of the open socket becomes that of its file, whatever the umask: nobody but us until it is
  // right.
  if (fchmod(made.get(), S_IRUSR | S_IWUSR) != 0) refuse_errno(path, "fchmod");
  if (bind(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    refuse_errno(path, "bind");
  }
  try {
    give_to_group(path, directory.get(), group);
    if (listen(made.get(), kBacklog) != 0) refuse_errno(path, "listen");
  } catch (...) {
    unlinkat(directory.get(), path.filename().c_str(), 0);
    throw;
  }
  return made;
}

}  // namespace insd::api
