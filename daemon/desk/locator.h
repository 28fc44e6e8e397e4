// SPDX-License-Identifier: Apache-2.0
// Asks the driver of each reader that appears where the reader is: one short-lived thread each, because a
// question to pcscd cannot be cancelled.
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "drivers/pcsc/monitor.h"
#include "drivers/pcsc/reader_place.h"

namespace insd::desk {

class Locator : public std::enable_shared_from_this<Locator> {
 public:
  using Found =
      std::function<void(const std::string& reader, std::uint32_t arrival, const pcsc::ReaderPlace& place)>;

  /// `found` is called once for each appearance of a reader, on a thread of its own, never after a follow()
  /// without that reader has returned.
  static std::shared_ptr<Locator> make(const pcsc::PcscApi& api, std::filesystem::path sysfs, Found found);

  /// Forgets the readers that have gone and asks about those that have come, on the monitor's thread. Waits
  /// half a second at most for what is found, so that a reader is usually known in whole when it is shown.
  void follow(const pcsc::Snapshot& snapshot);

  void stop();
  /// Waits until the stopped threads have ended; false when they have not by then.
  bool wait_ended(std::chrono::steady_clock::time_point until);

 private:
  struct Asked {
    std::uint32_t arrival = 0;
    std::uint64_t question = 0;
    bool answered = false;
  };

  Locator(const pcsc::PcscApi& api, std::filesystem::path sysfs, Found found);
  void ask(const std::string& reader, std::uint64_t question);
  void look(const std::string& reader, std::uint64_t question);
  void deliver(const std::string& reader, std::uint64_t question, const pcsc::ReaderPlace& place);
  Asked* open_question(const std::string& reader, std::uint64_t question);

  const pcsc::PcscApi& api_;
  const std::filesystem::path sysfs_;
  const Found found_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Asked> asked_;
  std::uint64_t questions_ = 0;
  std::size_t threads_ = 0;
  std::stop_source stop_;
};

}  // namespace insd::desk
