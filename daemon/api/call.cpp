// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/call.h"

#include <algorithm>

#include "drivers/base/error.h"

namespace insd::api {

desk::Owner Call::owner() const {
  desk::Owner made;
  made.uid = caller.uid;
  made.pid = caller.pid;
  made.unit = caller.unit;
  made.executable = caller.executable;
  return made;
}

desk::Patience Call::patience() const {
  desk::Patience made(stop, caller.uid, caller.pid);
  made.until = until;
  return made;
}

std::optional<std::chrono::steady_clock::time_point> deadline_of(const grpc::CallbackServerContext& context) {
  using std::chrono::system_clock;
  const auto deadline = context.deadline();
  if (deadline == system_clock::time_point::max()) return std::nullopt;
  // gRPC tells it by the wall clock, which somebody may set; from here on it is a length of time. A day is as
  // good as for ever.
  const auto left = std::min<system_clock::duration>(deadline - system_clock::now(), std::chrono::hours(24));
  return std::chrono::steady_clock::now() + left;
}

Language language_of(const grpc::CallbackServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find("accept-language");
  if (found == metadata.end()) return Language::FRENCH;
  return language_from({found->second.data(), found->second.size()});
}

Call admit(const Backend& backend, const Caller& caller, std::string_view method, Language language,
           std::stop_token stop) {
  if (backend.stopping) throw Error(Code::SHUTTING_DOWN);
  Call call;
  call.caller = caller;
  call.method = method;
  call.rules = backend.rules.get();
  call.language = language;
  call.stop = std::move(stop);
  if (call.rules->policy().decide(caller, method) != Verdict::ALLOWED) {
    throw Error(Code::PERMISSION_DENIED);
  }
  if (!backend.limiter.admit(caller.uid)) throw Error(Code::RATE_LIMITED);
  return call;
}

desk::ReaderFilter reader_filter(const Backend& backend, const Call& call) {
  return [&rules = backend.rules, caller = call.caller, method = call.method](const desk::Reader& reader) {
    return rules.get()->policy().decide(caller, method, ReaderNames{reader.name, reader.alias}) ==
           Verdict::ALLOWED;
  };
}

}  // namespace insd::api
