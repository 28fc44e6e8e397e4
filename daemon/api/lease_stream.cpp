// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/lease_stream.h"

#include <memory>

#include "daemon/api/lease_convert.h"
#include "daemon/api/stream_out.h"
#include "daemon/api/watch_reactor.h"

namespace insd::api {
namespace {

using Reactor = grpc::ServerWriteReactor<v1::WatchLeaseResponse>;

// Lives on the executor; its reactor only posts to it.
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

}  // namespace

Reactor* watch_lease(Backend& backend, const Caller& caller, const grpc::CallbackServerContext* context,
                     const v1::WatchLeaseRequest& request) {
  const Language language = language_of(*context);
  return new WatchReactor<v1::WatchLeaseResponse, LeaseWatch>(
      backend, caller, "ProfessionalService/WatchLease", language, request,
      [language](Reactor* reactor, const Call& /*call*/) {
        return std::make_shared<LeaseWatch>(reactor, language);
      },
      [&professionals = backend.professionals, token = request.lease(), uid = caller.uid](LeaseWatch& watch) {
        watch.begin(professionals, token, uid);
      });
}

}  // namespace insd::api
