// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/rules.h"

namespace insd::api {

Rules::Rules(Config config, const UserDatabase& database, std::shared_ptr<insi::Exchange> exchange)
    : config_(std::make_shared<const Config>(std::move(config))),
      policy_(config_->policies, database),
      exchange_(std::move(exchange)) {
  for (std::size_t i = 0; i < config_->editors.size(); ++i) {
    editor_users_.emplace_back(config_->editors[i].users, database, "editor[" + std::to_string(i) + "]");
  }
}

const EditorConfig* Rules::editor_for(const Caller& caller) const {
  for (std::size_t i = 0; i < editor_users_.size(); ++i) {
    if (editor_users_[i].contains(caller)) return &config_->editors[i];
  }
  return nullptr;
}

}  // namespace insd::api
