// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/watchers.h"

#include <algorithm>
#include <stdexcept>

#include <grpcpp/grpcpp.h>

namespace insd::bench {
namespace {

constexpr std::chrono::seconds kPatience{20};
constexpr std::size_t kStreamsOnAConnection = 25;

}  // namespace

void Round::reset() {
  const std::lock_guard lock(mutex_);
  std::fill(times_.begin(), times_.end(), std::nullopt);
  missing_ = times_.size();
}

void Round::heard(std::size_t hearer) {
  const auto now = Steady::now();
  const std::lock_guard lock(mutex_);
  if (times_.at(hearer)) return;
  times_[hearer] = now;
  if (--missing_ == 0) changed_.notify_all();
}

std::vector<Steady::time_point> Round::wait() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kPatience, [this] { return missing_ == 0; })) {
    throw std::runtime_error(std::to_string(missing_) + " have not heard of the change");
  }
  std::vector<Steady::time_point> times;
  for (const auto& time : times_) times.push_back(*time);
  return times;
}

Watcher::Watcher(v1::ReaderService::Stub& stub, Hear hear) : hear_(std::move(hear)) {
  static const v1::WatchReadersRequest everything;
  stub.async()->WatchReaders(&context_, &everything, this);
  StartRead(&message_);
  StartCall();
}

Watcher::~Watcher() {
  context_.TryCancel();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return done_; });
}

void Watcher::OnReadDone(bool ok) {
  if (!ok) return;
  hear_(message_);
  if (message_.has_snapshot_end()) {
    const std::lock_guard lock(mutex_);
    snapshot_ = true;
    changed_.notify_all();
  }
  StartRead(&message_);
}

void Watcher::OnDone(const grpc::Status& /*status*/) {
  const std::lock_guard lock(mutex_);
  done_ = true;
  changed_.notify_all();
}

void Watcher::await_snapshot() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kPatience, [this] { return snapshot_ || done_; }) || done_) {
    throw std::runtime_error("a watcher got no snapshot");
  }
}

Watchers::Watchers(const std::string& socket, std::size_t count,
                   const std::function<void(std::size_t, const v1::WatchReadersResponse&)>& hear) {
  for (std::size_t i = 0; i < count; ++i) {
    if (i % kStreamsOnAConnection == 0) {
      grpc::ChannelArguments own;
      own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
      stubs_.push_back(v1::ReaderService::NewStub(
          grpc::CreateCustomChannel("unix:" + socket, grpc::InsecureChannelCredentials(), own)));
    }
    watchers_.push_back(std::make_unique<Watcher>(
        *stubs_.back(), [hear, i](const v1::WatchReadersResponse& message) { hear(i, message); }));
  }
  for (const auto& watcher : watchers_) watcher->await_snapshot();
}

RawWaiter::RawWaiter(std::string reader, std::function<void(bool)> hear)
    : reader_(std::move(reader)), hear_(std::move(hear)) {
  if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &context_) != SCARD_S_SUCCESS) {
    throw std::runtime_error("pcscd gives no context");
  }
  thread_ = std::thread([this] { run(); });
}

RawWaiter::~RawWaiter() {
  ended_ = true;
  SCardCancel(context_);  // one that comes too early is lost: the wait below has an end of its own
  thread_.join();
  SCardReleaseContext(context_);
}

void RawWaiter::run() {
  constexpr DWORD kLongest = 2000;
  SCARD_READERSTATE state{};
  state.szReader = reader_.c_str();
  std::optional<bool> last;
  while (!ended_) {
    const LONG result = SCardGetStatusChange(context_, kLongest, &state, 1);
    if (result == SCARD_E_TIMEOUT) continue;
    if (result != SCARD_S_SUCCESS) return;
    const bool present = (state.dwEventState & SCARD_STATE_PRESENT) != 0;
    if (last && *last != present) hear_(present);
    last = present;
    state.dwCurrentState = state.dwEventState & ~DWORD{SCARD_STATE_CHANGED};
  }
}

double percentile(std::vector<double>& values, double part) {
  std::ranges::sort(values);
  return values.at(static_cast<std::size_t>(part * static_cast<double>(values.size() - 1)));
}

}  // namespace insd::bench
