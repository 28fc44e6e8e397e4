// SPDX-License-Identifier: Apache-2.0
#include "drivers/pcsc/pause.h"

#include <condition_variable>
#include <mutex>

namespace insd::pcsc {

bool pause(const std::stop_token& stop, std::chrono::milliseconds duration) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait_for(lock, stop, duration, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace insd::pcsc
