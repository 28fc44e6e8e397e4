// SPDX-License-Identifier: Apache-2.0
// From a gRPC thread to a coroutine on the executor and back. A cancelled call is finished at once; what its
// coroutine still returns is dropped.
#pragma once

#include <exception>
#include <memory>
#include <mutex>
#include <stop_token>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <grpcpp/support/server_callback.h>

#include "daemon/api/call.h"
#include "drivers/base/error.h"

namespace insd::api {

/// A handler owns its request: the caller may be gone before it ends.
template <class Request, class Response>
using UnaryHandler = boost::asio::awaitable<Response> (*)(Backend&, Call, Request);

/// Finishes exactly once; deletes itself when gRPC has done with it.
class UnaryReactor final : public grpc::ServerUnaryReactor {
 public:
  /// What the coroutine keeps: it may outlive the reactor.
  struct Shared {
    std::mutex mutex;
    UnaryReactor* reactor = nullptr;  // until somebody has won the right to finish
    std::stop_source stop;

    UnaryReactor* win() {
      const std::lock_guard lock(mutex);
      return std::exchange(reactor, nullptr);
    }
  };

  UnaryReactor(boost::asio::io_context& io, Language language)
      : io_(io), language_(language), shared_(std::make_shared<Shared>()) {
    shared_->reactor = this;
  }

  [[nodiscard]] const std::shared_ptr<Shared>& shared() const { return shared_; }

  void OnCancel() override {
    // Stop callbacks belong to the executor's thread.
    boost::asio::post(io_, [shared = shared_] { shared->stop.request_stop(); });
    if (auto* self = shared_->win()) self->Finish(to_status(Error(Code::CANCELLED), language_));
  }
  void OnDone() override { delete this; }

 private:
  boost::asio::io_context& io_;
  const Language language_;
  const std::shared_ptr<Shared> shared_;
};

template <class Request, class Response>
grpc::ServerUnaryReactor* unary_call(Backend& backend, const Caller& caller, std::string_view method,
                                     const grpc::CallbackServerContext* context, const Request* request,
                                     Response* response, UnaryHandler<Request, Response> handler) {
  const Language language = language_of(*context);
  auto* reactor = new UnaryReactor(backend.io, language);
  const auto shared = reactor->shared();
  try {
    Call call = admit(backend, caller, method, language, shared->stop.get_token());
    call.until = deadline_of(*context);
    boost::asio::co_spawn(backend.io, handler(backend, std::move(call), *request),
                          [shared, response, language](const std::exception_ptr& failure, Response result) {
                            // The winner alone may touch `response`: gRPC owns it until Finish.
                            auto* winner = shared->win();
                            if (winner == nullptr) return;
                            if (failure) {
                              winner->Finish(to_status(failure, language));
                            } else {
                              *response = std::move(result);
                              winner->Finish(grpc::Status::OK);
                            }
                          });
  } catch (...) {
    if (auto* winner = shared->win()) winner->Finish(to_status(std::current_exception(), language));
  }
  return reactor;
}

}  // namespace insd::api
