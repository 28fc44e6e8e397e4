// SPDX-License-Identifier: Apache-2.0
// The thread that asks one insd-token, and its queue: what the async faces of the child have in common.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/token/child.h"
#include "drivers/base/error.h"

namespace insd::token {

class ChildWorker {
 public:
  explicit ChildWorker(ChildOptions options) : options_(std::move(options)) {}
  ~ChildWorker() { stop(); }
  ChildWorker(const ChildWorker&) = delete;
  ChildWorker& operator=(const ChildWorker&) = delete;

  /// Ends the process; a call under way ends with MODULE_CRASHED. Takes at most the end deadline.
  void stop();
  [[nodiscard]] bool stopped() const;
  /// -1 without a process. Any thread.
  [[nodiscard]] pid_t pid() const;

  /// Does `work(ChildWorker&)` on the worker and resumes the caller where it was. The caller's frame may go
  /// while it runs: `work` owns what it uses. At most 16 wait: BUSY. After stop(): SHUTTING_DOWN.
  template <class Work>
  boost::asio::awaitable<std::invoke_result_t<Work, ChildWorker&>> run(Work work) {
    using Result = std::invoke_result_t<Work, ChildWorker&>;
    enter();
    auto job = [](ChildWorker& self, Work inner) -> boost::asio::awaitable<Result> {
      const std::unique_ptr<std::atomic<int>, void (*)(std::atomic<int>*)> leave(
          &self.waiting_, [](auto* count) { --*count; });
      co_return inner(self);
    };
    co_return co_await boost::asio::co_spawn(worker_, job(*this, std::move(work)),
                                             boost::asio::use_awaitable);
  }

  // The functions below run on the worker only. It alone changes child_, under the mutex, and reads it
  // without.

  /// True when it was started by this call.
  bool require_child();
  wire::Answer ask(wire::Request request, const SecretString* secret = nullptr);
  [[nodiscard]] bool has_child() const { return child_ && child_->usable(); }
  void drop_child();

 private:
  void enter();

  const ChildOptions options_;
  std::atomic<int> waiting_ = 0;
  mutable std::mutex mutex_;
  bool stopping_ = false;
  std::unique_ptr<Child> child_;
  std::uint64_t last_id_ = 0;
  boost::asio::thread_pool worker_{1};
};

}  // namespace insd::token
