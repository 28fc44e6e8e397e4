// SPDX-License-Identifier: Apache-2.0
// One admitted call: who calls what, under which rules. Without one no handler runs.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include <grpcpp/server_context.h>

#include "daemon/api/backend.h"
#include "daemon/api/caller.h"
#include "daemon/api/error_status.h"

namespace insd::api {

struct Call {
  Caller caller;
  std::string method;  ///< "InsiService/SearchByVitale"
  std::shared_ptr<const Rules> rules;
  Language language = Language::FRENCH;
  std::stop_token stop;  ///< requested on the executor when the caller has gone

  /// The caller's deadline; nothing = none.
  std::optional<std::chrono::steady_clock::time_point> until;

  [[nodiscard]] desk::Owner owner() const;
  [[nodiscard]] desk::Patience patience() const;
};

/// The deadline that came with the call.
std::optional<std::chrono::steady_clock::time_point> deadline_of(const grpc::CallbackServerContext& context);

/// The language the caller asked for.
Language language_of(const grpc::CallbackServerContext& context);

/// Throws SHUTTING_DOWN, PERMISSION_DENIED and RATE_LIMITED. Any thread.
Call admit(const Backend& backend, const Caller& caller, std::string_view method, Language language,
           std::stop_token stop);

/// May this call use that reader? Goes by the rules of the moment, also for a stream that began under others.
desk::ReaderFilter reader_filter(const Backend& backend, const Call& call);

}  // namespace insd::api
