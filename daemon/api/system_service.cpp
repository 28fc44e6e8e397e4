// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/convert.h"
#include "daemon/api/services.h"
#include "daemon/api/unary_call.h"
#include "insd/v1/system_service.grpc.pb.h"

namespace insd::api {
namespace {

// Beside the overloads of this file.
using api::to_proto;

v1::InsiMode to_proto(InsiMode mode) {
  switch (mode) {
    case InsiMode::UNSET:
      return v1::INSI_MODE_UNSPECIFIED;
    case InsiMode::CPS:
      return v1::INSI_MODE_CPS;
    case InsiMode::ORGANISATION:
      return v1::INSI_MODE_ORGANISATION;
  }
  return v1::INSI_MODE_UNSPECIFIED;
}

v1::CallerRole to_proto(CallerRole role) {
  switch (role) {
    case CallerRole::NONE:
      return v1::CALLER_ROLE_UNSPECIFIED;
    case CallerRole::DESK:
      return v1::CALLER_ROLE_DESK;
    case CallerRole::KIOSK:
      return v1::CALLER_ROLE_KIOSK;
    case CallerRole::NON_REPOSITORY:
      return v1::CALLER_ROLE_NON_REPOSITORY;
    case CallerRole::ADMIN:
      return v1::CALLER_ROLE_ADMIN;
  }
  return v1::CALLER_ROLE_UNSPECIFIED;
}

boost::asio::awaitable<v1::GetInfoResponse> get_info(Backend& backend, Call call,
                                                     v1::GetInfoRequest /*request*/) {
  const Config& config = *call.rules->config();
  v1::GetInfoResponse response;
  response.set_version(backend.info.version);
  response.set_start_id(backend.info.start_id);
  *response.mutable_start_time() = to_proto(backend.info.started);
  response.set_environment(to_proto(config.insi.environment));
  response.set_insi_mode(to_proto(config.insi.mode));
  response.set_insi_endpoint(config.insi.endpoint);
  for (const ProfileConfig& profile : config.profiles) response.add_profiles(profile.name);
  co_return response;
}

boost::asio::awaitable<v1::WhatMayIDoResponse> what_may_i_do(Backend& /*backend*/, Call call,
                                                             v1::WhatMayIDoRequest /*request*/) {
  const Policy& policy = call.rules->policy();
  v1::WhatMayIDoResponse response;
  response.set_uid(call.caller.uid);
  response.set_role(to_proto(policy.role(call.caller)));
  for (const std::string& method : policy.methods(call.caller)) response.add_methods("insd.v1." + method);
  for (const std::string& pattern : policy.readers(call.caller)) response.add_readers(pattern);
  if (const EditorConfig* editor = call.rules->editor_for(call.caller)) response.set_editor(editor->name);
  for (const ProfileConfig& profile : call.rules->config()->profiles) response.add_profiles(profile.name);
  co_return response;
}

class SystemServiceAdapter final : public v1::SystemService::CallbackService {
 public:
  SystemServiceAdapter(Backend& backend, Caller caller) : backend_(backend), caller_(std::move(caller)) {}

  grpc::ServerUnaryReactor* GetInfo(grpc::CallbackServerContext* context, const v1::GetInfoRequest* request,
                                    v1::GetInfoResponse* response) override {
    return unary_call(backend_, caller_, "SystemService/GetInfo", context, request, response, get_info);
  }
  grpc::ServerUnaryReactor* WhatMayIDo(grpc::CallbackServerContext* context,
                                       const v1::WhatMayIDoRequest* request,
                                       v1::WhatMayIDoResponse* response) override {
    return unary_call(backend_, caller_, "SystemService/WhatMayIDo", context, request, response,
                      what_may_i_do);
  }

 private:
  Backend& backend_;
  const Caller caller_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_system_service(Backend& backend, const Caller& caller) {
  return std::make_unique<SystemServiceAdapter>(backend, caller);
}

}  // namespace insd::api
