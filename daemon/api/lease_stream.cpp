// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/lease_stream.h"

#include <memory>

#include <boost/asio/post.hpp>

#include "daemon/api/call.h"
#include "daemon/api/lease_convert.h"
#include "daemon/api/stream_out.h"
#include "drivers/base/error.h"

namespace insd::api {
namespace {

// gRPC keeps the request as long as the stream: unknown fields must not make that much.
constexpr std::size_t kMaxRequestBytes = 1024;

using Reactor = grpc::ServerWriteReactor<v1::WatchLeaseResponse>;

// Lives on the executor; the reactor below only posts to it.
class LeaseWatch : public std::enable_shared_from_this<LeaseWatch> {
 public:
  LeaseWatch(Reactor* reactor, Language language) : language_(language), out_(reactor) {}

  void begin(desk::ProfessionalDesk& professionals, const std::string& token, std::uint32_t uid) {
    if (gone_) return;
    try {
      v1::WatchLeaseResponse response;
      *response.mutable_lease() = to_proto(professionals.lease(token, uid));
      response.mutable_lease()->clear_lease();  // who asks knows it
      out_.write(std::move(response));
    } catch (...) {
      abort(to_status(std::current_exception(), language_));
      return;
    }
    handle_ = professionals.on_end(token, [weak = weak_from_this()](desk::LeaseEnd cause) {
      if (const auto self = weak.lock()) self->tell(cause);
    });
  }
  void written() { out_.written(); }
  void end() {
    gone_ = true;
    handle_.reset();
  }
  void abort(const grpc::Status& status) { out_.abort(status); }

 private:
  void tell(desk::LeaseEnd cause) {
    v1::WatchLeaseResponse response;
    *response.mutable_ended() = to_proto(cause);
    out_.write(std::move(response));
    out_.finish(grpc::Status::OK);
  }

  const Language language_;
  StreamOut<Reactor, v1::WatchLeaseResponse> out_;
  std::shared_ptr<void> handle_;
  bool gone_ = false;
};

class LeaseReactor final : public Reactor {
 public:
  LeaseReactor(Backend& backend, const Caller& caller, const v1::WatchLeaseRequest& request,
               Language language)
      : io_(backend.io), language_(language) {
    try {
      admit(backend, caller, "ProfessionalService/WatchLease", language, {});
      if (request.ByteSizeLong() > kMaxRequestBytes) {
        throw Error(Code::INVALID_ARGUMENT, "the request of a stream is at most 1 KiB");
      }
      place_ = backend.streams.take(caller.uid);
    } catch (...) {
      Finish(to_status(std::current_exception(), language));
      return;
    }
    watch_ = std::make_shared<LeaseWatch>(this, language);
    boost::asio::post(io_, [watch = watch_, &professionals = backend.professionals, token = request.lease(),
                            uid = caller.uid] { watch->begin(professionals, token, uid); });
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
  boost::asio::io_context& io_;
  const Language language_;
  std::shared_ptr<void> place_;
  std::shared_ptr<LeaseWatch> watch_;
};

}  // namespace

Reactor* watch_lease(Backend& backend, const Caller& caller, const grpc::CallbackServerContext* context,
                     const v1::WatchLeaseRequest& request) {
  return new LeaseReactor(backend, caller, request, language_of(*context));
}

}  // namespace insd::api
