// SPDX-License-Identifier: Apache-2.0
// "users" of a configuration entry, resolved once: names, numeric uids, "@group", "*".
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/api/caller.h"

namespace insd::api {

/// The system's users and groups; tests bring their own.
class UserDatabase {
 public:
  virtual ~UserDatabase() = default;
  /// Nothing when there is no such name. Throws CONFIG_INVALID when the database cannot be asked.
  [[nodiscard]] virtual std::optional<uid_t> user(const std::string& name) const;
  [[nodiscard]] virtual std::optional<gid_t> group(const std::string& name) const;
};

class UserSet {
 public:
  /// Throws CONFIG_INVALID for a name that nobody has: a rule that silently matches nobody is a wrong rule.
  UserSet(const std::vector<std::string>& users, const UserDatabase& database, const std::string& where);

  [[nodiscard]] bool contains(const Caller& caller) const;

 private:
  bool everybody_ = false;
  std::set<uid_t> users_;
  std::set<gid_t> groups_;
};

bool in_group(const Caller& caller, gid_t group);

}  // namespace insd::api
