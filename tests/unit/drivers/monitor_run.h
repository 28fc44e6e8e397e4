// SPDX-License-Identifier: Apache-2.0
// A monitor on a thread of its own, and what it has said.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "drivers/pcsc/monitor.h"

namespace insd::test {

class MonitorRun {
 public:
  /// `on_change` hears each snapshot first, on the monitor's thread.
  explicit MonitorRun(const pcsc::PcscApi& api, std::function<void(const pcsc::Snapshot&)> on_change = {})
      : on_change_(std::move(on_change)), thread_([this, &api](const std::stop_token& stop) {
          const auto hear = [this](const pcsc::Snapshot& snapshot) {
            if (on_change_) on_change_(snapshot);
            {
              const std::lock_guard lock(mutex_);
              said_.push_back(snapshot);
            }
            heard_.notify_all();
          };
          pcsc::run_monitor(api, stop, hear, bell_);
        }) {}

  /// The first snapshot from the `from`th on that `wanted` accepts; nothing after ten seconds.
  std::optional<pcsc::Snapshot> wait_for(const std::function<bool(const pcsc::Snapshot&)>& wanted,
                                         std::size_t from = 0) {
    std::unique_lock lock(mutex_);
    std::optional<pcsc::Snapshot> found;
    heard_.wait_for(lock, std::chrono::seconds(10), [&] {
      for (; from < said_.size() && !found; ++from) {
        if (wanted(said_[from])) found = said_[from];
      }
      return found.has_value();
    });
    return found;
  }

  /// The service's faults in the order in which they were told; "well" for a picture of the readers. What is
  /// told twice in a row counts once.
  [[nodiscard]] std::vector<std::string> service_story() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> story;
    for (const pcsc::Snapshot& snapshot : said_) {
      std::string word =
          snapshot.service_fault ? std::string(catalogue_entry(*snapshot.service_fault).name) : "well";
      if (story.empty() || story.back() != word) story.push_back(std::move(word));
    }
    return story;
  }

  void ring() { bell_.ring(); }

  [[nodiscard]] std::size_t said() const {
    const std::lock_guard lock(mutex_);
    return said_.size();
  }

  /// Asks the monitor to end and waits until it has.
  void stop() {
    thread_.request_stop();
    thread_.join();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable heard_;
  std::vector<pcsc::Snapshot> said_;
  std::function<void(const pcsc::Snapshot&)> on_change_;
  pcsc::Bell bell_;
  std::jthread thread_;
};

/// The slot of `reader`, or nothing.
inline std::optional<pcsc::Slot> slot_in(const pcsc::Snapshot& snapshot, std::string_view reader) {
  for (const pcsc::Slot& slot : snapshot.slots) {
    if (slot.reader == reader) return slot;
  }
  return std::nullopt;
}

/// For wait_for(): the reader is there, in that state.
inline std::function<bool(const pcsc::Snapshot&)> reader_is(std::string reader, pcsc::SlotState state) {
  return [reader = std::move(reader), state](const pcsc::Snapshot& snapshot) {
    const auto slot = slot_in(snapshot, reader);
    return slot && slot->state == state;
  };
}

/// For wait_for(): pcscd answers and there are `count` readers.
inline std::function<bool(const pcsc::Snapshot&)> readers_are(std::size_t count) {
  return [count](const pcsc::Snapshot& snapshot) {
    return !snapshot.service_fault && snapshot.slots.size() == count;
  };
}

/// For wait_for(): pcscd is away for this reason.
inline std::function<bool(const pcsc::Snapshot&)> fault_is(Code code) {
  return [code](const pcsc::Snapshot& snapshot) { return snapshot.service_fault == code; };
}

}  // namespace insd::test
