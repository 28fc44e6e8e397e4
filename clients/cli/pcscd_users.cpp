// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/pcscd_users.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "clients/cli/descriptor.h"

namespace insd::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxMessages = 10'000;
constexpr std::size_t kMaxProcesses = 100'000;
constexpr std::size_t kMaxDescriptors = 100'000;
constexpr std::size_t kMaxUsers = 500;
constexpr std::size_t kMaxName = 64;

bool ask_for_unix_sockets(int netlink) {
  struct {
    nlmsghdr header;
    unix_diag_req request;
  } message{};
  message.header.nlmsg_len = sizeof message;
  message.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  message.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  message.request.sdiag_family = AF_UNIX;
  message.request.udiag_states = ~0U;
  message.request.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER;
  return ::send(netlink, &message, sizeof message, 0) == sizeof message;
}

// One socket of the answer: what it is bound to and who is at its other end.
struct UnixSocket {
  std::string name;
  std::uint32_t peer = 0;  // inode; 0: not connected
};

UnixSocket read_socket(std::string_view attributes) {
  UnixSocket socket;
  while (attributes.size() >= sizeof(nlattr)) {
    nlattr attribute{};
    std::memcpy(&attribute, attributes.data(), sizeof attribute);
    if (attribute.nla_len < sizeof attribute || attribute.nla_len > attributes.size()) break;
    const std::string_view value = attributes.substr(sizeof attribute, attribute.nla_len - sizeof attribute);
    if (attribute.nla_type == UNIX_DIAG_NAME) socket.name = value.substr(0, value.find('\0'));
    if (attribute.nla_type == UNIX_DIAG_PEER && value.size() == sizeof socket.peer) {
      std::memcpy(&socket.peer, value.data(), sizeof socket.peer);
    }
    attributes.remove_prefix(std::min<std::size_t>(NLA_ALIGN(attribute.nla_len), attributes.size()));
  }
  return socket;
}

// Adds the far ends of `path`'s connections to `peers`. False at the end of the dump; throws nothing.
bool read_messages(std::string_view datagram, const std::string& path, std::set<std::uint32_t>& peers,
                   bool& failed) {
  while (datagram.size() >= sizeof(nlmsghdr)) {
    nlmsghdr header{};
    std::memcpy(&header, datagram.data(), sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > datagram.size()) break;
    if (header.nlmsg_type == NLMSG_DONE) return false;
    if (header.nlmsg_type == NLMSG_ERROR) {
      failed = true;
      return false;
    }
    constexpr std::size_t kFixed = NLMSG_LENGTH(sizeof(unix_diag_msg));
    if (header.nlmsg_type == SOCK_DIAG_BY_FAMILY && header.nlmsg_len >= kFixed) {
      const UnixSocket socket = read_socket(datagram.substr(kFixed, header.nlmsg_len - kFixed));
      if (socket.name == path && socket.peer != 0) peers.insert(socket.peer);
    }
    datagram.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), datagram.size()));
  }
  return true;
}

std::optional<std::set<std::uint32_t>> peers_of(const std::string& path) {
  const Descriptor netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  const timeval patience{.tv_sec = 5, .tv_usec = 0};
  if (netlink.get() < 0 ||
      ::setsockopt(netlink.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
      !ask_for_unix_sockets(netlink.get()))
    return std::nullopt;
  std::set<std::uint32_t> peers;
  std::array<char, 65536> buffer{};
  for (std::size_t i = 0; i < kMaxMessages; ++i) {
    const ssize_t length = ::recv(netlink.get(), buffer.data(), buffer.size(), 0);
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) return std::nullopt;
    bool failed = false;
    if (!read_messages({buffer.data(), static_cast<std::size_t>(length)}, path, peers, failed)) {
      return failed ? std::nullopt : std::optional(std::move(peers));
    }
  }
  return peers;
}

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Has the process a descriptor of one of these sockets? False for a process that may not be looked at.
bool has_one_of(const fs::path& process, const std::set<std::uint32_t>& inodes) {
  constexpr std::string_view kSocket = "socket:[";
  std::error_code error;
  std::size_t seen = 0;
  for (fs::directory_iterator entry(process / "fd", error), end;
       !error && entry != end && seen < kMaxDescriptors; entry.increment(error), ++seen) {
    std::error_code gone;
    const std::string target = fs::read_symlink(entry->path(), gone).string();
    if (gone || !target.starts_with(kSocket) || !target.ends_with(']')) continue;
    const auto inode =
        number(std::string_view(target).substr(kSocket.size(), target.size() - kSocket.size() - 1));
    if (inode && inodes.contains(*inode)) return true;
  }
  return false;
}

SocketUser describe(const fs::path& process, pid_t pid) {
  SocketUser user;
  user.pid = pid;
  struct stat status {};
  if (::stat(process.c_str(), &status) == 0) user.uid = status.st_uid;
  std::ifstream in(process / "comm");
  std::getline(in, user.name);
  user.name.resize(std::min(user.name.size(), kMaxName));
  return user;
}

}  // namespace

std::string pcscd_socket(const char* configured) {
  return configured != nullptr && *configured != '\0' ? configured : "/run/pcscd/pcscd.comm";
}

SocketState look_at_socket(const std::string& path) {
  SocketState state;
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) state.open_to_all_users = (status.st_mode & S_IWOTH) != 0;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    state.error = ENAMETOOLONG;
    return state;
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0 ||
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    state.error = errno == EAGAIN ? 0 : errno;  // it listens, and is busy
  }
  return state;
}

std::optional<std::vector<SocketUser>> users_of_socket(const std::string& path) {
  const auto peers = peers_of(path);
  if (!peers) return std::nullopt;
  std::vector<SocketUser> users;
  std::error_code error;
  std::size_t seen = 0;
  for (fs::directory_iterator entry("/proc", error), end;
       !error && entry != end && seen < kMaxProcesses && users.size() < kMaxUsers;
       entry.increment(error), ++seen) {
    const auto pid = number(entry->path().filename().string());
    if (!pid || !has_one_of(entry->path(), *peers)) continue;
    users.push_back(describe(entry->path(), static_cast<pid_t>(*pid)));
  }
  std::ranges::sort(users, {}, &SocketUser::pid);
  return users;
}

}  // namespace insd::cli
