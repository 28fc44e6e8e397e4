// SPDX-License-Identifier: Apache-2.0
// The connection to the daemon: one channel, the stubs, and calls that throw a Failure.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include "clients/cli/failure.h"
#include "clients/cli/words.h"
#include "insd/v1/identity_service.grpc.pb.h"
#include "insd/v1/insi_service.grpc.pb.h"
#include "insd/v1/journal_service.grpc.pb.h"
#include "insd/v1/maintenance_service.grpc.pb.h"
#include "insd/v1/professional_service.grpc.pb.h"
#include "insd/v1/reader_service.grpc.pb.h"
#include "insd/v1/render_service.grpc.pb.h"
#include "insd/v1/system_service.grpc.pb.h"
#include "insd/v1/vitale_service.grpc.pb.h"

namespace insd::cli {

/// The gRPC target of a --socket value: "unix:PATH" from either "unix:PATH" or "/PATH". Throws UsageError for
/// anything that is not a local socket: a PIN travels on this channel.
std::string local_target(const std::string& socket, Language language);

class Client {
 public:
  /// `target` as from local_target(). Connects at the first call.
  Client(std::string target, Language language);

  // Unary calls. Each throws Failure. Deadlines are above the daemon's own, so that its more precise error
  // arrives.
  v1::GetInfoResponse info();
  v1::WhatMayIDoResponse what_may_i_do();
  v1::ListReadersResponse readers();
  v1::SetReaderEnabledResponse set_reader_enabled(const v1::SetReaderEnabledRequest& request);
  v1::GetProfessionalCardResponse professional_card(const v1::GetProfessionalCardRequest& request);
  v1::LogoutResponse logout(const v1::LogoutRequest& request);
  v1::AuthenticateResponse authenticate(const v1::AuthenticateRequest& request);
  v1::ReadVitaleResponse read_vitale(const v1::ReadVitaleRequest& request);
  // The Failure of a search tells what it sent.
  v1::SearchByVitaleResponse search_by_vitale(const v1::SearchByVitaleRequest& request);
  v1::SearchByTraitsResponse search_by_traits(const v1::SearchByTraitsRequest& request);
  v1::VerifyIdentityResponse verify_identity(const v1::VerifyIdentityRequest& request);
  v1::GetInsiStateResponse insi_state();
  v1::ListSearchAttemptsResponse search_attempts(const v1::ListSearchAttemptsRequest& request);

  v1::CreateIdentityResponse create_identity(const v1::CreateIdentityRequest& request);
  v1::CompareResponse compare_identity(const v1::CompareRequest& request);
  v1::AcceptResponse accept_identity(const v1::AcceptRequest& request);
  v1::ValidateResponse validate_identity(const v1::ValidateRequest& request);

  v1::VerifyJournalResponse verify_journal(const v1::VerifyJournalRequest& request);
  v1::ListJournalRecordsResponse list_journal_records(const v1::ListJournalRecordsRequest& request);

  v1::CheckInsiResponse check_insi(const v1::CheckInsiRequest& request);
  v1::ListKeysResponse list_keys();
  v1::RotateKeysResponse rotate_keys(const v1::RotateKeysRequest& request);
  v1::RenderResponse render(const v1::RenderRequest& request);
  v1::ParseDatamatrixResponse parse_datamatrix(const v1::ParseDatamatrixRequest& request);

  /// For streams: adds the metadata of every call; no deadline.
  void prepare(grpc::ClientContext& context) const;
  [[nodiscard]] v1::ReaderService::Stub& reader_stub() { return *readers_; }
  [[nodiscard]] v1::InsiService::Stub& insi_stub() { return *insi_; }
  [[nodiscard]] v1::ProfessionalService::Stub& professional_stub() { return *professionals_; }
  [[nodiscard]] Failure failure(const grpc::Status& status) const {
    return failure_of(status, target_, language_);
  }

 private:
  template <typename Stub, typename Request, typename Response>
  Response call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                const Request& request, std::chrono::seconds limit);
  template <typename Request, typename Response>
  Response search(grpc::Status (v1::InsiService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                                Response*),
                  const Request& request);

  std::string target_;
  Language language_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::SystemService::Stub> system_;
  std::unique_ptr<v1::ReaderService::Stub> readers_;
  std::unique_ptr<v1::ProfessionalService::Stub> professionals_;
  std::unique_ptr<v1::VitaleService::Stub> vitales_;
  std::unique_ptr<v1::InsiService::Stub> insi_;
  std::unique_ptr<v1::IdentityService::Stub> identities_;
  std::unique_ptr<v1::JournalService::Stub> journal_;
  std::unique_ptr<v1::MaintenanceService::Stub> maintenance_;
  std::unique_ptr<v1::RenderService::Stub> render_;
};

}  // namespace insd::cli
