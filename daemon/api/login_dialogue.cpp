// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/login_dialogue.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/api/convert.h"
#include "drivers/base/error.h"

namespace insd::api {
namespace asio = boost::asio;

namespace {

// Beside the overloads of this file.
using api::to_proto;

// A caller that opens the stream knows what it wants to ask.
constexpr std::chrono::seconds kFirstStep{30};
constexpr std::size_t kMaxPromptId = 64;

v1::PromptKind to_proto(desk::PromptKind kind) {
  switch (kind) {
    case desk::PromptKind::PIN:
      return v1::PROMPT_KIND_PIN;
    case desk::PromptKind::LAST_TRY_CONSENT:
      return v1::PROMPT_KIND_LAST_TRY_CONSENT;
  }
  return v1::PROMPT_KIND_UNSPECIFIED;
}

v1::LeaseEndCause to_proto(desk::LeaseEnd cause) {
  switch (cause) {
    case desk::LeaseEnd::LOGOUT:
      return v1::LEASE_END_CAUSE_LOGOUT;
    case desk::LeaseEnd::CARD_REMOVED:
      return v1::LEASE_END_CAUSE_CARD_REMOVED;
    case desk::LeaseEnd::CARD_RESET:
      return v1::LEASE_END_CAUSE_CARD_RESET;
    case desk::LeaseEnd::IDLE:
      return v1::LEASE_END_CAUSE_IDLE;
    case desk::LeaseEnd::EXPIRED:
      return v1::LEASE_END_CAUSE_EXPIRED;
    case desk::LeaseEnd::SIGNATURES_USED:
      return v1::LEASE_END_CAUSE_SIGNATURES_USED;
    case desk::LeaseEnd::SHUTDOWN:
      return v1::LEASE_END_CAUSE_SHUTDOWN;
  }
  return v1::LEASE_END_CAUSE_UNSPECIFIED;
}

v1::LoginResponse to_proto(const desk::Prompt& prompt, const std::string& caller) {
  v1::LoginResponse response;
  v1::LoginPrompt& proto = *response.mutable_prompt();
  proto.set_prompt_id(prompt.prompt_id);
  proto.set_kind(to_proto(prompt.kind));
  proto.set_card_number(printable(prompt.card_number));
  proto.set_holder(printable(prompt.holder));
  if (prompt.tries_left) proto.set_tries_left(*prompt.tries_left);
  proto.set_caller(caller);
  proto.set_min_length(static_cast<std::uint32_t>(prompt.min_length));
  proto.set_max_length(static_cast<std::uint32_t>(prompt.max_length));
  proto.set_reader(printable(prompt.reader));
  *proto.mutable_expire_time() = to_proto(prompt.expires);
  return response;
}

v1::LoginResponse to_proto(const desk::LeaseInfo& lease) {
  v1::LoginResponse response;
  v1::Lease& proto = *response.mutable_lease();
  proto.set_lease(lease.token);
  proto.set_card_number(printable(lease.professional.card_number));
  proto.set_holder(printable(lease.professional.holder()));
  proto.set_generation(lease.professional.card.generation);
  *proto.mutable_expire_time() = to_proto(lease.expires);
  proto.set_idle_seconds(static_cast<std::uint32_t>(lease.idle.count()));
  proto.set_detached(lease.detached);
  for (const std::string& warning : lease.warnings) proto.add_warnings(warning);
  return response;
}

LoginStep start_step(const v1::LoginStart& start) {
  StartStep step;
  step.request.card = from_proto(start.card(), "start.card");
  step.request.detached = start.detached();
  step.request.max_signatures = start.max_signatures();
  if (start.purpose_id().size() > 64 || printable(start.purpose_id(), 64) != start.purpose_id()) {
    throw Error(Code::INVALID_ARGUMENT).with_field("start.purpose_id", "must be at most 64 printable bytes");
  }
  step.request.purpose_id = start.purpose_id();
  return step;
}

std::string prompt_id_of(const std::string& id, const std::string& path) {
  if (id.empty() || id.size() > kMaxPromptId) {
    throw Error(Code::INVALID_ARGUMENT).with_field(path, "is not the id of a question");
  }
  return id;
}

// Wipes the message's own copy of the PIN when the step has been taken, or could not be.
class PinWiper {
 public:
  explicit PinWiper(v1::LoginRequest& message) : message_(message) {}
  PinWiper(const PinWiper&) = delete;
  PinWiper& operator=(const PinWiper&) = delete;
  ~PinWiper() {
    if (!message_.has_pin()) return;
    std::string& pin = *message_.mutable_pin()->mutable_pin();
    wipe(pin.data(), pin.size());
    pin.clear();
  }

 private:
  v1::LoginRequest& message_;
};

LoginStep step_of(const v1::LoginRequest& message) {
  switch (message.step_case()) {
    case v1::LoginRequest::kStart:
      return start_step(message.start());
    case v1::LoginRequest::kPin:
      return PinStep{prompt_id_of(message.pin().prompt_id(), "pin.prompt_id"),
                     SecretString(message.pin().pin())};
    case v1::LoginRequest::kConsent:
      return ConsentStep{prompt_id_of(message.consent().prompt_id(), "consent.prompt_id"),
                         message.consent().agreed()};
    case v1::LoginRequest::kCancel:
      return CancelStep{};
    case v1::LoginRequest::STEP_NOT_SET:
      break;
  }
  throw Error(Code::INVALID_ARGUMENT).with_field("step", "is missing");
}

}  // namespace

LoginStep take_step(v1::LoginRequest& message) {
  const PinWiper wiper(message);
  try {
    return step_of(message);
  } catch (const Error& error) {
    return RefusedStep{error};
  }
}

LoginDialogue::LoginDialogue(asio::any_io_executor executor, Parts parts, Transport transport,
                             std::string caller_text, Language language)
    : parts_(std::move(parts)),
      transport_(std::move(transport)),
      caller_text_(std::move(caller_text)),
      language_(language),
      changed_(std::move(executor)) {}

void LoginDialogue::begin() {
  asio::co_spawn(
      changed_.get_executor(), [self = shared_from_this()] { return self->run(); },
      [self = shared_from_this()](const std::exception_ptr& failure) {
        if (failure) self->finish(to_status(failure, self->language_));
      });
}

asio::awaitable<void> LoginDialogue::run() {
  desk::LoginRequest request = co_await first_step();
  std::optional<desk::LeaseInfo> lease;
  try {
    lease = co_await parts_.login(std::move(request), *this, stop_.get_token());
  } catch (...) {
    // A step that was refused cancelled the question: the refusal is what the caller must hear.
    if (refused_) throw Error(*refused_);
    throw;
  }
  // Nobody is there to learn the token.
  if (gone_ || refused_) {
    parts_.end(lease->token, desk::LeaseEnd::LOGOUT);
    throw refused_ ? Error(*refused_) : Error(Code::CANCELLED);
  }
  transport_.send(to_proto(*lease));
  if (lease->detached) {
    finish(grpc::Status::OK);
  } else {
    hold(lease->token);
  }
}

asio::awaitable<desk::LoginRequest> LoginDialogue::first_step() {
  changed_.expires_after(kFirstStep);
  if (!start_ && !gone_ && !refused_) {
    boost::system::error_code ignored;
    co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (refused_) throw Error(*refused_);
  if (gone_) throw Error(Code::CANCELLED);
  if (!start_) throw Error(Code::DEADLINE_EXCEEDED, "no first step came");
  desk::LoginRequest request = std::move(*start_);
  start_.reset();
  co_return request;
}

void LoginDialogue::hold(const std::string& token) {
  held_lease_ = token;
  parts_.on_end(token, [weak = weak_from_this()](desk::LeaseEnd cause) {
    const auto self = weak.lock();
    if (!self) return;
    self->held_lease_.clear();
    v1::LoginResponse response;
    response.mutable_ended()->set_cause(to_proto(cause));
    self->transport_.send(std::move(response));
    self->finish(grpc::Status::OK);
  });
}

asio::awaitable<desk::PromptAnswer> LoginDialogue::ask(const desk::Prompt& prompt) {
  if (gone_ || refused_) co_return desk::Cancelled{};
  open_question_ = prompt;
  answer_.reset();
  transport_.send(to_proto(prompt, caller_text_));
  // The desk ends the wait when the question expires: then this coroutine is cancelled.
  changed_.expires_at(asio::steady_timer::time_point::max());
  boost::system::error_code ignored;
  co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  open_question_.reset();
  if (!answer_) co_return desk::Cancelled{};
  desk::PromptAnswer given = std::move(*answer_);
  answer_.reset();
  co_return given;
}

void LoginDialogue::answer(desk::PromptAnswer answer) {
  open_question_.reset();
  answer_ = std::move(answer);
  changed_.cancel();
}

void LoginDialogue::refuse(Error error) {
  if (finished_ || refused_) return;
  refused_ = std::move(error);
  if (!held_lease_.empty()) {
    // A caller that breaks the dialogue loses the lease it held through it.
    parts_.end(std::exchange(held_lease_, {}), desk::LeaseEnd::LOGOUT);
    finish(to_status(*refused_, language_));
    return;
  }
  answer(desk::Cancelled{});
}

void LoginDialogue::step(LoginStep step) {
  if (finished_ || gone_ || refused_) return;
  if (auto* refused = std::get_if<RefusedStep>(&step)) {
    refuse(std::move(refused->error));
  } else if (auto* start = std::get_if<StartStep>(&step)) {
    if (started_) return refuse(Error(Code::INVALID_ARGUMENT).with_field("start", "comes once, first"));
    started_ = true;
    start_ = std::move(start->request);
    changed_.cancel();
  } else if (std::holds_alternative<CancelStep>(step)) {
    if (!held_lease_.empty()) {
      parts_.end(held_lease_, desk::LeaseEnd::LOGOUT);
    } else if (open_question_) {
      answer(desk::Cancelled{});
    } else {
      refuse(Error(Code::PIN_CANCELLED));
    }
  } else if (auto* pin = std::get_if<PinStep>(&step)) {
    if (!open_question_ || open_question_->kind != desk::PromptKind::PIN ||
        open_question_->prompt_id != pin->prompt_id) {
      return refuse(Error(Code::INVALID_ARGUMENT).with_field("pin", "answers no open question"));
    }
    answer(std::move(pin->pin));
  } else if (auto* consent = std::get_if<ConsentStep>(&step)) {
    if (!open_question_ || open_question_->kind != desk::PromptKind::LAST_TRY_CONSENT ||
        open_question_->prompt_id != consent->prompt_id) {
      return refuse(Error(Code::INVALID_ARGUMENT).with_field("consent", "answers no open question"));
    }
    answer(consent->agreed);
  }
}

void LoginDialogue::caller_gone() {
  if (gone_) return;
  gone_ = true;
  stop_.request_stop();
  if (!held_lease_.empty()) {
    parts_.end(held_lease_, desk::LeaseEnd::LOGOUT);
  } else {
    answer(desk::Cancelled{});
  }
}

void LoginDialogue::finish(const grpc::Status& status) {
  if (std::exchange(finished_, true)) return;
  transport_.finish(status);
}

}  // namespace insd::api
