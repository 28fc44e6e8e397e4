// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/maintenance_service.h"

#include <algorithm>
#include <array>

#include <spdlog/spdlog.h>

#include "daemon/api/unary_call.h"
#include "daemon/insi/check.h"
#include "daemon/insi/http_date.h"
#include "daemon/search_rules.h"
#include "insd/v1/maintenance_service.grpc.pb.h"

namespace insd::api {
namespace {

namespace asio = boost::asio;

v1::CheckState to_proto(insi::CheckState state) {
  switch (state) {
    case insi::CheckState::OK:
      return v1::CHECK_STATE_OK;
    case insi::CheckState::WARNING:
      return v1::CHECK_STATE_WARNING;
    case insi::CheckState::FAILED:
      return v1::CHECK_STATE_FAILED;
    case insi::CheckState::SKIPPED:
      return v1::CHECK_STATE_SKIPPED;
  }
  return v1::CHECK_STATE_UNSPECIFIED;
}

void add(const insi::Check& check, Language language, v1::CheckInsiResponse& response) {
  auto& proto = *response.add_checks();
  proto.set_name(check.name);
  proto.set_state(to_proto(check.state));
  proto.set_detail(printable(check.detail, 1000));
  if (!check.code) return;
  const CatalogueEntry& entry = catalogue_entry(*check.code);
  proto.set_code(std::string(entry.name));
  proto.set_remedy(std::string(remedy(entry, language)));
}

insi::Check check_editor(const Call& call) {
  const EditorConfig* editor = call.rules->editor_for(call.caller);
  if (editor == nullptr) return insi::failed("editor", Code::EDITOR_NOT_CONFIGURED, "none has this caller");
  return {"editor", insi::CheckState::OK, std::nullopt, editor->name + " " + editor->version};
}

// In mode cps the card chooses among several: that is in order.
insi::Check check_profile(const Call& call, const std::string& name) {
  const Config& config = *call.rules->config();
  const auto good = [](std::string detail) {
    return insi::Check{"profile", insi::CheckState::OK, std::nullopt, std::move(detail)};
  };
  try {
    const auto named = [&name](const ProfileConfig& profile) { return profile.name == name; };
    if (config.insi.mode == InsiMode::ORGANISATION && call.rules->exchange()) {
      return good(
          choose_profile(config.profiles, name, {"", call.rules->exchange()->organisation_ids()}).name);
    }
    if (!name.empty()) {
      if (std::none_of(config.profiles.begin(), config.profiles.end(), named))
        throw Error(Code::PROFILE_UNKNOWN);
      return good(name);
    }
    if (config.profiles.empty()) throw Error(Code::PROFILE_REQUIRED, "there is no [[profile]]");
    return good(std::to_string(config.profiles.size()) + " of them; the professional's card chooses");
  } catch (const Error& error) {
    return insi::failed("profile", error.code(), error.detail());
  }
}

// By a connection of its own, so that each step is taken anew.
asio::awaitable<std::vector<insi::Check>> check_online(Backend& backend, const Call& call,
                                                       v1::CheckInsiResponse& response) {
  const InsiConfig& config = call.rules->config()->insi;
  if (!call.rules->exchange()) co_return insi::connection_skipped("INSi is not configured");
  if (config.mode == InsiMode::ORGANISATION && !config.organisation.pkcs11_uri.empty()) {
    co_return insi::connection_skipped("the key is on a token: its connection is made with the first search");
  }
  std::vector<insi::Check> checks;
  try {
    const Clock::Wall asked = backend.clock.wall();
    const insi::Probe probe = co_await insi::probe(config, call.stop);
    const auto skew = insi::clock_skew(probe.answer.date, asked, backend.clock.wall());
    if (skew) response.mutable_clock_skew()->set_seconds(skew->count());
    checks = insi::check_connection(config, probe, skew, backend.clock.wall());
  } catch (const Error& error) {
    if (error.code() == Code::CANCELLED) throw;
    checks = insi::check_connection(error);
  }
  co_return checks;
}

asio::awaitable<v1::CheckInsiResponse> check_insi(Backend& backend, Call call, v1::CheckInsiRequest request) {
  v1::CheckInsiResponse response;
  const Config& config = *call.rules->config();
  for (const auto& check : insi::check_configuration(config.insi, backend.clock.wall())) {
    add(check, call.language, response);
  }
  add(check_editor(call), call.language, response);
  add(check_profile(call, request.profile()), call.language, response);
  std::vector<insi::Check> checks;
  if (request.offline()) {
    checks = insi::connection_skipped("not asked for");
  } else {
    checks = co_await check_online(backend, call, response);
  }
  for (const auto& check : checks) add(check, call.language, response);
  co_return response;
}

v1::SiteKey to_proto(const keys::SiteKey& key, v1::KeyUse use, bool current) {
  v1::SiteKey proto;
  proto.set_id(key.id);
  proto.set_use(use);
  proto.set_current(current);
  proto.set_credential(key.credential);
  return proto;
}

struct Use {
  v1::KeyUse use;
  keys::SiteKeys& keys;
};

std::array<Use, 3> uses_of(Backend& backend) {
  keys::SiteKeyRing& ring = *backend.keys;
  return {Use{v1::KEY_USE_JOURNAL, ring.journal}, Use{v1::KEY_USE_NUMBER, ring.number},
          Use{v1::KEY_USE_SEAL, ring.seal}};
}

asio::awaitable<v1::ListKeysResponse> list_keys(Backend& backend, Call call,
                                                v1::ListKeysRequest /*request*/) {
  v1::ListKeysResponse response;
  for (const auto& [use, keys] : uses_of(backend)) {
    const auto all = keys.all();
    for (const auto& key : all) *response.add_keys() = to_proto(*key, use, key == all.back());
  }
  response.set_directory((call.rules->config()->daemon.state_dir / "keys").string());
  co_return response;
}

asio::awaitable<v1::RotateKeysResponse> rotate_keys(Backend& backend, Call call,
                                                    v1::RotateKeysRequest request) {
  if (request.use() < v1::KEY_USE_UNSPECIFIED || request.use() > v1::KEY_USE_SEAL) {
    throw Error(Code::INVALID_ARGUMENT).with_field("use", "is no use of a key");
  }
  v1::RotateKeysResponse response;
  for (const auto& [use, keys] : uses_of(backend)) {
    if (request.use() != v1::KEY_USE_UNSPECIFIED && request.use() != use) continue;
    *response.add_keys() = to_proto(*keys.rotate(), use, true);
    spdlog::warn("{} is the key in use now: uid {} asked for it", response.keys().rbegin()->id(),
                 call.caller.uid);
  }
  co_return response;
}

class MaintenanceServiceAdapter final : public v1::MaintenanceService::CallbackService {
 public:
  MaintenanceServiceAdapter(Backend& backend, Caller caller)
      : backend_(backend), caller_(std::move(caller)) {}

  grpc::ServerUnaryReactor* CheckInsi(grpc::CallbackServerContext* context,
                                      const v1::CheckInsiRequest* request,
                                      v1::CheckInsiResponse* response) override {
    return unary_call(backend_, caller_, "MaintenanceService/CheckInsi", context, request, response,
                      check_insi);
  }
  grpc::ServerUnaryReactor* ListKeys(grpc::CallbackServerContext* context, const v1::ListKeysRequest* request,
                                     v1::ListKeysResponse* response) override {
    return unary_call(backend_, caller_, "MaintenanceService/ListKeys", context, request, response,
                      list_keys);
  }
  grpc::ServerUnaryReactor* RotateKeys(grpc::CallbackServerContext* context,
                                       const v1::RotateKeysRequest* request,
                                       v1::RotateKeysResponse* response) override {
    return unary_call(backend_, caller_, "MaintenanceService/RotateKeys", context, request, response,
                      rotate_keys);
  }

 private:
  Backend& backend_;
  const Caller caller_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_maintenance_service(Backend& backend, const Caller& caller) {
  return std::make_unique<MaintenanceServiceAdapter>(backend, caller);
}

}  // namespace insd::api
