// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/connection.h"

#include <cerrno>
#include <cstring>

#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>
#include <unistd.h>

#include "daemon/api/maintenance_service.h"
#include "daemon/api/services.h"
#include "drivers/base/error.h"

namespace insd::api {
namespace {

constexpr int kMaxMessageBytes = 256 * 1024;
constexpr int kMaxMetadataBytes = 8 * 1024;
constexpr int kMaxStreams = 32;
// A peer that says nothing, not even its HTTP/2 preface, has no other limit (platform fact).
constexpr int kMaxIdleMs = 5 * 60 * 1000;

std::unique_ptr<grpc::Server> build_server(const std::vector<std::unique_ptr<grpc::Service>>& services,
                                           grpc::ResourceQuota& quota) {
  grpc::ServerBuilder builder;
  builder.SetResourceQuota(quota);
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreams);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kMaxIdleMs);
  for (const auto& service : services) builder.RegisterService(service.get());
  auto server = builder.BuildAndStart();
  if (server == nullptr) throw Error(Code::INTERNAL, "the connection's server does not start");
  if (auto* health = server->GetHealthCheckService()) {
    for (const std::string& name : served_services()) health->SetServingStatus(name, true);
  }
  return server;
}

}  // namespace

Connection::Connection(Socket socket, Backend& backend, grpc::ResourceQuota& quota)
    : socket_(std::move(socket)), caller_(caller_of(socket_.native_handle())), io_(backend.io) {
  for (const auto& make : {make_reader_service, make_professional_service, make_vitale_service,
                           make_insi_service, make_identity_service, make_journal_service,
                           make_maintenance_service, make_render_service, make_system_service}) {
    services_.push_back(make(backend, caller_));
  }
  server_ = build_server(services_, quota);
  socket_.native_non_blocking(true);  // belongs to the open file, so to gRPC's descriptor too
  const int for_grpc = fcntl(socket_.native_handle(), F_DUPFD_CLOEXEC, 0);
  if (for_grpc < 0)
    throw Error(Code::INTERNAL, std::string("no descriptor for a connection: ") + strerror(errno));
  grpc::AddInsecureChannelFromFd(server_.get(), for_grpc);
}

Connection::~Connection() = default;

void Connection::watch_hang_up(Gone gone) {
  socket_.async_wait(Socket::wait_error, [weak = weak_from_this(), gone = std::move(gone)](auto) {
    if (const auto self = weak.lock()) gone(self);
  });
}

void Connection::end(boost::asio::thread_pool& pool, std::chrono::system_clock::time_point deadline,
                     std::function<void()> ended) {
  boost::asio::post(pool, [self = shared_from_this(), deadline, ended = std::move(ended)]() mutable {
    self->server_->Shutdown(deadline);
    self->server_.reset();
    self->services_.clear();
    auto& io = self->io_;
    // Moved, not copied: the last reference must not die on this thread.
    boost::asio::post(io, [self = std::move(self), ended = std::move(ended)]() mutable {
      self.reset();  // closes the kept descriptor here, where it is watched
      ended();
    });
  });
}

}  // namespace insd::api
