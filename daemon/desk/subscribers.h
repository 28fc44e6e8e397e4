// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace insd::desk {

/// Callbacks that come and go while they are called. Of one thread.
template <class Callback>
class Subscribers {
 public:
  std::uint64_t add(Callback callback) {
    callbacks_.emplace(next_, std::move(callback));
    return next_++;
  }
  void remove(std::uint64_t id) { callbacks_.erase(id); }

  /// A callback may add and remove subscribers, itself among them: each is looked up when its turn comes.
  template <class Call>
  void each(Call&& call) {
    std::vector<std::uint64_t> ids;
    for (const auto& [id, callback] : callbacks_) ids.push_back(id);
    for (const auto id : ids) {
      const auto found = callbacks_.find(id);
      if (found == callbacks_.end()) continue;
      const Callback callback = found->second;
      call(callback);
    }
  }

 private:
  std::map<std::uint64_t, Callback> callbacks_;
  std::uint64_t next_ = 0;
};

}  // namespace insd::desk
