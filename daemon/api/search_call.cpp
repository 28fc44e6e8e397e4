// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/search_call.h"

#include "daemon/api/call_context.h"
#include "daemon/api/convert.h"
#include "drivers/base/error.h"

namespace insd::api {
namespace {

constexpr int kMaxGenerations = 32;
constexpr std::size_t kMaxGeneration = 100;

}  // namespace

std::vector<std::string> generations_of(const google::protobuf::RepeatedPtrField<std::string>& field) {
  if (field.size() > kMaxGenerations) {
    throw Error(Code::INVALID_ARGUMENT).with_field("expected_generations", "has more than 32 entries");
  }
  for (int i = 0; i < field.size(); ++i) {
    if (field[i].empty() || field[i].size() > kMaxGeneration) {
      throw Error(Code::INVALID_ARGUMENT)
          .with_field("expected_generations[" + std::to_string(i) + "]", "is not a generation");
    }
  }
  return {field.begin(), field.end()};
}

Searcher searcher_of(const Backend& backend, const Call& call) {
  Searcher searcher;
  searcher.owner = call.owner();
  searcher.until = call.until;
  searcher.role = call.rules->policy().role(call.caller);
  searcher.allowed = reader_filter(backend, call);
  searcher.config = call.rules->config();
  searcher.editor = call.rules->editor_for(call.caller);
  searcher.exchange = call.rules->exchange();
  if (searcher.exchange) {
    searcher.organisation_ids = searcher.exchange->organisation_ids();
    searcher.certificate_names = searcher.exchange->certificate_names();
  }
  return searcher;
}

}  // namespace insd::api
