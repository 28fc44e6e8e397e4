// SPDX-License-Identifier: Apache-2.0
// What a configuration file means for callers: one immutable value that a reload replaces as a whole, so that
// no call ever goes by half of two files.
#pragma once

#include <memory>

#include "daemon/api/policy.h"
#include "daemon/config.h"
#include "daemon/insi/exchange.h"

namespace insd::api {

class Rules {
 public:
  /// Throws CONFIG_INVALID for users and groups that nobody has. `exchange` may be nullptr: INSi is not
  /// configured.
  Rules(Config config, const UserDatabase& database, std::shared_ptr<insi::Exchange> exchange);

  [[nodiscard]] const std::shared_ptr<const Config>& config() const { return config_; }
  [[nodiscard]] const Policy& policy() const { return policy_; }
  [[nodiscard]] const std::shared_ptr<insi::Exchange>& exchange() const { return exchange_; }
  /// The first [[editor]] whose users have the caller; nullptr when none has.
  [[nodiscard]] const EditorConfig* editor_for(const Caller& caller) const;

 private:
  std::shared_ptr<const Config> config_;
  Policy policy_;
  std::vector<UserSet> editor_users_;  // beside config_->editors
  std::shared_ptr<insi::Exchange> exchange_;
};

}  // namespace insd::api
