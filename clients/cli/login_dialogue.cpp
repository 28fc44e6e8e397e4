// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/login_dialogue.h"

#include <algorithm>
#include <array>
#include <ostream>

#include <termios.h>
#include <unistd.h>

#include "clients/cli/commands.h"
#include "clients/cli/render.h"
#include "clients/cli/text.h"

namespace insd::cli {
namespace {

// Consent, PIN, and room for a question that expired: a daemon that asks more often is not ours.
constexpr int kMostQuestions = 4;
// The daemon's own prompt time-out is minutes; a detached login has no reason to outlast this.
constexpr std::chrono::minutes kDetachedDialogue{15};
// Where this machine's clock and the daemon's words disagree.
constexpr std::chrono::seconds kShortestQuestion{10};
constexpr const char* kUsualPinentry = "pinentry";

// The program to ask through; empty: none.
std::string chosen_pinentry(const Session& session) {
  const std::string& wanted = session.options.pinentry;
  if (wanted == "none" || session.options.pin_stdin) return {};
  const auto set = [&](const char* name) {
    const char* const value = session.io.environment(name);
    return value != nullptr && *value != '\0';
  };
  const bool seen = session.io.interactive || set("DISPLAY") || set("WAYLAND_DISPLAY");
  if (wanted.empty() && !seen) return {};
  std::string program =
      find_program(wanted.empty() ? kUsualPinentry : wanted, session.io.environment("PATH"));
  if (program.empty() && !wanted.empty())
    throw UsageError(session.say(Word::USAGE_PINENTRY, {printable(wanted)}));
  return program;
}

}  // namespace

std::string tries_in_words(Language language, int tries_left) {
  if (tries_left <= 0) return say(language, Word::PIN_BLOCKED);
  if (tries_left == 1) return say(language, Word::TRIES_LEFT_ONE);
  return say(language, Word::TRIES_LEFT_MANY, {std::to_string(tries_left)});
}

bool can_ask_for_pin(const Session& session) {
  return session.io.interactive || session.options.pin_stdin || !chosen_pinentry(session).empty();
}

Login::Login(Session& session, const std::string& reader, LoginForm form)
    : session_(session), form_(form), pinentry_(chosen_pinentry(session)) {
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

void Login::listen() {
  if (listener_.joinable()) return;
  listener_ = std::thread([this] {
    next_.emplace();
    if (!stream_->Read(&*next_)) next_.reset();
    ::eventfd_write(word_came_.get(), 1);
  });
}

bool Login::read(v1::LoginResponse& response) {
  if (!listener_.joinable()) return stream_->Read(&response);
  listener_.join();
  ::eventfd_t told = 0;
  ::eventfd_read(word_came_.get(), &told);
  if (!next_) return false;
  response = std::move(*next_);
  next_.reset();
  return true;
}

void Login::abandon() noexcept {
  if (!open_) return;
  open_ = false;
  context_.TryCancel();
  v1::LoginResponse ignored;
  while (read(ignored)) {
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
  while (read(response)) {
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
  while (read(ignored)) {
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

std::vector<std::string> Login::in_words(const v1::LoginPrompt& prompt) const {
  std::vector<std::string> lines = {
      session_.say(Word::LOGIN_CARD, {printable(prompt.card_number()), printable(prompt.holder()),
                                      reader_in_words(prompt.reader_alias(), prompt.reader())})};
  if (prompt.has_tries_left()) lines.push_back(tries_in_words(session_.language, prompt.tries_left()));
  if (!prompt.caller().empty())
    lines.push_back(session_.say(Word::LOGIN_ASKED_BY, {printable(prompt.caller())}));
  return lines;
}

void Login::show(const v1::LoginPrompt& prompt) {
  if (shown_card_ == prompt.card_number() + prompt.holder()) return;
  shown_card_ = prompt.card_number() + prompt.holder();
  std::string text;
  for (const auto& line : in_words(prompt)) text += (text.empty() ? "" : ", ") + line;
  session_.io.err << text << std::endl;
}

void Login::answer_consent(const v1::LoginPrompt& prompt) {
  if (!session_.options.accept_last_try) {
    const auto agreed = ask_consent(prompt);
    if (!agreed) return;
    if (!*agreed) cancelled(prompt);
  }
  v1::LoginRequest request;
  request.mutable_consent()->set_prompt_id(prompt.prompt_id());
  request.mutable_consent()->set_agreed(true);
  stream_->Write(request);  // a broken stream shows at the next Read
}

std::optional<bool> Login::ask_consent(const v1::LoginPrompt& prompt) {
  if (!pinentry_.empty()) {
    PinentryQuestion consent = question(prompt);
    consent.lines.push_back(session_.say(Word::LAST_TRY_WARNING));
    consent.ok = session_.say(Word::USE_LAST_TRY);
    const PinentryAnswer answer = pinentry_consent(pinentry_, terminal(), consent);
    if (answer == PinentryAnswer::WITHDRAWN) return std::nullopt;
    if (!pinentry_has_failed(prompt, answer)) return answer == PinentryAnswer::OK;
  }
  // With --pin-stdin the line on standard input is the PIN: it must not be eaten by this question.
  if (!session_.io.interactive || session_.options.pin_stdin) {
    cancel(prompt);
    throw UsageError(session_.say(Word::USAGE_LAST_TRY));
  }
  session_.io.err << session_.say(Word::LAST_TRY_QUESTION) << std::flush;
  listen();
  if (!wait_for_input(session_.io.input, word_came_.get())) {
    ::tcflush(session_.io.input, TCIFLUSH);
    session_.io.err << std::endl;
    return std::nullopt;
  }
  const std::string line = read_line(session_.io.input);
  return !line.empty() && line.substr(0, 1) == session_.say(Word::YES_LETTER);
}

void Login::answer_pin(const v1::LoginPrompt& prompt) {
  if (pin_given_) cancelled(prompt);
  PinBuffer pin;
  const PinRead given = ask_pin(prompt, pin);
  if (given == PinRead::WITHDRAWN) return;
  if (given == PinRead::CANCELLED) cancelled(prompt);
  if (given != PinRead::OK) {
    cancel(prompt);
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

PinRead Login::ask_pin(const v1::LoginPrompt& prompt, PinBuffer& pin) {
  const std::string words = session_.say(Word::PIN_PROMPT);
  listen();
  if (session_.options.pin_stdin) return read_pin_line(session_.io.input, pin, false, word_came_.get());
  if (!pinentry_.empty()) {
    PinentryQuestion asked = question(prompt);
    asked.prompt = words;
    const PinentryAnswer answer = pinentry_pin(pinentry_, terminal(), asked, pin);
    if (answer == PinentryAnswer::WITHDRAWN) return PinRead::WITHDRAWN;
    if (!pinentry_has_failed(prompt, answer)) {
      if (answer == PinentryAnswer::OK) return PinRead::OK;
      return answer == PinentryAnswer::CANCELLED ? PinRead::CANCELLED : PinRead::UNREADABLE;
    }
    pin.drop(pin.view().size());
  }
  if (!session_.io.interactive) {
    cancel(prompt);
    throw UsageError(session_.say(Word::USAGE_PIN_SOURCE));
  }
  return ask_pin_on_terminal(session_.io.input, words, pin, word_came_.get());
}

PinentryTerminal Login::terminal() const {
  PinentryTerminal made;
  std::array<char, 256> name{};
  if (!session_.io.interactive || ::ttyname_r(session_.io.input, name.data(), name.size()) != 0) return made;
  made.descriptor = session_.io.input;
  made.name = name.data();
  const auto value = [&](const char* variable) -> std::string {
    const char* const set = session_.io.environment(variable);
    return set == nullptr ? "" : set;
  };
  made.type = value("TERM");
  for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (made.locale.empty()) made.locale = value(variable);
  }
  return made;
}

PinentryQuestion Login::question(const v1::LoginPrompt& prompt) {
  PinentryQuestion made;
  listen();
  made.withdrawn = word_came_.get();
  made.title = "insd";
  made.lines = in_words(prompt);
  made.ok = session_.say(Word::CONFIRM);
  made.cancel = session_.say(Word::CANCEL);
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  const std::chrono::seconds left(prompt.expire_time().seconds() - now);
  made.patience = std::clamp<std::chrono::seconds>(left, kShortestQuestion, kDetachedDialogue);
  return made;
}

// A program that somebody chose must work; the one that is installed gives way to the terminal.
bool Login::pinentry_has_failed(const v1::LoginPrompt& prompt, PinentryAnswer answer) {
  if (answer != PinentryAnswer::FAILED) return false;
  if (session_.options.pinentry.empty() && session_.io.interactive) {
    pinentry_.clear();
    return true;
  }
  cancel(prompt);
  throw Failure("PINENTRY_FAILED", session_.say(Word::PINENTRY_FAILED, {printable(pinentry_)}),
                session_.say(Word::PINENTRY_FAILED_REMEDY));
}

void Login::cancelled(const v1::LoginPrompt& prompt) {
  cancel(prompt);
  throw Failure("PIN_CANCELLED", session_.say(Word::PIN_CANCELLED), session_.say(Word::PIN_CANCELLED_REMEDY));
}

void Login::cancel(const v1::LoginPrompt& prompt) {
  v1::LoginRequest request;
  request.mutable_cancel()->set_prompt_id(prompt.prompt_id());
  stream_->Write(request);
  let_go();  // waits for the daemon's last word, so that the question is closed when insctl has ended
}

}  // namespace insd::cli
