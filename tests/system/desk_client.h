// SPDX-License-Identifier: Apache-2.0
// A workstation application, as small as one can be: every service, the login dialogue, errors decoded.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "insd/v1/error.pb.h"
#include "insd/v1/insi_service.grpc.pb.h"
#include "insd/v1/professional_service.grpc.pb.h"
#include "insd/v1/reader_service.grpc.pb.h"
#include "insd/v1/system_service.grpc.pb.h"
#include "insd/v1/vitale_service.grpc.pb.h"

namespace insd::test {

/// A failed call. detail.code() is "" when the answer held no ErrorDetail.
struct Failure {
  grpc::Status status;
  v1::ErrorDetail detail;
};
Failure decode(const grpc::Status& status);

/// One login: the stream stays open as long as this object lives, and the lease with it.
class Login {
 public:
  using Stream = grpc::ClientReaderWriter<v1::LoginRequest, v1::LoginResponse>;

  Login(v1::ProfessionalService::Stub& stub, const v1::LoginStart& start);
  Login(const Login&) = delete;
  Login& operator=(const Login&) = delete;
  ~Login();

  /// The daemon's next message, or nothing when the stream has ended: then failure() tells why.
  std::optional<v1::LoginResponse> next();
  void pin(const std::string& prompt_id, const std::string& digits);
  void consent(const std::string& prompt_id, bool agreed);
  void cancel(const std::string& prompt_id);
  /// Ends our half of the dialogue.
  void close();
  Failure failure();

  /// Answers every question with `digits` and consent; the lease, or nothing (see failure()).
  std::optional<v1::Lease> finish(const std::string& digits);
  [[nodiscard]] const std::vector<v1::LoginPrompt>& prompts() const { return prompts_; }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<Stream> stream_;
  std::vector<v1::LoginPrompt> prompts_;
  std::optional<Failure> failure_;
};

class DeskClient {
 public:
  explicit DeskClient(const std::filesystem::path& socket);

  std::vector<v1::Reader> readers();
  /// Returns once the daemon has seen this many cards; throws when it does not in time.
  void await_cards(unsigned count);
  std::variant<v1::ProfessionalCard, Failure> professional(const std::string& reader = {});
  std::variant<v1::VitaleReading, Failure> vitale(const std::string& reader = {});
  std::unique_ptr<Login> login(const v1::LoginStart& start = {});
  std::variant<v1::AuthenticateResponse, Failure> authenticate(const v1::AuthenticateRequest& request);
  std::variant<v1::SearchResult, Failure> search(const v1::SearchByVitaleRequest& request);
  std::variant<v1::SearchResult, Failure> search(const v1::SearchByTraitsRequest& request);

  /// A whole context with nothing special in it.
  static v1::CallContext context(const std::string& lease);
  /// A search for a person whom the simulator of INSi knows.
  static v1::SearchByTraitsRequest zoe(const v1::CallContext& context);

  std::string desk;  ///< named in what professional() and vitale() ask for

  std::unique_ptr<v1::ReaderService::Stub> reader_;
  std::unique_ptr<v1::ProfessionalService::Stub> professional_;
  std::unique_ptr<v1::VitaleService::Stub> vitale_;
  std::unique_ptr<v1::InsiService::Stub> insi_;
  std::unique_ptr<v1::SystemService::Stub> system_;

 private:
  explicit DeskClient(const std::shared_ptr<grpc::Channel>& channel);
};

/// Every call of the tests ends: a hang is a failure.
std::chrono::system_clock::time_point deadline();

/// The value, or a test failure with the error's text.
template <class T>
T expect_value(std::variant<T, Failure> outcome) {
  if (auto* failure = std::get_if<Failure>(&outcome)) {
    throw std::runtime_error(failure->detail.code() + ": " + failure->status.error_message() + ": " +
                             failure->detail.technical_detail());
  }
  return std::get<T>(std::move(outcome));
}

/// The error's code, or "OK".
template <class T>
std::string code_of(const std::variant<T, Failure>& outcome) {
  const auto* failure = std::get_if<Failure>(&outcome);
  return failure == nullptr ? "OK" : failure->detail.code();
}

}  // namespace insd::test
