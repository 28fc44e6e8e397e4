// SPDX-License-Identifier: Apache-2.0
// So many streams of one user at once. gRPC's own limit binds only a client that has acknowledged it.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>

#include <sys/types.h>

namespace insd::api {

/// Thread safe.
class OpenStreams {
 public:
  static constexpr std::size_t kMaxOfOneUser = 64;

  /// The place is free again when the handle dies, also after this object. Throws BUSY when there is none.
  [[nodiscard]] std::shared_ptr<void> take(uid_t uid);

 private:
  struct Counts {
    std::mutex mutex;
    std::map<uid_t, std::size_t> open;
  };
  const std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();
};

}  // namespace insd::api
