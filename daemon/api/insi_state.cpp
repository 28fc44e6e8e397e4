// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/insi_state.h"

#include <memory>
#include <utility>

#include "daemon/api/convert.h"
#include "daemon/api/stream_out.h"
#include "daemon/api/watch_reactor.h"

namespace insd::api {
namespace {

using Reactor = grpc::ServerWriteReactor<v1::WatchInsiStateResponse>;

v1::InsiAvailability to_proto(InsiAvailability availability) {
  switch (availability) {
    case InsiAvailability::UNKNOWN:
      return v1::INSI_AVAILABILITY_UNSPECIFIED;
    case InsiAvailability::AVAILABLE:
      return v1::INSI_AVAILABILITY_AVAILABLE;
    case InsiAvailability::DEGRADED:
      return v1::INSI_AVAILABILITY_DEGRADED;
    case InsiAvailability::DOWN:
      return v1::INSI_AVAILABILITY_DOWN;
  }
  return v1::INSI_AVAILABILITY_UNSPECIFIED;
}

// Lives on the executor; its reactor only posts to it. Of what a slow client was not told the newest is kept.
class Watch : public std::enable_shared_from_this<Watch> {
 public:
  Watch(Reactor* reactor, Backend& backend, Call call)
      : rules_(backend.rules), monitor_(backend.monitor), call_(std::move(call)), out_(reactor) {}

  void begin() {
    if (ended_) return;
    auto handle = monitor_.watch([weak = weak_from_this()](const InsiState& state) {
      const auto self = weak.lock();
      if (self && !self->ended_) self->changed(state);
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
  void changed(const InsiState& state) {
    // The rules of the moment, not those under which the stream began.
    const auto rules = rules_.get();
    if (rules->policy().decide(call_.caller, call_.method) != Verdict::ALLOWED) {
      abort(to_status(Error(Code::PERMISSION_DENIED), call_.language));
      return end();
    }
    if (waiting_) ++missed_;
    waiting_ = api::to_proto(state, rules->config()->insi.environment, call_.language);
    write_next();
  }
  void write_next() {
    if (!waiting_ || !out_.idle()) return;
    v1::WatchInsiStateResponse message;
    *message.mutable_state() = std::move(*std::exchange(waiting_, std::nullopt));
    message.set_sequence(++sequence_);
    message.set_missed_count(missed_);
    out_.write(std::move(message));
  }

  const CurrentRules& rules_;
  InsiMonitor& monitor_;
  const Call call_;
  StreamOut<Reactor, v1::WatchInsiStateResponse> out_;
  std::optional<v1::InsiState> waiting_;
  std::uint64_t sequence_ = 0;
  std::uint64_t missed_ = 0;
  std::shared_ptr<void> handle_;
  bool ended_ = false;
};

}  // namespace

v1::InsiState to_proto(const InsiState& state, InsiEnvironment environment, Language language) {
  v1::InsiState proto;
  proto.set_availability(to_proto(state.availability));
  if (state.since) *proto.mutable_since_time() = to_proto(*state.since);
  proto.set_environment(to_proto(environment));
  if (state.last_answer) *proto.mutable_last_answer_time() = to_proto(*state.last_answer);
  if (state.code) {
    const CatalogueEntry& entry = catalogue_entry(*state.code);
    proto.set_code(std::string(entry.name));
    proto.set_summary(std::string(summary(entry, language)));
    proto.set_remedy(std::string(remedy(entry, language)));
  }
  if (state.clock_skew) proto.mutable_clock_skew()->set_seconds(state.clock_skew->count());
  if (state.fault) put_insi_fault(*state.fault, *proto.mutable_insi_fault());
  return proto;
}

boost::asio::awaitable<v1::GetInsiStateResponse> get_insi_state(Backend& backend, Call call,
                                                                v1::GetInsiStateRequest /*request*/) {
  v1::GetInsiStateResponse response;
  *response.mutable_state() =
      to_proto(backend.monitor.state(), call.rules->config()->insi.environment, call.language);
  co_return response;
}

Reactor* watch_insi_state(Backend& backend, const Caller& caller, const grpc::CallbackServerContext* context,
                          const v1::WatchInsiStateRequest& request) {
  return new WatchReactor<v1::WatchInsiStateResponse, Watch>(
      backend, caller, "InsiService/WatchInsiState", language_of(*context), request,
      [&backend](Reactor* reactor, Call call) {
        return std::make_shared<Watch>(reactor, backend, std::move(call));
      },
      [](Watch& watch) { watch.begin(); });
}

}  // namespace insd::api
