// SPDX-License-Identifier: Apache-2.0
// A daemon that answers what a test tells it, behind a real socket, and remembers what it was asked.
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "insd/v1/error.pb.h"
#include "insd/v1/identity_service.grpc.pb.h"
#include "insd/v1/insi_service.grpc.pb.h"
#include "insd/v1/professional_service.grpc.pb.h"
#include "insd/v1/reader_service.grpc.pb.h"
#include "insd/v1/system_service.grpc.pb.h"
#include "insd/v1/vitale_service.grpc.pb.h"

namespace insd::cli::test {

/// A gRPC status that carries `detail` as the daemon's contract says.
grpc::Status status_with(const v1::ErrorDetail& detail);

/// An ErrorDetail with a code and texts.
v1::ErrorDetail error_detail(const std::string& code);

/// A directory that only we may use, deleted at the end.
class PrivateDirectory {
 public:
  PrivateDirectory();
  ~PrivateDirectory();
  PrivateDirectory(const PrivateDirectory&) = delete;
  PrivateDirectory& operator=(const PrivateDirectory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class FakeDaemon {
 public:
  FakeDaemon();
  ~FakeDaemon();
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;

  [[nodiscard]] std::string target() const { return "unix:" + (directory_.path() / "insd.sock").string(); }

  // What it answers.
  v1::GetInfoResponse info;
  v1::WhatMayIDoResponse rights;
  v1::ListReadersResponse readers;
  std::vector<v1::WatchReadersResponse> events;
  v1::SetReaderEnabledResponse order_result;
  v1::GetProfessionalCardResponse card;
  v1::AuthenticateResponse proof;
  std::vector<v1::LoginPrompt> prompts;
  std::optional<v1::ErrorDetail> login_error;  ///< after the prompts, instead of a lease
  std::function<void()>
      card_leaves;  ///< returns when it has: the last question ends with login_error, unanswered
  v1::Lease lease;
  v1::ReadVitaleResponse vitale;
  v1::SearchByVitaleResponse by_vitale;
  v1::SearchByTraitsResponse by_traits;
  v1::InsiState insi_state;
  std::vector<v1::WatchInsiStateResponse> insi_states;  ///< then the daemon stops
  v1::Comparison comparison;
  v1::IdentityReport identity;  ///< after each act
  std::optional<v1::ErrorDetail> accept_refusal;
  std::optional<grpc::Status> failure;                          ///< of every unary call but GetInfo
  std::optional<grpc::Status> search_failure;                   ///< of searches only
  std::optional<v1::ListSearchAttemptsResponse> failed_search;  ///< what it sent; NOT_FOUND without
  std::optional<grpc::Status> logout_failure;
  std::vector<v1::WatchLeaseResponse> lease_events;
  std::optional<grpc::Status> watch_failure;

  // What it was asked. Read these after the command has ended.
  std::string language;
  std::vector<v1::SetReaderEnabledRequest> orders;
  std::vector<v1::LoginRequest> login_steps;
  std::vector<std::string> logged_out;
  std::vector<std::string> watched;
  std::optional<v1::SearchByVitaleRequest> vitale_search;
  std::optional<v1::SearchByTraitsRequest> traits_search;
  std::vector<std::string> attempts_asked_of;
  std::optional<v1::CreateIdentityRequest> created;
  std::optional<v1::CompareRequest> compared;
  std::optional<v1::AcceptRequest> accepted;
  std::optional<v1::ValidateRequest> validated;
  v1::AuthenticateRequest proof_request;

  /// Waits until no Login stream is open on the server's side; true when that is so within 10 s.
  bool login_stream_ended();

 private:
  class Services;
  void count_login(int change);
  PrivateDirectory directory_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int open_logins_ = 0;
  std::unique_ptr<Services> services_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace insd::cli::test
