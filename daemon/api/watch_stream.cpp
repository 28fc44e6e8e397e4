// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/watch_stream.h"

#include <memory>
#include <utility>

#include "daemon/api/stream_out.h"
#include "daemon/api/watch_reactor.h"
#include "daemon/api/watch_slots.h"

namespace insd::api {
namespace {

using Reactor = grpc::ServerWriteReactor<v1::WatchReadersResponse>;

// Lives on the executor; its reactor only posts to it.
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

}  // namespace

Reactor* watch_readers(Backend& backend, const Caller& caller, const grpc::CallbackServerContext* context,
                       const v1::WatchReadersRequest& request) {
  return new WatchReactor<v1::WatchReadersResponse, Watch>(
      backend, caller, "ReaderService/WatchReaders", language_of(*context), request,
      [&backend](Reactor* reactor, Call call) {
        return std::make_shared<Watch>(reactor, backend, std::move(call));
      },
      [&desk = backend.desk](Watch& watch) { watch.begin(desk); });
}

}  // namespace insd::api
