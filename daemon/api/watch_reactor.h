// SPDX-License-Identifier: Apache-2.0
// A watching stream as a gRPC reactor: admitted, counted among its user's streams, and from then on the work
// of a `Watch` that lives on the executor.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include <boost/asio/post.hpp>
#include <grpcpp/support/server_callback.h>

#include "daemon/api/call.h"
#include "drivers/base/error.h"

namespace insd::api {

/// `Watch` has written(), end() and, for any thread, abort(). Deletes itself when gRPC has done with it.
template <class Response, class Watch>
class WatchReactor final : public grpc::ServerWriteReactor<Response> {
 public:
  using Reactor = grpc::ServerWriteReactor<Response>;
  using Make = std::function<std::shared_ptr<Watch>(Reactor*, Call)>;

  /// `make` is called at once, `begin` on the executor; neither when the call is refused.
  template <class Request>
  WatchReactor(Backend& backend, const Caller& caller, std::string_view method, Language language,
               const Request& request, const Make& make, std::function<void(Watch&)> begin)
      : io_(backend.io), language_(language) {
    Call call;
    try {
      call = admit(backend, caller, method, language, {});
      if (request.ByteSizeLong() > kMaxRequestBytes) {
        throw Error(Code::INVALID_ARGUMENT, "the request of a stream is at most 1 KiB");
      }
      place_ = backend.streams.take(caller.uid);
    } catch (...) {
      this->Finish(to_status(std::current_exception(), language));
      return;
    }
    watch_ = make(this, std::move(call));
    boost::asio::post(io_, [watch = watch_, begin = std::move(begin)] { begin(*watch); });
  }

  void OnWriteDone(bool ok) override {
    boost::asio::post(io_, [watch = watch_, ok] {
      if (ok) {
        watch->written();
      } else {
        watch->end();
      }
    });
  }
  void OnCancel() override {
    if (!watch_) return;
    watch_->abort(to_status(Error(Code::CANCELLED), language_));
    boost::asio::post(io_, [watch = watch_] { watch->end(); });
  }
  void OnDone() override { delete this; }

 private:
  // gRPC keeps the request as long as the stream: unknown fields must not make that much.
  static constexpr std::size_t kMaxRequestBytes = 1024;

  boost::asio::io_context& io_;
  const Language language_;
  std::shared_ptr<void> place_;
  std::shared_ptr<Watch> watch_;
};

}  // namespace insd::api
