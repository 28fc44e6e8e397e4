// SPDX-License-Identifier: Apache-2.0
// The Login dialogue between a caller and the desk, without its transport: questions go out, answers come in
// by the question's id, a held lease ends with the stream.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <grpcpp/support/status.h>

#include "daemon/api/error_status.h"
#include "daemon/api/login_step.h"
#include "daemon/desk/professional.h"
#include "insd/v1/professional_service.pb.h"

namespace insd::api {

/// Used on the executor only. Lives until its coroutine has ended.
class LoginDialogue final : public desk::Asker, public std::enable_shared_from_this<LoginDialogue> {
 public:
  /// The desk's side; tests bring their own.
  struct Parts {
    std::function<std::string()> caller;  ///< who asks, for display; asked at each question
    std::function<boost::asio::awaitable<desk::LeaseInfo>(desk::LoginRequest, desk::Asker&, std::stop_token)>
        login;
    std::function<void(const std::string& token, desk::LeaseEnd cause)> end;
    /// As ProfessionalDesk::on_end().
    std::function<std::shared_ptr<void>(const std::string& token, std::function<void(desk::LeaseEnd)> ended)>
        on_end;
  };
  /// The caller's side. `finish` comes once and last.
  struct Transport {
    std::function<void(v1::LoginResponse)> send;
    std::function<void(grpc::Status)> finish;
  };

  LoginDialogue(const boost::asio::any_io_executor& executor, Parts parts, Transport transport,
                Language language);

  /// Waits for the first step, 30 s at most, then runs the dialogue.
  void begin();
  void step(LoginStep step);
  /// Would another step still matter?
  [[nodiscard]] bool listens() const { return !finished_ && !gone_ && !refused_; }
  /// The caller has closed its side or gone: no answer will come.
  void caller_gone();

  boost::asio::awaitable<desk::PromptAnswer> ask(const desk::Prompt& prompt) override;

 private:
  boost::asio::awaitable<void> run();
  boost::asio::awaitable<desk::LoginRequest> first_step();
  void hold(const std::string& token);
  void answer(desk::PromptAnswer answer);
  void refuse(Error error);
  void finish(const grpc::Status& status);

  const Parts parts_;
  Transport transport_;
  const Language language_;
  boost::asio::steady_timer changed_;  // cancelled when what a coroutine waits for is there
  std::stop_source stop_;
  std::optional<desk::LoginRequest> start_;
  std::optional<desk::Prompt> open_question_;
  std::optional<desk::PromptAnswer> answer_;
  std::optional<Error> refused_;
  std::string held_lease_;
  std::shared_ptr<void> lease_watch_;
  bool started_ = false;
  bool gone_ = false;
  bool finished_ = false;
};

}  // namespace insd::api
