// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/login_dialogue.h"

#include <ostream>

#include "clients/cli/commands.h"
#include "clients/cli/pin.h"
#include "clients/cli/render.h"
#include "clients/cli/text.h"

namespace insd::cli {
namespace {

// Consent, PIN, and room for a question that expired: a daemon that asks more often is not ours.
constexpr int kMostQuestions = 4;
// The daemon's own prompt time-out is minutes; a detached login has no reason to outlast this.
constexpr std::chrono::minutes kDetachedDialogue{15};

}  // namespace

std::string tries_in_words(Language language, int tries_left) {
  if (tries_left <= 0) return say(language, Word::PIN_BLOCKED);
  if (tries_left == 1) return say(language, Word::TRIES_LEFT_ONE);
  return say(language, Word::TRIES_LEFT_MANY, {std::to_string(tries_left)});
}

Login::Login(Session& session, const std::string& reader, LoginForm form) : session_(session), form_(form) {
  session.client.prepare(context_);
  if (form == LoginForm::DETACHED)
    context_.set_deadline(std::chrono::system_clock::now() + kDetachedDialogue);
  stream_ = session.client.professional_stub().Login(&context_);
  try {
    run(reader);
  } catch (...) {
    abandon();
    throw;
  }
}

Login::~Login() {
  if (!open_) return;
  try {
    v1::LogoutRequest request;
    request.set_lease(lease_.lease());
    session_.client.logout(request);
  } catch (const std::exception&) {
    // The end of the stream ends the lease as well.
  }
  abandon();
}

void Login::abandon() noexcept {
  if (!open_) return;
  open_ = false;
  context_.TryCancel();
  v1::LoginResponse ignored;
  while (stream_->Read(&ignored)) {
  }
  stream_->Finish();
}

void Login::fail() {
  open_ = false;
  const grpc::Status status = stream_->Finish();
  if (status.ok()) {
    throw Failure("DAEMON_UNEXPECTED", session_.say(Word::DAEMON_UNEXPECTED),
                  session_.say(Word::DAEMON_UNEXPECTED_REMEDY));
  }
  throw session_.client.failure(status);
}

void Login::run(const std::string& reader) {
  v1::LoginRequest request;
  *request.mutable_start()->mutable_card() = selection(session_, reader);
  request.mutable_start()->set_detached(form_ == LoginForm::DETACHED);
  if (!stream_->Write(request)) fail();
  v1::LoginResponse response;
  int questions = 0;
  while (stream_->Read(&response)) {
    const bool question = response.has_prompt() && ++questions <= kMostQuestions;
    if (question) {
      answer(response.prompt());
      continue;
    }
    if (!response.has_lease()) {  // not what the contract says: end it here
      context_.TryCancel();
      break;
    }
    lease_ = response.lease();
    if (form_ == LoginForm::DETACHED) let_go();
    return;
  }
  fail();
}

void Login::let_go() {
  stream_->WritesDone();
  v1::LoginResponse ignored;
  while (stream_->Read(&ignored)) {
  }
  open_ = false;
  stream_->Finish();  // the lease is ours already: how the stream ends changes nothing
}

void Login::answer(const v1::LoginPrompt& prompt) {
  show(prompt);
  switch (prompt.kind()) {
    case v1::PROMPT_KIND_LAST_TRY_CONSENT:
      answer_consent(prompt);
      return;
    case v1::PROMPT_KIND_PIN:
      answer_pin(prompt);
      return;
    case v1::PROMPT_KIND_PIN_PAD:
      session_.io.err << session_.say(Word::PIN_PAD_PROMPT) << std::endl;
      return;
    default:
      cancel(prompt);
      throw Failure("DAEMON_UNEXPECTED", session_.say(Word::DAEMON_UNEXPECTED),
                    session_.say(Word::DAEMON_UNEXPECTED_REMEDY));
  }
}

void Login::show(const v1::LoginPrompt& prompt) {
  if (shown_card_ == prompt.card_number() + prompt.holder()) return;
  shown_card_ = prompt.card_number() + prompt.holder();
  auto& err = session_.io.err;
  err << session_.say(Word::LOGIN_CARD, {printable(prompt.card_number()), printable(prompt.holder()),
                                         reader_in_words(prompt.reader_alias(), prompt.reader())});
  if (prompt.has_tries_left()) err << ", " << tries_in_words(session_.language, prompt.tries_left());
  if (!prompt.caller().empty())
    err << " (" << session_.say(Word::LOGIN_ASKED_BY, {printable(prompt.caller())}) << ")";
  err << std::endl;
}

void Login::answer_consent(const v1::LoginPrompt& prompt) {
  bool agreed = session_.options.accept_last_try;
  if (!agreed) {
    // With --pin-stdin the line on standard input is the PIN: it must not be eaten by this question.
    if (!session_.io.interactive || session_.options.pin_stdin) {
      cancel(prompt);
      throw UsageError(session_.say(Word::USAGE_LAST_TRY));
    }
    session_.io.err << session_.say(Word::LAST_TRY_QUESTION) << std::flush;
    const std::string line = read_line(session_.io.input);
    agreed = !line.empty() && line.substr(0, 1) == session_.say(Word::YES_LETTER);
  }
  if (!agreed) {
    cancel(prompt);
    throw Failure("PIN_CANCELLED", session_.say(Word::PIN_CANCELLED),
                  session_.say(Word::PIN_CANCELLED_REMEDY));
  }
  v1::LoginRequest request;
  request.mutable_consent()->set_prompt_id(prompt.prompt_id());
  request.mutable_consent()->set_agreed(true);
  stream_->Write(request);  // a broken stream shows at the next Read
}

void Login::answer_pin(const v1::LoginPrompt& prompt) {
  if (pin_given_ || (!session_.options.pin_stdin && !session_.io.interactive)) {
    cancel(prompt);
    if (!pin_given_) throw UsageError(session_.say(Word::USAGE_PIN_SOURCE));
    throw Failure("PIN_CANCELLED", session_.say(Word::PIN_CANCELLED),
                  session_.say(Word::PIN_CANCELLED_REMEDY));
  }
  PinBuffer pin;
  const PinRead read = session_.options.pin_stdin
                           ? read_pin_line(session_.io.input, pin, false)
                           : ask_pin_on_terminal(session_.io.input, session_.say(Word::PIN_PROMPT), pin);
  if (read != PinRead::OK) {
    cancel(prompt);
    if (read == PinRead::CANCELLED) {
      throw Failure("PIN_CANCELLED", session_.say(Word::PIN_CANCELLED),
                    session_.say(Word::PIN_CANCELLED_REMEDY));
    }
    throw Failure("PIN_UNREADABLE", session_.say(Word::PIN_UNREADABLE),
                  session_.say(Word::PIN_UNREADABLE_REMEDY));
  }
  pin_given_ = true;
  v1::LoginRequest request;
  request.mutable_pin()->set_prompt_id(prompt.prompt_id());
  request.mutable_pin()->mutable_pin()->assign(pin.view());
  stream_->Write(request);
  wipe(*request.mutable_pin()->mutable_pin());
}

void Login::cancel(const v1::LoginPrompt& prompt) {
  v1::LoginRequest request;
  request.mutable_cancel()->set_prompt_id(prompt.prompt_id());
  stream_->Write(request);
  let_go();  // waits for the daemon's last word, so that the question is closed when insctl has ended
}

}  // namespace insd::cli
