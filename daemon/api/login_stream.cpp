// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/login_stream.h"

#include <memory>

#include <boost/asio/post.hpp>

#include "daemon/api/call.h"
#include "daemon/api/login_dialogue.h"
#include "daemon/api/stream_out.h"
#include "drivers/base/error.h"

namespace insd::api {
namespace {

using Reactor = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;
using Out = StreamOut<Reactor, grpc::ByteBuffer>;

grpc::ByteBuffer to_bytes(const v1::LoginResponse& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return {&slice, 1};
}

// Longer than files and caches take; a person who is asked for a PIN sees the number then.
constexpr std::chrono::milliseconds kNamePatience{500};

// "jeanne, kiosk.service (4711)": for display.
std::string caller_text(const Caller& caller, const UserName& name) {
  std::string text = name.text();
  if (!caller.unit.empty()) text += ", " + caller.unit;
  return text + " (" + std::to_string(caller.pid) + ")";
}

// Somebody was asked, and nothing that a card could judge came back.
bool annoys(Code code) {
  return code == Code::PIN_PROMPT_EXPIRED || code == Code::PIN_CANCELLED || code == Code::PIN_MALFORMED ||
         code == Code::PIN_CONSENT_REQUIRED;
}

boost::asio::awaitable<desk::LeaseInfo> counted_login(Backend& backend, desk::LoginRequest request,
                                                      desk::Owner owner, desk::ReaderFilter allowed,
                                                      std::shared_ptr<const UserName> name,
                                                      desk::Asker& asker, std::stop_token stop) {
  backend.prompts.check(owner.uid);
  co_await wait_for(std::move(name), kNamePatience);
  try {
    desk::LeaseInfo lease =
        co_await backend.professionals.login(std::move(request), owner, allowed, asker, std::move(stop));
    backend.prompts.answered(owner.uid);
    co_return lease;
  } catch (const Error& error) {
    if (annoys(error.code())) backend.prompts.unanswered(owner.uid);
    throw;
  }
}

LoginDialogue::Parts parts_for(Backend& backend, const Call& call) {
  const auto name = backend.names.look_up(call.caller.uid);
  LoginDialogue::Parts parts;
  parts.caller = [caller = call.caller, name] { return caller_text(caller, *name); };
  parts.login = [&backend, owner = call.owner(), allowed = reader_filter(backend, call), name](
                    desk::LoginRequest request, desk::Asker& asker, std::stop_token stop) {
    return counted_login(backend, std::move(request), owner, allowed, name, asker, std::move(stop));
  };
  parts.end = [&professionals = backend.professionals](const std::string& token, desk::LeaseEnd cause) {
    professionals.end(token, cause);
  };
  parts.on_end = [&professionals = backend.professionals](const std::string& token,
                                                          std::function<void(desk::LeaseEnd)> ended) {
    return professionals.on_end(token, std::move(ended));
  };
  return parts;
}

class LoginReactor final : public Reactor {
 public:
  LoginReactor(Backend& backend, const Caller& caller, Language language)
      : io_(backend.io), language_(language) {
    Call call;
    try {
      call = admit(backend, caller, "ProfessionalService/Login", language, {});
      place_ = backend.streams.take(caller.uid);
    } catch (...) {
      Finish(to_status(std::current_exception(), language));
      return;
    }
    out_ = std::make_shared<Out>(this);
    LoginDialogue::Transport transport;
    transport.send = [out = out_](const v1::LoginResponse& message) { out->write(to_bytes(message)); };
    transport.finish = [out = out_](grpc::Status status) {
      if (status.ok()) {
        out->finish(std::move(status));
      } else {
        // Not behind a message that a caller who does not read leaves unwritten.
        out->abort(status);
      }
    };
    dialogue_ = std::make_shared<LoginDialogue>(io_.get_executor(), parts_for(backend, call),
                                                std::move(transport), language);
    boost::asio::post(io_, [dialogue = dialogue_] { dialogue->begin(); });
    StartRead(&incoming_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      boost::asio::post(io_, [dialogue = dialogue_] { dialogue->caller_gone(); });
      return;
    }
    auto step = std::make_shared<LoginStep>(take_step(incoming_));
    wipe_dead_stack();
    // Read on only when the step has been taken: a caller that writes without end waits. An open `out` means
    // that this reactor lives.
    boost::asio::post(io_, [this, dialogue = dialogue_, out = out_, step] {
      dialogue->step(std::move(*step));
      if (dialogue->listens()) out->if_open([this](Reactor&) { StartRead(&incoming_); });
    });
  }
  void OnWriteDone(bool /*ok*/) override {
    // A write that failed is followed by OnCancel.
    boost::asio::post(io_, [out = out_] { out->written(); });
  }
  void OnCancel() override {
    if (!out_) return;
    out_->abort(to_status(Error(Code::CANCELLED), language_));
    boost::asio::post(io_, [dialogue = dialogue_] { dialogue->caller_gone(); });
  }
  void OnDone() override { delete this; }

 private:
  boost::asio::io_context& io_;
  const Language language_;
  std::shared_ptr<void> place_;
  grpc::ByteBuffer incoming_;
  std::shared_ptr<Out> out_;
  std::shared_ptr<LoginDialogue> dialogue_;
};

}  // namespace

Reactor* login_stream(Backend& backend, const Caller& caller, const grpc::CallbackServerContext* context) {
  return new LoginReactor(backend, caller, language_of(*context));
}

}  // namespace insd::api
