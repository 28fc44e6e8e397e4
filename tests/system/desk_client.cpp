// SPDX-License-Identifier: Apache-2.0
#include "tests/system/desk_client.h"

#include <chrono>
#include <set>

namespace insd::test {

std::chrono::system_clock::time_point deadline() {
  return std::chrono::system_clock::now() + std::chrono::seconds(30);
}

Failure decode(const grpc::Status& status) {
  Failure failure{status, {}};
  v1::RpcStatus rich;
  if (rich.ParseFromString(status.error_details()) && rich.details_size() == 1) {
    rich.details(0).UnpackTo(&failure.detail);
  }
  return failure;
}

Login::Login(v1::ProfessionalService::Stub& stub, const v1::LoginStart& start) {
  context_.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(2));
  stream_ = stub.Login(&context_);
  v1::LoginRequest request;
  *request.mutable_start() = start;
  stream_->Write(request);
}

Login::~Login() {
  context_.TryCancel();
  if (!failure_) failure();
}

std::optional<v1::LoginResponse> Login::next() {
  v1::LoginResponse response;
  if (!stream_->Read(&response)) return std::nullopt;
  if (response.has_prompt()) prompts_.push_back(response.prompt());
  return response;
}

void Login::pin(const std::string& prompt_id, const std::string& digits) {
  v1::LoginRequest request;
  request.mutable_pin()->set_prompt_id(prompt_id);
  request.mutable_pin()->set_pin(digits);
  stream_->Write(request);
}

void Login::consent(const std::string& prompt_id, bool agreed) {
  v1::LoginRequest request;
  request.mutable_consent()->set_prompt_id(prompt_id);
  request.mutable_consent()->set_agreed(agreed);
  stream_->Write(request);
}

void Login::cancel(const std::string& prompt_id) {
  v1::LoginRequest request;
  request.mutable_cancel()->set_prompt_id(prompt_id);
  stream_->Write(request);
}

void Login::close() {
  stream_->WritesDone();
}

Failure Login::failure() {
  if (!failure_) {
    v1::LoginResponse rest;
    while (stream_->Read(&rest)) {
    }
    failure_ = decode(stream_->Finish());
  }
  return *failure_;
}

std::optional<v1::Lease> Login::finish(const std::string& digits) {
  while (const auto step = next()) {
    if (step->has_lease()) return step->lease();
    if (!step->has_prompt()) return std::nullopt;
    if (step->prompt().kind() == v1::PROMPT_KIND_LAST_TRY_CONSENT) {
      consent(step->prompt().prompt_id(), true);
    } else {
      pin(step->prompt().prompt_id(), digits);
    }
  }
  return std::nullopt;
}

DeskClient::DeskClient(const std::filesystem::path& socket)
    : DeskClient(grpc::CreateChannel("unix:" + socket.string(), grpc::InsecureChannelCredentials())) {}

DeskClient::DeskClient(const std::shared_ptr<grpc::Channel>& channel)
    : reader_(v1::ReaderService::NewStub(channel)),
      professional_(v1::ProfessionalService::NewStub(channel)),
      vitale_(v1::VitaleService::NewStub(channel)),
      insi_(v1::InsiService::NewStub(channel)),
      system_(v1::SystemService::NewStub(channel)) {}

std::vector<v1::Reader> DeskClient::readers() {
  grpc::ClientContext context;
  context.set_deadline(deadline());
  v1::ListReadersResponse response;
  const auto status = reader_->ListReaders(&context, {}, &response);
  if (!status.ok()) throw std::runtime_error("ListReaders: " + status.error_message());
  return {response.readers().begin(), response.readers().end()};
}

void DeskClient::await_cards(unsigned count) {
  grpc::ClientContext context;
  context.set_deadline(deadline());
  const auto stream = reader_->WatchReaders(&context, {});
  std::set<std::string> present;
  bool whole = false;
  v1::WatchReadersResponse event;
  while (stream->Read(&event)) {
    whole = whole || event.has_snapshot_end();
    if (event.has_reader()) {
      present.erase(event.reader().name());
      if (event.reader().state() == v1::READER_STATE_CARD_PRESENT) present.insert(event.reader().name());
    }
    if (whole && present.size() == count) {
      context.TryCancel();
      stream->Finish();
      return;
    }
  }
  throw std::runtime_error("the daemon sees " + std::to_string(present.size()) + " cards");
}

std::variant<v1::ProfessionalCard, Failure> DeskClient::professional(const std::string& reader) {
  grpc::ClientContext context;
  context.set_deadline(deadline());
  v1::GetProfessionalCardRequest request;
  request.mutable_card()->set_reader(reader);
  request.mutable_card()->set_desk(desk);
  v1::GetProfessionalCardResponse response;
  const auto status = professional_->GetProfessionalCard(&context, request, &response);
  if (!status.ok()) return decode(status);
  return response.card();
}

std::variant<v1::VitaleReading, Failure> DeskClient::vitale(const std::string& reader) {
  grpc::ClientContext context;
  context.set_deadline(deadline());
  v1::ReadVitaleRequest request;
  request.mutable_card()->set_reader(reader);
  request.mutable_card()->set_desk(desk);
  v1::ReadVitaleResponse response;
  const auto status = vitale_->ReadVitale(&context, request, &response);
  if (!status.ok()) return decode(status);
  return response.reading();
}

std::unique_ptr<Login> DeskClient::login(const v1::LoginStart& start) {
  return std::make_unique<Login>(*professional_, start);
}

std::variant<v1::AuthenticateResponse, Failure> DeskClient::authenticate(
    const v1::AuthenticateRequest& request) {
  grpc::ClientContext context;
  context.set_deadline(deadline());
  v1::AuthenticateResponse response;
  const auto status = professional_->Authenticate(&context, request, &response);
  if (!status.ok()) return decode(status);
  return response;
}

std::variant<v1::SearchResult, Failure> DeskClient::search(const v1::SearchByVitaleRequest& request) {
  grpc::ClientContext context;
  context.set_deadline(deadline());
  v1::SearchByVitaleResponse response;
  const auto status = insi_->SearchByVitale(&context, request, &response);
  if (!status.ok()) return decode(status);
  return response.result();
}

std::variant<v1::SearchResult, Failure> DeskClient::search(const v1::SearchByTraitsRequest& request) {
  grpc::ClientContext context;
  context.set_deadline(deadline());
  v1::SearchByTraitsResponse response;
  const auto status = insi_->SearchByTraits(&context, request, &response);
  if (!status.ok()) return decode(status);
  return response.result();
}

v1::CallContext DeskClient::context(const std::string& lease) {
  v1::CallContext context;
  context.set_purpose_id("visit-1");
  context.add_identity_attributes(v1::IDENTITY_ATTRIBUTE_NONE);
  context.set_lease(lease);
  context.set_request_id("request-1");
  return context;
}

v1::SearchByTraitsRequest DeskClient::zoe(const v1::CallContext& context) {
  v1::SearchByTraitsRequest request;
  *request.mutable_context() = context;
  request.mutable_traits()->set_birth_name("ADRUN");
  request.mutable_traits()->add_given_names("ZOE");
  request.mutable_traits()->set_sex("F");
  request.mutable_traits()->set_birth_date("1975-12-31");
  return request;
}

}  // namespace insd::test
