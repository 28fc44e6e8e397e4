// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/client.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

namespace insd::cli {
namespace {

constexpr std::chrono::seconds kQuick{15};
constexpr std::chrono::seconds kCardReading{60};
constexpr std::chrono::seconds kSearch{120};
constexpr std::chrono::seconds kJournal{600};  // of years of work

std::shared_ptr<grpc::Channel> open_channel(const std::string& target) {
  grpc::ChannelArguments arguments;
  // A lost answer is the user's to ask again, never gRPC's: each search is traced by the national service.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

std::string local_target(const std::string& socket, Language language) {
  if (socket.starts_with('/')) return "unix:" + socket;
  if (socket.starts_with("unix:/")) return socket;
  throw UsageError(say(language, Word::USAGE_SOCKET));
}

Client::Client(std::string target, Language language)
    : target_(std::move(target)),
      language_(language),
      channel_(open_channel(target_)),
      system_(v1::SystemService::NewStub(channel_)),
      readers_(v1::ReaderService::NewStub(channel_)),
      professionals_(v1::ProfessionalService::NewStub(channel_)),
      vitales_(v1::VitaleService::NewStub(channel_)),
      insi_(v1::InsiService::NewStub(channel_)),
      identities_(v1::IdentityService::NewStub(channel_)),
      journal_(v1::JournalService::NewStub(channel_)),
      maintenance_(v1::MaintenanceService::NewStub(channel_)),
      render_(v1::RenderService::NewStub(channel_)) {}

void Client::prepare(grpc::ClientContext& context) const {
  context.AddMetadata("accept-language", std::string(language_tag(language_)));
}

template <typename Stub, typename Request, typename Response>
Response Client::call(Stub& stub,
                      grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                      const Request& request, std::chrono::seconds limit) {
  grpc::ClientContext context;
  prepare(context);
  context.set_deadline(std::chrono::system_clock::now() + limit);
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) throw failure(status);
  return response;
}

// What was sent is told beside the failure; that it cannot be told does not hide the failure.
template <typename Request, typename Response>
Response Client::search(grpc::Status (v1::InsiService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                                      Response*),
                        const Request& request) {
  try {
    return call(*insi_, method, request, kSearch);
  } catch (Failure& failure) {
    v1::ListSearchAttemptsRequest which;
    which.set_request_id(request.context().request_id());
    try {
      failure.set_search(search_attempts(which));
    } catch (const Failure&) {
    }
    throw;
  }
}

v1::GetInfoResponse Client::info() {
  return call(*system_, &v1::SystemService::Stub::GetInfo, v1::GetInfoRequest(), kQuick);
}

v1::WhatMayIDoResponse Client::what_may_i_do() {
  return call(*system_, &v1::SystemService::Stub::WhatMayIDo, v1::WhatMayIDoRequest(), kQuick);
}

v1::ListReadersResponse Client::readers() {
  return call(*readers_, &v1::ReaderService::Stub::ListReaders, v1::ListReadersRequest(), kQuick);
}

v1::SetReaderEnabledResponse Client::set_reader_enabled(const v1::SetReaderEnabledRequest& request) {
  return call(*readers_, &v1::ReaderService::Stub::SetReaderEnabled, request, kQuick);
}

v1::GetProfessionalCardResponse Client::professional_card(const v1::GetProfessionalCardRequest& request) {
  return call(*professionals_, &v1::ProfessionalService::Stub::GetProfessionalCard, request, kCardReading);
}

v1::LogoutResponse Client::logout(const v1::LogoutRequest& request) {
  return call(*professionals_, &v1::ProfessionalService::Stub::Logout, request, kQuick);
}

v1::AuthenticateResponse Client::authenticate(const v1::AuthenticateRequest& request) {
  return call(*professionals_, &v1::ProfessionalService::Stub::Authenticate, request, kCardReading);
}

v1::ReadVitaleResponse Client::read_vitale(const v1::ReadVitaleRequest& request) {
  return call(*vitales_, &v1::VitaleService::Stub::ReadVitale, request, kCardReading);
}

v1::SearchByVitaleResponse Client::search_by_vitale(const v1::SearchByVitaleRequest& request) {
  return search(&v1::InsiService::Stub::SearchByVitale, request);
}

v1::SearchByTraitsResponse Client::search_by_traits(const v1::SearchByTraitsRequest& request) {
  return search(&v1::InsiService::Stub::SearchByTraits, request);
}

v1::VerifyIdentityResponse Client::verify_identity(const v1::VerifyIdentityRequest& request) {
  return search(&v1::InsiService::Stub::VerifyIdentity, request);
}

v1::GetInsiStateResponse Client::insi_state() {
  return call(*insi_, &v1::InsiService::Stub::GetInsiState, v1::GetInsiStateRequest(), kQuick);
}

v1::ListSearchAttemptsResponse Client::search_attempts(const v1::ListSearchAttemptsRequest& request) {
  return call(*insi_, &v1::InsiService::Stub::ListSearchAttempts, request, kQuick);
}

v1::CreateIdentityResponse Client::create_identity(const v1::CreateIdentityRequest& request) {
  return call(*identities_, &v1::IdentityService::Stub::CreateIdentity, request, kQuick);
}

v1::CompareResponse Client::compare_identity(const v1::CompareRequest& request) {
  return call(*identities_, &v1::IdentityService::Stub::Compare, request, kQuick);
}

v1::AcceptResponse Client::accept_identity(const v1::AcceptRequest& request) {
  return call(*identities_, &v1::IdentityService::Stub::Accept, request, kQuick);
}

v1::ValidateResponse Client::validate_identity(const v1::ValidateRequest& request) {
  return call(*identities_, &v1::IdentityService::Stub::Validate, request, kQuick);
}

v1::VerifyJournalResponse Client::verify_journal(const v1::VerifyJournalRequest& request) {
  return call(*journal_, &v1::JournalService::Stub::VerifyJournal, request, kJournal);
}

v1::ListJournalRecordsResponse Client::list_journal_records(const v1::ListJournalRecordsRequest& request) {
  return call(*journal_, &v1::JournalService::Stub::ListJournalRecords, request, kJournal);
}

v1::CheckInsiResponse Client::check_insi(const v1::CheckInsiRequest& request) {
  return call(*maintenance_, &v1::MaintenanceService::Stub::CheckInsi, request, kSearch);
}

v1::ListKeysResponse Client::list_keys() {
  return call(*maintenance_, &v1::MaintenanceService::Stub::ListKeys, v1::ListKeysRequest(), kQuick);
}

v1::RotateKeysResponse Client::rotate_keys(const v1::RotateKeysRequest& request) {
  return call(*maintenance_, &v1::MaintenanceService::Stub::RotateKeys, request, kQuick);
}

v1::RenderResponse Client::render(const v1::RenderRequest& request) {
  return call(*render_, &v1::RenderService::Stub::Render, request, kQuick);
}

v1::ParseDatamatrixResponse Client::parse_datamatrix(const v1::ParseDatamatrixRequest& request) {
  return call(*render_, &v1::RenderService::Stub::ParseDatamatrix, request, kQuick);
}

}  // namespace insd::cli
