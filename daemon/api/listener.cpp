// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/listener.h"

#include <cerrno>

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/base/error.h"

namespace insd::api {
namespace asio = boost::asio;

namespace {

constexpr int kAcceptsPerTurn = 64;  // then the others on this thread get their turn
constexpr std::size_t kOtherDescriptors = 64;
constexpr std::size_t kQuotaBytes = 64U << 20U;
constexpr std::size_t kClosers = 2;
constexpr std::chrono::milliseconds kPause{100};

// gRPC aborts when it cannot get a descriptor in the wrong place: leave it room. A connection costs two.
std::size_t connections_that_fit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return SIZE_MAX;
  return limit.rlim_cur <= kOtherDescriptors + 2 ? 1 : (limit.rlim_cur - kOtherDescriptors) / 2;
}

Descriptor open_reserve() {
  return Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

}  // namespace

Listener::Listener(ListeningSocket socket, Backend& backend)
    : backend_(backend),
      acceptor_(backend.io),
      own_path_(std::move(socket.own_path)),
      pause_(backend.io),
      closers_(kClosers),
      quota_("insd"),
      reserve_(open_reserve()),
      descriptor_limit_(connections_that_fit()) {
  quota_.Resize(kQuotaBytes);
  acceptor_.assign(asio::local::stream_protocol(), socket.descriptor.get());
  static_cast<void>(socket.descriptor.release());
  acceptor_.non_blocking(true);
}

Listener::~Listener() {
  closers_.join();
  if (!own_path_.empty()) unlink(own_path_.c_str());
}

void Listener::start() {
  wait();
}

void Listener::wait() {
  acceptor_.async_wait(asio::local::stream_protocol::acceptor::wait_read,
                       [this](const boost::system::error_code& error) {
                         if (!error) accept_all();
                       });
}

void Listener::accept_all() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    if (!accept_one()) return;
  }
  wait();
}

bool Listener::accept_one() {
  Descriptor peer(accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (peer.valid()) {
    serve(std::move(peer));
    return true;
  }
  switch (errno) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      out_of_descriptors();
      return false;
    case EINTR:
    case ECONNABORTED:
      return true;
    default:
      wait();
      return false;  // EAGAIN: all accepted
  }
}

// The waiting peer is let in and closed, so that it hears of it; then a pause, because the cause does not go
// away by trying.
void Listener::out_of_descriptors() {
  spdlog::warn("no file descriptors left: connections are refused for a moment");
  reserve_ = Descriptor();
  { const Descriptor refused(accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC)); }
  reserve_ = open_reserve();
  pause_.expires_after(kPause);
  pause_.async_wait([this](const boost::system::error_code& error) {
    if (!error) accept_all();
  });
}

void Listener::serve(Descriptor peer) {
  const DaemonConfig& limits = backend_.rules.get()->config()->daemon;
  try {
    const uid_t uid = caller_of(peer.get()).uid;
    const auto found = per_uid_.find(uid);
    if (total_ >= limits.max_connections || total_ >= descriptor_limit_ ||
        (found != per_uid_.end() && found->second >= limits.max_connections_per_uid)) {
      if (!refusing_) spdlog::warn("too many connections ({}, uid {}): more are refused", total_, uid);
      refusing_ = true;
      return;
    }
    Connection::Socket socket(backend_.io);
    socket.assign(asio::local::stream_protocol(), peer.get());
    static_cast<void>(peer.release());
    auto connection = std::make_shared<Connection>(std::move(socket), backend_, quota_);
    refusing_ = false;
    open_.insert(connection);
    ++total_;
    ++per_uid_[uid];
    connection->watch_hang_up(
        [this](const std::shared_ptr<Connection>& gone) { end(gone, std::chrono::system_clock::now()); });
  } catch (const std::exception& error) {
    spdlog::warn("a connection was refused: {}", error.what());
  }
}

void Listener::end(const std::shared_ptr<Connection>& connection,
                   std::chrono::system_clock::time_point deadline) {
  if (open_.erase(connection) == 0) return;
  connection->end(closers_, deadline, [this, uid = connection->caller().uid] { ended(uid); });
}

void Listener::ended(uid_t uid) {
  --total_;
  if (--per_uid_[uid] == 0) per_uid_.erase(uid);
  if (total_ == 0 && stopped_) std::exchange(stopped_, nullptr)();
}

void Listener::close() {
  acceptor_.close();
  pause_.cancel();
}

void Listener::stop(std::chrono::system_clock::time_point deadline, std::function<void()> stopped) {
  stopped_ = std::move(stopped);
  const auto all = open_;
  for (const auto& connection : all) end(connection, deadline);
  if (total_ == 0 && stopped_) std::exchange(stopped_, nullptr)();
}

}  // namespace insd::api
