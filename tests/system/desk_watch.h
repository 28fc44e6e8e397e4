// SPDX-License-Identifier: Apache-2.0
// The picture of the desk that a watching application has: WatchReaders on a thread of its own.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/system/desk_client.h"

namespace insd::test {

class DeskWatch {
 public:
  struct Picture {
    bool complete = false;  ///< the snapshot is over
    v1::PcscStatus pcsc;
    std::map<std::string, v1::Reader> readers;  ///< by name
    std::vector<v1::PcscEvent> events;          ///< all that were told, in their order
    std::size_t times_away = 0;                 ///< how often the service was seen to go
    bool ended = false;                         ///< the stream is over
  };

  explicit DeskWatch(v1::ReaderService::Stub& stub);
  ~DeskWatch();
  DeskWatch(const DeskWatch&) = delete;
  DeskWatch& operator=(const DeskWatch&) = delete;

  /// The first picture from now on that `wanted` accepts; nothing after `patience`.
  std::optional<Picture> wait_for(const std::function<bool(const Picture&)>& wanted,
                                  std::chrono::seconds patience = std::chrono::seconds(60));
  [[nodiscard]] Picture now();

 private:
  void take(const v1::WatchReadersResponse& message);

  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchReadersResponse>> stream_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Picture picture_;
  std::thread thread_;
};

/// For wait_for(): the reader is in this state.
std::function<bool(const DeskWatch::Picture&)> reader_is(std::string reader, v1::ReaderState state);

/// For wait_for(): the service answers and the reader holds a card of this kind, under another generation
/// than `not_this`.
std::function<bool(const DeskWatch::Picture&)> card_is(std::string reader, v1::CardKind kind,
                                                       std::string not_this = {});

}  // namespace insd::test
