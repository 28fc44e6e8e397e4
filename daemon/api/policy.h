// SPDX-License-Identifier: Apache-2.0
// May this caller call this method, and use this reader? Anything doubtful is denied (threats T-AUTH-01).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/api/user_set.h"
#include "daemon/config.h"

namespace insd::api {

/// Full names of the gRPC services that the daemon serves; each of their methods needs a row in the policy.
const std::vector<std::string>& served_services();

enum class Verdict : std::uint8_t { DENIED, ALLOWED };

/// How a reader is called.
struct ReaderNames {
  std::string_view name;
  std::string_view alias;
};

/// Immutable; a reload makes a new one. Methods are named "InsiService/SearchByVitale" (package left out).
class Policy {
 public:
  /// Throws CONFIG_INVALID for an unknown user or group and for a method pattern that fits no method, and
  /// INTERNAL when a method of `services` has no row: then the daemon must not start.
  Policy(const std::vector<PolicyConfig>& entries, const UserDatabase& database,
         const std::vector<std::string>& services = served_services());

  /// The one decision. Without a reader: may the method be called at all?
  [[nodiscard]] Verdict decide(const Caller& caller, std::string_view method,
                               const std::optional<ReaderNames>& reader = std::nullopt) const noexcept;

  /// May a kiosk use this reader? Then nothing is read in it before somebody asks, and no card stays for
  /// ever.
  [[nodiscard]] bool serves_kiosks(const ReaderNames& reader) const;

  /// What decide() goes by, for WhatMayIDo.
  [[nodiscard]] CallerRole role(const Caller& caller) const;
  [[nodiscard]] std::vector<std::string> methods(const Caller& caller) const;
  [[nodiscard]] std::vector<std::string> readers(const Caller& caller) const;

 private:
  struct Entry {
    UserSet users;
    CallerRole role;
    std::vector<std::string> readers;
    std::vector<std::string> methods;
    std::vector<std::string> rights;

    [[nodiscard]] bool names(const ReaderNames& reader) const;
  };
  struct Match {
    CallerRole role;
    const Entry* entry;  // nullptr: by default, all readers
  };
  [[nodiscard]] Match match(const Caller& caller) const;

  std::vector<Entry> entries_;
  std::vector<std::string> methods_;
  std::optional<gid_t> admin_group_;
  std::optional<gid_t> desk_group_;
};

}  // namespace insd::api
