// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/open_streams.h"

#include "drivers/base/error.h"

namespace insd::api {

std::shared_ptr<void> OpenStreams::take(uid_t uid) {
  {
    const std::lock_guard lock(counts_->mutex);
    std::size_t& open = counts_->open[uid];
    if (open >= kMaxOfOneUser) throw Error(Code::BUSY, "too many streams are open");
    ++open;
  }
  return {nullptr, [counts = counts_, uid](void*) {
            const std::lock_guard lock(counts->mutex);
            const auto found = counts->open.find(uid);
            if (--found->second == 0) counts->open.erase(found);
          }};
}

}  // namespace insd::api
