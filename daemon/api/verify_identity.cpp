// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/call_context.h"
#include "daemon/api/convert.h"
#include "daemon/api/search_call.h"
#include "drivers/base/error.h"

namespace insd::api {
namespace {

IdentityVerification from_proto(const v1::VerifyIdentityRequest& request, InsiMode mode) {
  IdentityVerification asked;
  asked.context = api::from_proto(request.context(), request.has_context(), mode);
  if (!request.has_identity()) throw Error(Code::INVALID_ARGUMENT).with_field("identity", "is missing");
  const v1::IdentityToVerify& identity = request.identity();
  asked.number = identity.number();
  asked.key = identity.key();
  asked.oid = identity.oid();
  asked.birth_name = identity.birth_name();
  asked.first_given_name = identity.first_given_name();
  asked.given_names.assign(identity.given_names().begin(), identity.given_names().end());
  asked.sex = identity.sex();
  asked.birth_date = identity.birth_date();
  asked.birth_place = identity.birth_place();
  asked.expected_generations = generations_of(request.expected_generations());
  return asked;
}

void put_sent(const VerificationResult& result, v1::IdentityToVerify& proto) {
  proto.set_number(result.sent.number);
  proto.set_key(result.sent.key);
  proto.set_oid(result.sent.oid);
  proto.set_birth_name(result.sent.birth_name);
  proto.set_first_given_name(result.sent.first_given_name);
  for (const std::string& name : result.given_names_sent) proto.add_given_names(name);
  proto.set_sex(result.sent.sex);
  proto.set_birth_date(result.sent.birth_date);
  proto.set_birth_place(result.sent.birth_place);
}

v1::VerificationResult to_proto(const VerificationResult& result) {
  const insi::Verdict& verdict = result.verdict;
  v1::VerificationResult proto;
  proto.set_outcome(verdict.consistent ? v1::VERIFICATION_OUTCOME_CONSISTENT
                                       : v1::VERIFICATION_OUTCOME_INCONSISTENT);
  proto.set_environment(api::to_proto(result.environment));
  for (const SearchAttempt& attempt : result.attempts) put_attempt(attempt, *proto.add_attempts());
  for (const std::string& warning : result.warnings) proto.add_warnings(warning);
  v1::SearchTrace& trace = *proto.mutable_trace();
  trace.set_message_id(verdict.message_id);
  *trace.mutable_send_time() = api::to_proto(verdict.sent_at);
  trace.set_profile(result.profile);
  trace.set_operation(verdict.operation);
  trace.set_result_xml(verdict.result_xml);
  put_sent(result, *proto.mutable_identity_sent());
  proto.set_contract_origin(verdict.origin);
  for (const std::string& generation : result.generations) proto.add_generations(generation);
  if (result.professional_card) *proto.mutable_professional_card() = api::to_proto(*result.professional_card);
  return proto;
}

}  // namespace

boost::asio::awaitable<v1::VerifyIdentityResponse> verify_identity(Backend& backend, Call call,
                                                                   v1::VerifyIdentityRequest request) {
  IdentityVerification asked = from_proto(request, call.rules->config()->insi.mode);
  Searcher searcher = searcher_of(backend, call);
  const VerificationResult result =
      co_await backend.verification.verify(std::move(asked), std::move(searcher), call.stop);
  v1::VerifyIdentityResponse response;
  *response.mutable_result() = to_proto(result);
  co_return response;
}

}  // namespace insd::api
