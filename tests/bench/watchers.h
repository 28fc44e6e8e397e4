// SPDX-License-Identifier: Apache-2.0
// Clients of WatchReaders and a raw libpcsclite program beside them: each notes when it hears of a change.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <winscard.h>

#include "insd/v1/reader_service.grpc.pb.h"

namespace insd::bench {

using Steady = std::chrono::steady_clock;

/// What everybody has heard of since the last reset(): one change, one time each.
class Round {
 public:
  explicit Round(std::size_t hearers) : times_(hearers) {}

  void reset();
  /// The first time counts.
  void heard(std::size_t hearer);
  /// All times; throws when somebody has heard nothing after 20 s.
  std::vector<Steady::time_point> wait();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::optional<Steady::time_point>> times_;
  std::size_t missing_ = 0;
};

/// One open WatchReaders stream. `hear` is called for each message, on a thread of gRPC's.
class Watcher final : public grpc::ClientReadReactor<v1::WatchReadersResponse> {
 public:
  using Hear = std::function<void(const v1::WatchReadersResponse&)>;

  Watcher(v1::ReaderService::Stub& stub, Hear hear);
  ~Watcher() override;
  void OnReadDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;
  /// Until the end of the snapshot; throws after 20 s.
  void await_snapshot();

 private:
  const Hear hear_;
  grpc::ClientContext context_;
  v1::WatchReadersResponse message_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool snapshot_ = false;
  bool done_ = false;
};

/// `count` streams, 25 on a connection.
class Watchers {
 public:
  Watchers(const std::string& socket, std::size_t count,
           const std::function<void(std::size_t watcher, const v1::WatchReadersResponse&)>& hear);

 private:
  std::vector<std::unique_ptr<v1::ReaderService::Stub>> stubs_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
};

/// A thread in SCardGetStatusChange on one reader: the earliest that a program can know. `hear` is called
/// when a card has come or gone.
class RawWaiter {
 public:
  RawWaiter(std::string reader, std::function<void(bool present)> hear);
  ~RawWaiter();
  RawWaiter(const RawWaiter&) = delete;
  RawWaiter& operator=(const RawWaiter&) = delete;

 private:
  void run();

  const std::string reader_;
  const std::function<void(bool)> hear_;
  SCARDCONTEXT context_ = 0;
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

/// Sorts.
double percentile(std::vector<double>& values, double part);

}  // namespace insd::bench
