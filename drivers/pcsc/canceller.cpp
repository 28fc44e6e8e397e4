// SPDX-License-Identifier: Apache-2.0
#include "drivers/pcsc/canceller.h"

#include <chrono>
#include <utility>

namespace insd::pcsc {
namespace {

constexpr std::chrono::milliseconds kInterval{20};

}  // namespace

void Bell::ring() {
  {
    const std::lock_guard lock(mutex_);
    rung_ = true;
  }
  changed_.notify_all();
}

Canceller::Canceller(const Context& context, std::stop_token stop, Bell& bell)
    : context_(context), stop_(std::move(stop)), bell_(bell), thread_([this] { run(); }) {}

Canceller::~Canceller() {
  {
    const std::lock_guard lock(bell_.mutex_);
    ended_ = true;
  }
  bell_.changed_.notify_all();
  thread_.join();
}

bool Canceller::answer_bell() {
  const std::lock_guard lock(bell_.mutex_);
  return std::exchange(bell_.rung_, false);
}

void Canceller::run() {
  std::unique_lock lock(bell_.mutex_);
  while (!ended_) {
    bell_.changed_.wait(lock, stop_, [this] { return ended_ || bell_.rung_; });
    while (!ended_ && wanted()) {
      lock.unlock();
      context_.cancel();
      lock.lock();
      bell_.changed_.wait_for(lock, kInterval, [this] { return ended_; });
    }
  }
}

}  // namespace insd::pcsc
