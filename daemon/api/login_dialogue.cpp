// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/login_dialogue.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/api/convert.h"
#include "daemon/api/lease_convert.h"
#include "drivers/base/error.h"

namespace insd::api {
namespace asio = boost::asio;

namespace {

// Beside the overloads of this file.
using api::to_proto;

// A caller that opens the stream knows what it wants to ask.
constexpr std::chrono::seconds kFirstStep{30};

v1::PromptKind to_proto(desk::PromptKind kind) {
  switch (kind) {
    case desk::PromptKind::PIN:
      return v1::PROMPT_KIND_PIN;
    case desk::PromptKind::LAST_TRY_CONSENT:
      return v1::PROMPT_KIND_LAST_TRY_CONSENT;
    case desk::PromptKind::PIN_PAD:
      return v1::PROMPT_KIND_PIN_PAD;
  }
  return v1::PROMPT_KIND_UNSPECIFIED;
}

v1::LoginResponse to_proto(const desk::Prompt& prompt, const std::string& caller) {
  v1::LoginResponse response;
  v1::LoginPrompt& proto = *response.mutable_prompt();
  proto.set_prompt_id(prompt.prompt_id);
  proto.set_kind(to_proto(prompt.kind));
  proto.set_card_number(printable(prompt.card_number));
  proto.set_card_serial(printable(prompt.card_serial));
  proto.set_holder(printable(prompt.holder));
  if (prompt.tries_left) proto.set_tries_left(*prompt.tries_left);
  proto.set_caller(caller);
  proto.set_min_length(static_cast<std::uint32_t>(prompt.min_length));
  proto.set_max_length(static_cast<std::uint32_t>(prompt.max_length));
  proto.set_reader(printable(prompt.reader));
  proto.set_reader_alias(prompt.reader_alias);
  proto.set_desk(prompt.desk);
  *proto.mutable_expire_time() = to_proto(prompt.expires);
  return response;
}

}  // namespace

LoginDialogue::LoginDialogue(const asio::any_io_executor& executor, Parts parts, Transport transport,
                             Language language)
    : parts_(std::move(parts)), transport_(std::move(transport)), language_(language), changed_(executor) {}

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
  } catch (const Error& error) {
    // A step that was refused cancelled the question: the refusal is what the caller must hear, unless the
    // card has been asked. Whether a try is gone comes first (PIN law, rule 3).
    if (refused_ && error.try_spent() == TrySpent::NO) throw Error(*refused_);
    throw;
  }
  // Nobody is there to learn the token.
  if (gone_ || refused_) {
    parts_.end(lease->token, desk::LeaseEnd::LOGOUT);
    throw refused_ ? Error(*refused_) : Error(Code::CANCELLED);
  }
  v1::LoginResponse response;
  *response.mutable_lease() = to_proto(*lease);
  transport_.send(std::move(response));
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
  lease_watch_ = parts_.on_end(token, [weak = weak_from_this()](desk::LeaseEnd cause) {
    const auto self = weak.lock();
    if (!self || self->finished_) return;
    self->held_lease_.clear();
    v1::LoginResponse response;
    *response.mutable_ended() = to_proto(cause);
    self->transport_.send(std::move(response));
    self->finish(grpc::Status::OK);
  });
}

asio::awaitable<desk::PromptAnswer> LoginDialogue::ask(const desk::Prompt& prompt) {
  if (gone_ || refused_) co_return desk::Cancelled{};
  open_question_ = prompt;
  answer_.reset();
  transport_.send(to_proto(prompt, parts_.caller()));
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
  stop_.request_stop();
  if (!held_lease_.empty()) {
    // A caller that breaks the dialogue loses the lease it held through it. The status first: the lease's end
    // would make it OK.
    finish(to_status(*refused_, language_));
    parts_.end(std::exchange(held_lease_, {}), desk::LeaseEnd::LOGOUT);
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
