// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/clients/fake_daemon.h"

#include <stdexcept>

#include <stdlib.h>

namespace insd::cli::test {

grpc::Status status_with(const v1::ErrorDetail& detail) {
  v1::RpcStatus status;
  status.set_code(grpc::StatusCode::FAILED_PRECONDITION);
  status.add_details()->PackFrom(detail);
  return {grpc::StatusCode::FAILED_PRECONDITION, "refused", status.SerializeAsString()};
}

v1::ErrorDetail error_detail(const std::string& code) {
  v1::ErrorDetail detail;
  detail.set_code(code);
  detail.set_summary("SUMMARY-OF-" + code);
  detail.set_remedy("REMEDY-OF-" + code);
  detail.set_technical_detail("DETAIL-OF-" + code);
  return detail;
}

PrivateDirectory::PrivateDirectory() {
  std::string pattern = std::filesystem::temp_directory_path() / "insctl-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path_ = pattern;
}

PrivateDirectory::~PrivateDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

class FakeDaemon::Services : public v1::SystemService::Service,
                             public v1::ReaderService::Service,
                             public v1::ProfessionalService::Service,
                             public v1::VitaleService::Service,
                             public v1::InsiService::Service,
                             public v1::IdentityService::Service {
 public:
  explicit Services(FakeDaemon& daemon) : daemon_(daemon) {}

  grpc::Status GetInfo(grpc::ServerContext* context, const v1::GetInfoRequest* /*request*/,
                       v1::GetInfoResponse* response) override {
    const auto found = context->client_metadata().find("accept-language");
    if (found != context->client_metadata().end())
      daemon_.language.assign(found->second.data(), found->second.size());
    *response = daemon_.info;
    return grpc::Status::OK;
  }
  grpc::Status WhatMayIDo(grpc::ServerContext* /*context*/, const v1::WhatMayIDoRequest* /*request*/,
                          v1::WhatMayIDoResponse* response) override {
    *response = daemon_.rights;
    return unary();
  }
  grpc::Status ListReaders(grpc::ServerContext* /*context*/, const v1::ListReadersRequest* /*request*/,
                           v1::ListReadersResponse* response) override {
    *response = daemon_.readers;
    return unary();
  }
  grpc::Status SetReaderEnabled(grpc::ServerContext* /*context*/, const v1::SetReaderEnabledRequest* request,
                                v1::SetReaderEnabledResponse* response) override {
    daemon_.orders.push_back(*request);
    *response = daemon_.order_result;
    return unary();
  }
  grpc::Status WatchReaders(grpc::ServerContext* /*context*/, const v1::WatchReadersRequest* /*request*/,
                            grpc::ServerWriter<v1::WatchReadersResponse>* writer) override {
    for (const auto& event : daemon_.events) writer->Write(event);
    return status_with(error_detail("SHUTTING_DOWN"));
  }
  grpc::Status GetProfessionalCard(grpc::ServerContext* /*context*/,
                                   const v1::GetProfessionalCardRequest* /*request*/,
                                   v1::GetProfessionalCardResponse* response) override {
    *response = daemon_.card;
    return unary();
  }
  grpc::Status Login(grpc::ServerContext* /*context*/,
                     grpc::ServerReaderWriter<v1::LoginResponse, v1::LoginRequest>* stream) override {
    daemon_.count_login(1);
    const grpc::Status status = dialogue(*stream);
    daemon_.count_login(-1);
    return status;
  }
  grpc::Status Logout(grpc::ServerContext* /*context*/, const v1::LogoutRequest* request,
                      v1::LogoutResponse* response) override {
    daemon_.logged_out.push_back(request->lease());
    response->set_card_reset(true);
    return daemon_.logout_failure.value_or(grpc::Status::OK);
  }
  grpc::Status Authenticate(grpc::ServerContext* /*context*/, const v1::AuthenticateRequest* request,
                            v1::AuthenticateResponse* response) override {
    daemon_.proof_request = *request;
    *response = daemon_.proof;
    return unary();
  }
  grpc::Status WatchLease(grpc::ServerContext* /*context*/, const v1::WatchLeaseRequest* request,
                          grpc::ServerWriter<v1::WatchLeaseResponse>* writer) override {
    daemon_.watched.push_back(request->lease());
    for (const auto& event : daemon_.lease_events) writer->Write(event);
    return daemon_.watch_failure.value_or(grpc::Status::OK);
  }
  grpc::Status ReadVitale(grpc::ServerContext* /*context*/, const v1::ReadVitaleRequest* /*request*/,
                          v1::ReadVitaleResponse* response) override {
    *response = daemon_.vitale;
    return unary();
  }
  grpc::Status SearchByVitale(grpc::ServerContext* /*context*/, const v1::SearchByVitaleRequest* request,
                              v1::SearchByVitaleResponse* response) override {
    daemon_.vitale_search = *request;
    *response = daemon_.by_vitale;
    return daemon_.search_failure.value_or(grpc::Status::OK);
  }
  grpc::Status SearchByTraits(grpc::ServerContext* /*context*/, const v1::SearchByTraitsRequest* request,
                              v1::SearchByTraitsResponse* response) override {
    daemon_.traits_search = *request;
    *response = daemon_.by_traits;
    return daemon_.search_failure.value_or(grpc::Status::OK);
  }
  grpc::Status GetInsiState(grpc::ServerContext* /*context*/, const v1::GetInsiStateRequest* /*request*/,
                            v1::GetInsiStateResponse* response) override {
    *response->mutable_state() = daemon_.insi_state;
    return unary();
  }
  grpc::Status WatchInsiState(grpc::ServerContext* /*context*/, const v1::WatchInsiStateRequest* /*request*/,
                              grpc::ServerWriter<v1::WatchInsiStateResponse>* writer) override {
    for (const auto& event : daemon_.insi_states) writer->Write(event);
    return status_with(error_detail("SHUTTING_DOWN"));
  }
  grpc::Status ListSearchAttempts(grpc::ServerContext* /*context*/,
                                  const v1::ListSearchAttemptsRequest* request,
                                  v1::ListSearchAttemptsResponse* response) override {
    daemon_.attempts_asked_of.push_back(request->request_id());
    if (!daemon_.failed_search) return status_with(error_detail("NOT_FOUND"));
    *response = *daemon_.failed_search;
    return grpc::Status::OK;
  }
  grpc::Status CreateIdentity(grpc::ServerContext* /*context*/, const v1::CreateIdentityRequest* request,
                              v1::CreateIdentityResponse* response) override {
    daemon_.created = *request;
    *response->mutable_identity() = daemon_.identity;
    return unary();
  }
  grpc::Status Compare(grpc::ServerContext* /*context*/, const v1::CompareRequest* request,
                       v1::CompareResponse* response) override {
    daemon_.compared = *request;
    *response->mutable_comparison() = daemon_.comparison;
    return unary();
  }
  grpc::Status Accept(grpc::ServerContext* /*context*/, const v1::AcceptRequest* request,
                      v1::AcceptResponse* response) override {
    daemon_.accepted = *request;
    *response->mutable_identity() = daemon_.identity;
    return daemon_.accept_refusal ? status_with(*daemon_.accept_refusal) : unary();
  }
  grpc::Status Validate(grpc::ServerContext* /*context*/, const v1::ValidateRequest* request,
                        v1::ValidateResponse* response) override {
    daemon_.validated = *request;
    daemon_.identity.set_status(v1::IDENTITY_STATUS_QUALIFIED);
    daemon_.identity.set_complete(true);
    daemon_.identity.clear_missing();
    *response->mutable_identity() = daemon_.identity;
    return unary();
  }

 private:
  [[nodiscard]] grpc::Status unary() const { return daemon_.failure.value_or(grpc::Status::OK); }

  grpc::Status dialogue(grpc::ServerReaderWriter<v1::LoginResponse, v1::LoginRequest>& stream) {
    v1::LoginRequest request;
    if (!stream.Read(&request)) return grpc::Status::OK;
    daemon_.login_steps.push_back(request);
    for (const auto& prompt : daemon_.prompts) {
      v1::LoginResponse question;
      *question.mutable_prompt() = prompt;
      if (!stream.Write(question)) return grpc::Status::OK;
      if (daemon_.card_leaves && &prompt == &daemon_.prompts.back()) {
        daemon_.card_leaves();
        return status_with(*daemon_.login_error);
      }
      if (!stream.Read(&request)) return grpc::Status::OK;
      daemon_.login_steps.push_back(request);
      if (request.has_cancel()) return status_with(error_detail("PIN_CANCELLED"));
    }
    if (daemon_.login_error) return status_with(*daemon_.login_error);
    v1::LoginResponse success;
    *success.mutable_lease() = daemon_.lease;
    stream.Write(success);
    if (daemon_.login_steps.front().start().detached()) return grpc::Status::OK;
    while (stream.Read(&request)) {
    }
    return grpc::Status::OK;
  }

  FakeDaemon& daemon_;
};

FakeDaemon::FakeDaemon() : services_(std::make_unique<Services>(*this)) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(target(), grpc::InsecureServerCredentials());
  builder.RegisterService(static_cast<v1::SystemService::Service*>(services_.get()));
  builder.RegisterService(static_cast<v1::ReaderService::Service*>(services_.get()));
  builder.RegisterService(static_cast<v1::ProfessionalService::Service*>(services_.get()));
  builder.RegisterService(static_cast<v1::VitaleService::Service*>(services_.get()));
  builder.RegisterService(static_cast<v1::InsiService::Service*>(services_.get()));
  builder.RegisterService(static_cast<v1::IdentityService::Service*>(services_.get()));
  server_ = builder.BuildAndStart();
  if (!server_) throw std::runtime_error("the fake daemon does not start");
}

FakeDaemon::~FakeDaemon() {
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
}

void FakeDaemon::count_login(int change) {
  const std::lock_guard lock(mutex_);
  open_logins_ += change;
  changed_.notify_all();
}

bool FakeDaemon::login_stream_ended() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(10), [this] { return open_logins_ == 0; });
}

}  // namespace insd::cli::test
