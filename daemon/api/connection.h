// SPDX-License-Identifier: Apache-2.0
// One client connection: its verified caller and a small grpc::Server of its own (design: local API).
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/thread_pool.hpp>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>

#include "daemon/api/backend.h"
#include "daemon/api/caller.h"

namespace insd::api {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Socket = boost::asio::local::stream_protocol::socket;
  using Gone = std::function<void(const std::shared_ptr<Connection>&)>;

  /// Starts to serve. Throws PERMISSION_DENIED when the kernel does not tell who is calling, INTERNAL when no
  /// descriptor is left.
  Connection(Socket socket, Backend& backend, grpc::ResourceQuota& quota);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] const Caller& caller() const { return caller_; }

  /// Calls `gone` once on the executor when the peer has hung up.
  void watch_hang_up(Gone gone);

  /// Ends the server on `pool`, because that blocks, then calls `ended` on the executor. Calls that are still
  /// open at `deadline` are cancelled.
  void end(boost::asio::thread_pool& pool, std::chrono::system_clock::time_point deadline,
           std::function<void()> ended);

 private:
  Socket socket_;  // the kept descriptor tells when the peer is gone; gRPC has one of its own
  const Caller caller_;
  boost::asio::io_context& io_;
  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::unique_ptr<grpc::Server> server_;  // after the services: it ends first
};

}  // namespace insd::api
