// SPDX-License-Identifier: Apache-2.0
#include "daemon/token/child_worker.h"

#include <boost/asio/post.hpp>

namespace insd::token {
namespace {
constexpr int kMaxWaiting = 16;
}

void ChildWorker::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopping_, true)) return;
    // An idle child ends politely below; one in the middle of a call cannot be asked to.
    if (waiting_ > 0 && child_) child_->kill();
  }
  // On the worker: the child would be killed with the thread that started it before it could log out.
  boost::asio::post(worker_, [this] { drop_child(); });
  worker_.join();
}

bool ChildWorker::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

pid_t ChildWorker::pid() const {
  const std::lock_guard lock(mutex_);
  return child_ ? child_->pid() : -1;
}

void ChildWorker::enter() {
  if (stopped()) throw Error(Code::SHUTTING_DOWN);
  if (waiting_.fetch_add(1) >= kMaxWaiting) {
    --waiting_;
    throw Error(Code::BUSY, "too many calls wait for the module");
  }
}

bool ChildWorker::require_child() {
  if (has_child()) return false;
  drop_child();
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) throw Error(Code::SHUTTING_DOWN);
    child_ = std::make_unique<Child>(options_);
  }
  child_->wait_until_ready();
  return true;
}

wire::Answer ChildWorker::ask(wire::Request request, const SecretString* secret) {
  require_child();
  request.set_id(++last_id_);
  return child_->ask(request, secret);
}

void ChildWorker::drop_child() {
  std::unique_ptr<Child> ending;  // ends outside of the lock
  {
    const std::lock_guard lock(mutex_);
    ending.swap(child_);
  }
}

}  // namespace insd::token
