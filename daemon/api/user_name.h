// SPDX-License-Identifier: Apache-2.0
// Names of users for display. The system's databases may be in the network, and hang: no thread that serves
// callers waits for them.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <sys/types.h>

namespace insd::api {

/// One user's name. Any thread.
class UserName {
 public:
  explicit UserName(uid_t uid) : text_("uid " + std::to_string(uid)) {}

  /// As far as is known by now: the name, or "uid 1000".
  [[nodiscard]] std::string text() const;
  /// Nobody knows a name: empty.
  void tell(const std::string& name);
  [[nodiscard]] bool told() const { return told_; }

 private:
  mutable std::mutex mutex_;
  std::string text_;
  std::atomic<bool> told_ = false;
};

class UserNames {
 public:
  /// The name that goes with a user id; empty: none. May block.
  using Database = std::function<std::string(uid_t)>;
  explicit UserNames(Database database = by_system) : database_(std::move(database)) {}

  /// Looks for it on a thread of its own, which nobody joins. At most 4 at a time look: beyond that the name
  /// stays the number. Any thread.
  [[nodiscard]] std::shared_ptr<const UserName> look_up(uid_t uid) const;

  static std::string by_system(uid_t uid);

 private:
  const Database database_;
  const std::shared_ptr<std::atomic<int>> looking_ = std::make_shared<std::atomic<int>>(0);
};

/// Returns when the answer is there, and at the latest after `patience`.
boost::asio::awaitable<void> wait_for(std::shared_ptr<const UserName> name,
                                      std::chrono::milliseconds patience);

}  // namespace insd::api
