// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "daemon/api/call_context.h"
#include "daemon/api/convert.h"
#include "daemon/api/insi_state.h"
#include "daemon/api/kiosk_view.h"
#include "daemon/api/number_kind.h"
#include "daemon/api/search_call.h"
#include "daemon/api/services.h"
#include "daemon/api/unary_call.h"
#include "daemon/identity/matricule.h"
#include "daemon/identity/name.h"
#include "daemon/identity/oid.h"
#include "insd/v1/insi_service.grpc.pb.h"

namespace insd::api {
namespace {

// Beside the overloads of this file.
using api::from_proto;
using api::to_proto;

// Nothing when absent or not a time of this century: the clock counts nanoseconds in 64 bits.
std::optional<Clock::Wall> wall_time(const v1::SuppliedReading& supplied) {
  constexpr std::int64_t kYear2100 = 4'102'444'800;
  const auto& time = supplied.read_time();
  if (!supplied.has_read_time() || time.seconds() < 0 || time.seconds() > kYear2100 || time.nanos() < 0 ||
      time.nanos() > 999'999'999) {
    return std::nullopt;
  }
  return Clock::Wall(std::chrono::seconds(time.seconds()) + std::chrono::duration_cast<Clock::Wall::duration>(
                                                                std::chrono::nanoseconds(time.nanos())));
}

CardNature from_proto(v1::CardNature nature) {
  switch (nature) {
    case v1::CARD_NATURE_UNSPECIFIED:
      return CardNature::UNKNOWN;
    case v1::CARD_NATURE_REAL:
      return CardNature::REAL;
    case v1::CARD_NATURE_TEST:
      return CardNature::TEST;
    case v1::CARD_NATURE_DEMONSTRATION:
      return CardNature::DEMONSTRATION;
    default:
      throw Error(Code::INVALID_ARGUMENT).with_field("supplied.card_nature", "is not known");
  }
}

VitaleSearch from_proto(const v1::SearchByVitaleRequest& request, InsiMode mode) {
  VitaleSearch search;
  search.context = from_proto(request.context(), request.has_context(), mode);
  switch (request.reading_case()) {
    case v1::SearchByVitaleRequest::kCard:
      search.reading =
          CardChoice{from_proto(request.card().card(), "card.card"), request.card().beneficiary_index()};
      break;
    case v1::SearchByVitaleRequest::kSupplied: {
      const v1::SuppliedReading& supplied = request.supplied();
      search.reading = SuppliedCard{supplied.serial(),
                                    supplied.insured_nir(),
                                    supplied.beneficiary_nir(),
                                    supplied.birth_name(),
                                    supplied.birth_date(),
                                    wall_time(supplied),
                                    from_proto(supplied.card_nature())};
      break;
    }
    case v1::SearchByVitaleRequest::READING_NOT_SET:
      throw Error(Code::INVALID_ARGUMENT).with_field("card", "is missing, and so is supplied");
  }
  if (request.has_birth_rank()) search.birth_rank = request.birth_rank();
  search.expected_generations = generations_of(request.expected_generations());
  return search;
}

TraitsSearch from_proto(const v1::SearchByTraitsRequest& request, InsiMode mode) {
  TraitsSearch search;
  search.context = from_proto(request.context(), request.has_context(), mode);
  if (!request.has_traits()) throw Error(Code::INVALID_ARGUMENT).with_field("traits", "is missing");
  const v1::SearchTraits& traits = request.traits();
  search.birth_name = traits.birth_name();
  search.given_names.assign(traits.given_names().begin(), traits.given_names().end());
  search.sex = traits.sex();
  search.birth_date = traits.birth_date();
  search.birth_place = traits.birth_place();
  search.expected_generations = generations_of(request.expected_generations());
  return search;
}

void put_number(const insi::Number& number, v1::InsNumber& proto) {
  proto.set_number(number.number);
  proto.set_key(number.key);
  proto.set_oid(number.oid);
  proto.set_kind(number_kind(number.oid));
  proto.set_start_date(number.start_date);
  proto.set_end_date(number.end_date);
  proto.set_key_valid(number.key.empty() || identity::key_matches({number.number, number.key}));
}

// Each number with its OID once, without the active one: a history may repeat both (specs: ins-rules 1.10).
void put_distinct_history(const insi::Answer& answer, v1::InsiAnswer& proto) {
  std::set<std::pair<std::string, std::string>> seen{{answer.active.number, answer.active.oid}};
  for (const insi::Number& number : answer.history) {
    if (seen.emplace(number.number, number.oid).second) put_number(number, *proto.add_distinct_history());
  }
}

void put_answer(const insi::Answer& answer, v1::InsiAnswer& proto) {
  put_number(answer.active, *proto.mutable_number());
  for (const insi::Number& number : answer.history) put_number(number, *proto.add_history());
  put_distinct_history(answer, proto);
  v1::InsiTraits& traits = *proto.mutable_traits();
  traits.set_birth_name(answer.birth_name);
  traits.set_given_names(answer.given_names);
  traits.set_first_given_name(answer.first_given_name);
  traits.set_sex(answer.sex);
  traits.set_birth_date(answer.birth_date);
  traits.set_birth_place(answer.birth_place);
  for (const std::string& candidate : identity::first_given_name_candidates(answer.given_names)) {
    traits.add_first_given_name_candidates(candidate);
  }
}

v1::SearchOutcome to_proto(insi::Outcome outcome) {
  switch (outcome) {
    case insi::Outcome::FOUND:
      return v1::SEARCH_OUTCOME_FOUND;
    case insi::Outcome::NOT_FOUND:
      return v1::SEARCH_OUTCOME_NOT_FOUND;
    case insi::Outcome::SEVERAL:
      return v1::SEARCH_OUTCOME_SEVERAL;
  }
  return v1::SEARCH_OUTCOME_UNSPECIFIED;
}

void put_sent(const SentTraits& sent, v1::TraitsSent& proto) {
  proto.set_birth_name(sent.birth_name);
  proto.set_given_name(sent.given_name);
  proto.set_sex(sent.sex);
  proto.set_birth_date(sent.birth_date);
  proto.set_birth_place(sent.birth_place);
  if (sent.birth_rank) {
    proto.set_birth_rank(*sent.birth_rank);
    proto.set_birth_rank_source(sent.birth_rank_assumed ? v1::DATUM_SOURCE_ASSUMED : v1::DATUM_SOURCE_CALLER);
  }
}

v1::SearchResult to_proto(const SearchResult& result) {
  const insi::Reply& reply = result.reply;
  v1::SearchResult proto;
  proto.set_outcome(to_proto(reply.outcome));
  if (reply.answer) {
    put_answer(*reply.answer, *proto.mutable_answer());
    proto.mutable_answer()->set_test_environment(result.environment != InsiEnvironment::PRODUCTION);
  }
  proto.set_environment(to_proto(result.environment));
  if (result.answer) {
    proto.set_answer_id(result.answer->id);
    *proto.mutable_expire_time() = to_proto(result.answer->expires);
  }
  for (const SearchAttempt& attempt : result.attempts) put_attempt(attempt, *proto.add_attempts());
  for (const std::string& warning : result.warnings) proto.add_warnings(warning);
  v1::SearchTrace& trace = *proto.mutable_trace();
  trace.set_message_id(reply.message_id);
  *trace.mutable_send_time() = to_proto(reply.sent_at);
  trace.set_profile(result.profile);
  trace.set_operation(reply.operation);
  trace.set_result_xml(reply.result_xml);
  put_sent(result.sent, *trace.mutable_traits_sent());
  for (const std::string& code : result.missing_for_qualification) proto.add_missing_for_qualification(code);
  for (const std::string& generation : result.generations) proto.add_generations(generation);
  if (result.professional_card) *proto.mutable_professional_card() = to_proto(*result.professional_card);
  if (result.vitale_card) *proto.mutable_vitale_card() = to_proto(*result.vitale_card);
  if (result.by_card) {
    proto.set_reading_source(result.card_supplied ? v1::DATUM_SOURCE_CALLER : v1::DATUM_SOURCE_READ);
  }
  proto.set_matched_given_name(result.matched_given_name);
  for (const std::string& step : result.next_steps) proto.add_next_steps(step);
  proto.set_acceptance_blocked(result.blocked);
  return proto;
}

v1::SearchResult to_proto(const SearchResult& result, const Call& call) {
  v1::SearchResult proto = to_proto(result);
  if (is_kiosk(call)) hide_person(proto);
  return proto;
}

boost::asio::awaitable<v1::SearchByVitaleResponse> search_by_vitale(Backend& backend, Call call,
                                                                    v1::SearchByVitaleRequest request) {
  VitaleSearch search = from_proto(request, call.rules->config()->insi.mode);
  const auto* choice = std::get_if<CardChoice>(&search.reading);
  if (choice != nullptr && is_kiosk(call)) require_visit(backend, call, *choice);
  Searcher searcher = searcher_of(backend, call);
  const SearchResult result =
      co_await backend.search.by_vitale(std::move(search), std::move(searcher), call.stop);
  v1::SearchByVitaleResponse response;
  *response.mutable_result() = to_proto(result, call);
  co_return response;
}

boost::asio::awaitable<v1::SearchByTraitsResponse> search_by_traits(Backend& backend, Call call,
                                                                    v1::SearchByTraitsRequest request) {
  TraitsSearch search = from_proto(request, call.rules->config()->insi.mode);
  Searcher searcher = searcher_of(backend, call);
  const SearchResult result =
      co_await backend.search.by_traits(std::move(search), std::move(searcher), call.stop);
  v1::SearchByTraitsResponse response;
  *response.mutable_result() = to_proto(result, call);
  co_return response;
}

boost::asio::awaitable<v1::ListSearchAttemptsResponse> list_search_attempts(
    Backend& backend, Call call, v1::ListSearchAttemptsRequest request) {
  if (request.request_id().empty())
    throw Error(Code::INVALID_ARGUMENT).with_field("request_id", "is missing");
  v1::ListSearchAttemptsResponse response;
  for (const SearchAttempt& each : backend.failed_searches.find(request.request_id(), call.caller.uid))
    put_attempt(each, *response.add_attempts());
  co_return response;
}

class InsiServiceAdapter final : public v1::InsiService::CallbackService {
 public:
  InsiServiceAdapter(Backend& backend, Caller caller) : backend_(backend), caller_(std::move(caller)) {}

  grpc::ServerUnaryReactor* SearchByVitale(grpc::CallbackServerContext* context,
                                           const v1::SearchByVitaleRequest* request,
                                           v1::SearchByVitaleResponse* response) override {
    return unary_call(backend_, caller_, "InsiService/SearchByVitale", context, request, response,
                      search_by_vitale);
  }
  grpc::ServerUnaryReactor* SearchByTraits(grpc::CallbackServerContext* context,
                                           const v1::SearchByTraitsRequest* request,
                                           v1::SearchByTraitsResponse* response) override {
    return unary_call(backend_, caller_, "InsiService/SearchByTraits", context, request, response,
                      search_by_traits);
  }
  grpc::ServerUnaryReactor* VerifyIdentity(grpc::CallbackServerContext* context,
                                           const v1::VerifyIdentityRequest* request,
                                           v1::VerifyIdentityResponse* response) override {
    return unary_call(backend_, caller_, "InsiService/VerifyIdentity", context, request, response,
                      verify_identity);
  }
  grpc::ServerUnaryReactor* ListSearchAttempts(grpc::CallbackServerContext* context,
                                               const v1::ListSearchAttemptsRequest* request,
                                               v1::ListSearchAttemptsResponse* response) override {
    return unary_call(backend_, caller_, "InsiService/ListSearchAttempts", context, request, response,
                      list_search_attempts);
  }
  grpc::ServerUnaryReactor* GetInsiState(grpc::CallbackServerContext* context,
                                         const v1::GetInsiStateRequest* request,
                                         v1::GetInsiStateResponse* response) override {
    return unary_call(backend_, caller_, "InsiService/GetInsiState", context, request, response,
                      get_insi_state);
  }
  grpc::ServerWriteReactor<v1::WatchInsiStateResponse>* WatchInsiState(
      grpc::CallbackServerContext* context, const v1::WatchInsiStateRequest* request) override {
    return watch_insi_state(backend_, caller_, context, *request);
  }

 private:
  Backend& backend_;
  const Caller caller_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_insi_service(Backend& backend, const Caller& caller) {
  return std::make_unique<InsiServiceAdapter>(backend, caller);
}

}  // namespace insd::api
