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

using Reactor = grpc::ServerWriteReactor<v1::WatchReadersResponse>;

// Lives on the executor; the reactor below only posts to it.
class Watch : public std::enable_shared_from_this<Watch> {
 public:
  Watch(Reactor* reactor, desk::ReaderFilter allowed, Language language)
      : slots_(std::move(allowed), language), out_(reactor) {}

  void begin(desk::Desk& desk) {
    if (ended_) return;
    handle_ = desk.watch([weak = weak_from_this()](const std::shared_ptr<const desk::State>& state) {
      const auto self = weak.lock();
      if (!self || self->ended_) return;
      self->slots_.update(*state);
      self->write_next();
    });
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

  WatchSlots slots_;
  StreamOut<Reactor, v1::WatchReadersResponse> out_;
  std::shared_ptr<void> handle_;
  bool ended_ = false;
};

class WatchReactor final : public Reactor {
 public:
  WatchReactor(Backend& backend, const Caller& caller, Language language)
      : io_(backend.io), language_(language) {
    Call call;
    try {
      call = admit(backend, caller, "ReaderService/WatchReaders", language, {});
    } catch (...) {
      Finish(to_status(std::current_exception(), language));
      return;
    }
    watch_ = std::make_shared<Watch>(this, reader_filter(backend, call), language);
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
  std::shared_ptr<Watch> watch_;
};

}  // namespace

Reactor* watch_readers(Backend& backend, const Caller& caller, const grpc::CallbackServerContext* context) {
  return new WatchReactor(backend, caller, language_of(*context));
}

}  // namespace insd::api
