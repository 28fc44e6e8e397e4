// SPDX-License-Identifier: Apache-2.0
// The accept loop: kernel-verified callers, caps, and no death by descriptor exhaustion (threats T-SOCK-01).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <grpcpp/resource_quota.h>

#include "daemon/api/backend.h"
#include "daemon/api/connection.h"
#include "daemon/api/socket_path.h"

namespace insd::api {

/// On the executor only.
class Listener {
 public:
  Listener(ListeningSocket socket, Backend& backend);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  void start();

  /// Accepts no more.
  void close();

  /// Ends every connection (calls have until `deadline`), then calls `stopped`.
  void stop(std::chrono::system_clock::time_point deadline, std::function<void()> stopped);

 private:
  void wait();
  void accept_all();
  /// False: nothing more to accept now.
  bool accept_one();
  void out_of_descriptors();
  void serve(Descriptor peer);
  void end(const std::shared_ptr<Connection>& connection, std::chrono::system_clock::time_point deadline);
  void ended(uid_t uid);

  Backend& backend_;
  boost::asio::local::stream_protocol::acceptor acceptor_;
  const std::filesystem::path own_path_;
  boost::asio::steady_timer pause_;
  boost::asio::thread_pool closers_;
  grpc::ResourceQuota quota_;
  Descriptor reserve_;  // given up for a moment when no other descriptor is left
  const std::size_t descriptor_limit_;
  std::set<std::shared_ptr<Connection>> open_;
  std::map<uid_t, std::size_t> per_uid_;  // open and ending
  std::size_t total_ = 0;
  bool refusing_ = false;  // said once in the log, until one is accepted again
  std::function<void()> stopped_;
};

}  // namespace insd::api
