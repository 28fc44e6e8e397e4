// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/user_set.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <grp.h>
#include <pwd.h>

#include "drivers/base/error.h"

namespace insd::api {
namespace {

constexpr std::size_t kMaxRecord = 1 << 20;  // a group with very many members

// getpwnam_r and getgrnam_r differ in types only.
template <class Record, class Lookup>
bool look_up(const std::string& name, Record& record, Lookup lookup) {
  std::vector<char> buffer(4096);
  while (true) {
    Record* found = nullptr;
    const int error = lookup(name.c_str(), &record, buffer.data(), buffer.size(), &found);
    if (error == ERANGE && buffer.size() < kMaxRecord) {
      buffer.resize(buffer.size() * 4);
      continue;
    }
    // These mean "no such name" in one back end or another (getpwnam(3)).
    if (error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM) {
      return found != nullptr;
    }
    throw Error(Code::CONFIG_INVALID, "cannot look up \"" + name + "\": " + strerror(error));
  }
}

std::optional<uid_t> numeric(const std::string& text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  // The greatest value means "nobody in particular" to the kernel.
  if (error != std::errc() || end != text.data() + text.size() || value == static_cast<uid_t>(-1)) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

std::optional<uid_t> UserDatabase::user(const std::string& name) const {
  passwd record{};
  if (!look_up(name, record, getpwnam_r)) return std::nullopt;
  return record.pw_uid;
}

std::optional<gid_t> UserDatabase::group(const std::string& name) const {
  struct group record {};
  if (!look_up(name, record, getgrnam_r)) return std::nullopt;
  return record.gr_gid;
}

UserSet::UserSet(const std::vector<std::string>& users, const UserDatabase& database,
                 const std::string& where) {
  for (const std::string& name : users) {
    if (name == "*") {
      everybody_ = true;
    } else if (name.starts_with('@')) {
      const auto gid = database.group(name.substr(1));
      if (!gid) throw Error(Code::CONFIG_INVALID, where + ": there is no group \"" + name.substr(1) + "\"");
      groups_.insert(*gid);
    } else {
      const auto number = numeric(name);
      const auto uid = number ? number : database.user(name);
      if (!uid) throw Error(Code::CONFIG_INVALID, where + ": there is no user \"" + name + "\"");
      users_.insert(*uid);
    }
  }
}

bool UserSet::contains(const Caller& caller) const {
  return everybody_ || users_.contains(caller.uid) ||
         std::any_of(groups_.begin(), groups_.end(), [&](gid_t group) { return in_group(caller, group); });
}

bool in_group(const Caller& caller, gid_t group) {
  return caller.gid == group ||
         std::find(caller.groups.begin(), caller.groups.end(), group) != caller.groups.end();
}

}  // namespace insd::api
