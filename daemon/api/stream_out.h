// SPDX-License-Identifier: Apache-2.0
// The daemon's side of a stream: one write outstanding, the status after the last write, nothing after a
// cancel.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <grpcpp/support/status.h>

namespace insd::api {

/// Used on the executor, but for abort(). The reactor holds it until OnDone, so that a message being written
/// stays.
template <class Reactor, class Message>
class StreamOut {
 public:
  explicit StreamOut(Reactor* reactor) : reactor_(reactor) {}

  [[nodiscard]] bool idle() const { return !writing_ && queue_.empty(); }

  void write(Message message) {
    if (status_) return;
    queue_.push_back(std::move(message));
    pump();
  }

  /// After what has been written.
  void finish(grpc::Status status) {
    if (!status_) status_ = std::move(status);
    pump();
  }

  /// OnWriteDone, posted to the executor.
  void written() {
    writing_ = false;
    pump();
  }

  /// Any thread: ends the call at once. True for the call that did.
  bool abort(const grpc::Status& status) {
    Reactor* reactor = take();
    if (reactor == nullptr) return false;
    reactor->Finish(status);
    return true;
  }

  /// Runs `use(reactor)` unless the call has been finished. Any thread.
  template <class Use>
  void if_open(Use&& use) {
    const std::lock_guard lock(mutex_);
    if (reactor_ != nullptr) use(*reactor_);
  }

 private:
  Reactor* take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(reactor_, nullptr);
  }

  void pump() {
    if (writing_) return;
    if (!queue_.empty()) {
      outgoing_ = std::move(queue_.front());
      queue_.pop_front();
      writing_ = true;
      if_open([this](Reactor& reactor) { reactor.StartWrite(&outgoing_); });
    } else if (status_) {
      abort(*status_);
    }
  }

  std::mutex mutex_;
  Reactor* reactor_;
  bool writing_ = false;
  Message outgoing_;
  std::deque<Message> queue_;
  std::optional<grpc::Status> status_;
};

}  // namespace insd::api
