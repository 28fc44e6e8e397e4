// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/watch_stream.h"

#include <memory>

#include <boost/asio/post.hpp>

#include "daemon/api/call.h"
#include "daemon/api/stream_out.h"
#include "daemon/api/watch_slots.h"
#include "drivers/base/error.h"

namespace insd::api {
namespace {

// gRPC keeps the request as long as the stream: unknown fields must not make that much.
constexpr std::size_t kMaxRequestBytes = 1024;

using Reactor = grpc::ServerWriteReactor<v1::WatchReadersResponse>;

// Lives on the executor; the reactor below only posts to it.
class Watch : public std::enable_shared_from_this<Watch> {
 public:
  Watch(Reactor* reactor, const Backend& backend, Call call)
      : rules_(backend.rules),
        call_(std::move(call)),
        slots_(reader_filter(backend, call_), call_.language),
        out_(reactor) {}

  void begin(desk::Desk& desk) {
    if (ended_) return;
    auto handle = desk.watch([weak = weak_from_this()](const std::shared_ptr<const desk::State>& state) {
      const auto self = weak.lock();
      if (!self || self->ended_) return;
      // The rules of the moment, not those under which the stream began.
      if (self->rules_.get()->policy().decide(self->call_.caller, self->call_.method) != Verdict::ALLOWED) {
        self->abort(to_status(Error(Code::PERMISSION_DENIED), self->call_.language));
        return self->end();
      }
      self->slots_.update(*state);
      self->write_next();
    });
    if (!ended_) handle_ = std::move(handle);
  }
  void written() {
    out_.written();
    write_next();
  }
  void end() {
    ended_ = true;
    handle_.reset();
  }
  void abort(const grpc::Status& status) { out_.abort(status); }

 private:
  void write_next() {
    if (!out_.idle()) return;
    if (auto message = slots_.next()) out_.write(std::move(*message));
  }

  const CurrentRules& rules_;
  const Call call_;
  WatchSlots slots_;
  StreamOut<Reactor, v1::WatchReadersResponse> out_;
  std::shared_ptr<void> handle_;
  bool ended_ = false;
};

class WatchReactor final : public Reactor {
 public:
  WatchReactor(Backend& backend, const Caller& caller, const v1::WatchReadersRequest& request,
               Language language)
      : io_(backend.io), language_(language) {
    Call call;
    try {
      call = admit(backend, caller, "ReaderService/WatchReaders", language, {});
      if (request.ByteSizeLong() > kMaxRequestBytes) {
        throw Error(Code::INVALID_ARGUMENT, "the request of a stream is at most 1 KiB");
      }
      place_ = backend.streams.take(caller.uid);
    } catch (...) {
      Finish(to_status(std::current_exception(), language));
      return;
    }
    watch_ = std::make_shared<Watch>(this, backend, std::move(call));
    boost::asio::post(io_, [watch = watch_, &desk = backend.desk] { watch->begin(desk); });
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
  std::shared_ptr<Watch> watch_;
};

}  // namespace

Reactor* watch_readers(Backend& backend, const Caller& caller, const grpc::CallbackServerContext* context,
                       const v1::WatchReadersRequest& request) {
  return new WatchReactor(backend, caller, request, language_of(*context));
}

}  // namespace insd::api
