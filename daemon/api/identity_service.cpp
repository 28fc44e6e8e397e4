// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/convert.h"
#include "daemon/api/identity_convert.h"
#include "daemon/api/identity_request.h"
#include "daemon/api/identity_seal.h"
#include "daemon/api/kiosk_view.h"
#include "daemon/api/services.h"
#include "daemon/api/unary_call.h"
#include "daemon/identity/evidence.h"
#include "daemon/identity/matricule.h"
#include "daemon/identity/oid.h"
#include "insd/v1/identity_service.grpc.pb.h"

namespace insd::api {
namespace {

// Beside the overloads of this file.
using api::to_proto;

constexpr std::size_t kMaxAnswerId = 64;
constexpr int kMaxConfirmed = 16;

std::chrono::seconds ttl(const Call& call) {
  return call.rules->config()->identity.ttl;
}

identity::Act act_of(const Backend& backend, const Deed& deed) {
  return {deed.by, backend.clock.wall()};
}

// A pending answer of the identity, or one of the store.
identity::Answer answer_for(Backend& backend, const Call& call, const std::string& answer_id,
                            const identity::Identity* identity) {
  if (!answer_id.empty()) {
    if (answer_id.size() > kMaxAnswerId) {
      throw Error(Code::INVALID_ARGUMENT).with_field("answer_id", "is not the id of an answer");
    }
    return answer_of(backend.answers.find(answer_id, call.caller.uid));
  }
  if (identity == nullptr || !identity->pending) {
    throw Error(Code::INVALID_ARGUMENT).with_field("answer_id", "is missing, and no answer is pending");
  }
  return *identity->pending;
}

// What the request says is known, when it names no identity.
template <class Request>
identity::Identity known_in(const Request& request, const Backend& backend, const Call& call) {
  identity::Violations violations("");
  identity::Identity known;
  known.traits =
      traits_of(request.known_traits(), true, false, backend.clock.wall(), "known_traits", violations);
  if (request.has_known_number()) {
    known.number = number_of(request.known_number(), "known_number", violations);
    const auto oid = identity::find_oid(known.number->oid);
    known.test_environment = call.rules->config()->insi.environment == InsiEnvironment::TEST ||
                             (oid && oid->environment != identity::OidEnvironment::PRODUCTION);
  }
  violations.throw_if_any(Code::INVALID_ARGUMENT);
  return known;
}

template <class Request>
void refuse_known_beside_identity(const Request& request) {
  identity::Violations violations("");
  if (request.has_known_traits()) violations.add("known_traits", "is refused beside identity");
  if (request.has_known_number()) violations.add("known_number", "is refused beside identity");
  violations.throw_if_any(Code::INVALID_ARGUMENT);
}

boost::asio::awaitable<v1::CreateIdentityResponse> create_identity(Backend& backend, Call call,
                                                                   v1::CreateIdentityRequest request) {
  const Deed deed = deed_of(backend, call, request.context(), request.has_context(), "identity.create", true);
  const bool kiosk = is_kiosk(call);
  identity::Violations violations("");
  identity::Identity identity;
  std::vector<std::string> generations;
  if (kiosk && request.answer_id().empty()) {
    violations.add("answer_id", "is missing: a kiosk types no traits");
  }
  const bool traits_needed = request.answer_id().empty();
  if (request.has_traits() || traits_needed) {
    identity.traits =
        traits_of(request.traits(), true, traits_needed, backend.clock.wall(), "traits", violations);
  }
  identity.used = used_of(request.used_names(), "used_names", violations);
  identity.attributes = attributes_of(request.attributes(), "", violations);
  identity.ins_expectation =
      expectation_of(request.ins_expectation(), request.expectation_reason(), violations);
  identity.expectation_reason = request.expectation_reason();
  violations.throw_if_any(Code::INVALID_ARGUMENT);
  if (!request.answer_id().empty()) {
    identity.pending = answer_for(backend, call, request.answer_id(), nullptr);
    identity.test_environment = identity.pending->test_environment;
    if (identity.attributes.doubtful || identity.attributes.fictitious) {
      throw Error(Code::IDENTITY_STATE, "a doubtful or fictitious identity takes no answer");
    }
    if (kiosk) generations = backend.answers.find(request.answer_id(), call.caller.uid).generations;
  }
  v1::CreateIdentityResponse response;
  *response.mutable_identity() = report_for(
      backend, call, backend.identities.add(deed, std::move(identity), ttl(call), std::move(generations)));
  co_return response;
}

boost::asio::awaitable<v1::DeclareIdentityResponse> declare_identity(Backend& backend, Call call,
                                                                     v1::DeclareIdentityRequest request) {
  const Deed deed = deed_of(backend, call, request.context(), request.has_context(), "identity.declare");
  identity::Violations violations("");
  if (!request.has_facts()) violations.add("facts", "is missing");
  identity::Identity identity = declared(request.facts(), backend.clock.wall(), "facts", violations);
  const auto oid = identity.number ? identity::find_oid(identity.number->oid) : std::nullopt;
  if (oid && oid->environment != identity::OidEnvironment::PRODUCTION &&
      call.rules->config()->insi.environment == InsiEnvironment::PRODUCTION) {
    violations.add("facts.number.oid", "is of a test range, and this is production");
  }
  violations.throw_if_any(Code::INVALID_ARGUMENT);
  if (call.rules->config()->insi.environment == InsiEnvironment::TEST && identity.number) {
    identity.test_environment = true;
  }
  v1::DeclareIdentityResponse response;
  *response.mutable_identity() =
      report_for(backend, call, backend.identities.add(deed, std::move(identity), ttl(call)));
  co_return response;
}

boost::asio::awaitable<v1::CompareResponse> compare_identity(Backend& backend, Call call,
                                                             v1::CompareRequest request) {
  identity::Identity known;
  if (request.has_identity()) {
    refuse_known_beside_identity(request);
    known = resolve(backend, call, request.identity(), reading_deed(call)).identity;
  } else {
    known = known_in(request, backend, call);
  }
  const identity::Answer answer =
      answer_for(backend, call, request.answer_id(), request.has_identity() ? &known : nullptr);
  const identity::Known compared = identity::known_of(known);
  v1::CompareResponse response;
  *response.mutable_comparison() = to_proto(identity::compare(compared, answer), compared, answer);
  co_return response;
}

identity::AcceptOrder order_of(const v1::AcceptRequest& request, identity::Time now) {
  identity::Violations violations("");
  identity::AcceptOrder order;
  order.number_change_confirmed = request.number_change_confirmed();
  const v1::IdentityTraits chosen = [&] {
    v1::IdentityTraits traits;
    traits.set_first_given_name(request.first_given_name());
    return traits;
  }();
  order.first_given_name = traits_of(chosen, true, false, now, "", violations).first_given_name;
  if (request.confirmed_traits_size() > kMaxConfirmed) {
    violations.add("confirmed_traits", "has more than 16 entries");
  } else {
    for (int i = 0; i < request.confirmed_traits_size(); ++i) {
      const int trait = request.confirmed_traits(i);
      if (trait <= v1::TRAIT_UNSPECIFIED || trait > v1::TRAIT_BIRTH_PLACE) {
        violations.add("confirmed_traits[" + std::to_string(i) + "]", "is not known");
      } else {
        order.confirmed.push_back(static_cast<identity::TraitName>(trait - 1));
      }
    }
  }
  violations.throw_if_any(Code::INVALID_ARGUMENT);
  return order;
}

boost::asio::awaitable<v1::AcceptResponse> accept_answer(Backend& backend, Call call,
                                                         v1::AcceptRequest request) {
  const Deed deed = deed_of(backend, call, request.context(), request.has_context(), "identity.accept");
  const identity::Act act = act_of(backend, deed);
  const identity::AcceptOrder order = order_of(request, act.at);
  v1::AcceptResponse response;
  const auto accept_into = [&](identity::Identity& identity) {
    const identity::Answer answer = answer_for(backend, call, request.answer_id(), &identity);
    const identity::Known before = identity::known_of(identity);
    identity::Accepted accepted = identity::accept(identity, answer, order, act);
    *response.mutable_comparison() = to_proto(accepted.comparison, before, answer);
    for (const identity::TraitName trait : accepted.changed) response.add_changed_traits(to_proto(trait));
    return accepted.changed;
  };
  if (request.has_identity()) {
    refuse_known_beside_identity(request);
    const std::string id = resolve(backend, call, request.identity(), deed).identity.id;
    *response.mutable_identity() =
        report_for(backend, call,
                   backend.identities.change(deed, id, request.expected_revision(), ttl(call), accept_into));
  } else {
    identity::Identity identity = known_in(request, backend, call);
    accept_into(identity);
    *response.mutable_identity() =
        report_for(backend, call, backend.identities.add(deed, std::move(identity), ttl(call)));
  }
  co_return response;
}

// Who checked, when and against what is for the daemon to say.
void refuse_given_facts(const v1::Evidence& evidence, identity::Violations& violations) {
  constexpr const char* kWhy = "is set by the daemon";
  if (!evidence.checked_by().empty()) violations.add("evidence.checked_by", kWhy);
  if (evidence.has_check_time()) violations.add("evidence.check_time", kWhy);
  if (!evidence.traits_digest().empty()) violations.add("evidence.traits_digest", kWhy);
  if (!evidence.fr_core_code().empty()) violations.add("evidence.fr_core_code", kWhy);
}

boost::asio::awaitable<v1::ValidateResponse> validate_identity(Backend& backend, Call call,
                                                               v1::ValidateRequest request) {
  Deed deed = deed_of(backend, call, request.context(), request.has_context(), "identity.validate");
  identity::Violations violations("");
  if (request.has_evidence() == request.confirm_evidence()) {
    violations.add("evidence", "must be there, or confirm_evidence must be set, and not both");
  }
  const identity::Evidence evidence = evidence_of(request.evidence(), "evidence", violations);
  refuse_given_facts(request.evidence(), violations);
  const std::string shown = digest_of(request.traits_digest(), "traits_digest", violations);
  violations.throw_if_any(Code::INVALID_ARGUMENT);
  if (const auto* kind = identity::find_evidence(evidence.type)) {
    deed.operation += ' ' + std::string(kind->name);
  }
  const identity::Act act = act_of(backend, deed);
  const std::string id = resolve(backend, call, request.identity(), deed).identity.id;
  const auto validate_it = [&](identity::Identity& identity) -> std::vector<identity::TraitName> {
    if (request.confirm_evidence()) {
      identity::confirm_evidence(identity, shown, act);
    } else {
      identity::validate(identity, evidence, shown, act);
    }
    return {};
  };
  v1::ValidateResponse response;
  *response.mutable_identity() =
      report_for(backend, call,
                 backend.identities.change(deed, id, request.expected_revision(), ttl(call), validate_it));
  co_return response;
}

boost::asio::awaitable<v1::SetAttributesResponse> set_attributes(Backend& backend, Call call,
                                                                 v1::SetAttributesRequest request) {
  const Deed deed =
      deed_of(backend, call, request.context(), request.has_context(), "identity.set_attributes");
  identity::Violations violations("");
  if (request.attributes().empty()) violations.add("attributes", "is missing: say NONE");
  const identity::Attributes attributes = attributes_of(request.attributes(), "", violations);
  violations.throw_if_any(Code::INVALID_ARGUMENT);
  const std::string id = resolve(backend, call, request.identity(), deed).identity.id;
  const auto set_them = [&](identity::Identity& identity) -> std::vector<identity::TraitName> {
    identity::set_attributes(identity, attributes);
    return {};
  };
  v1::SetAttributesResponse response;
  *response.mutable_identity() = report_for(
      backend, call, backend.identities.change(deed, id, request.expected_revision(), ttl(call), set_them));
  co_return response;
}

boost::asio::awaitable<v1::GetStatusResponse> get_status(Backend& backend, Call call,
                                                         v1::GetStatusRequest request) {
  v1::GetStatusResponse response;
  *response.mutable_identity() =
      report_for(backend, call, resolve(backend, call, request.identity(), reading_deed(call)));
  co_return response;
}

boost::asio::awaitable<v1::DemoteResponse> demote_identity(Backend& backend, Call call,
                                                           v1::DemoteRequest request) {
  const Deed deed = deed_of(backend, call, request.context(), request.has_context(), "identity.demote");
  if (request.demotion() < v1::DEMOTION_ACCEPTANCE || request.demotion() > v1::DEMOTION_ALL) {
    throw Error(Code::INVALID_ARGUMENT).with_field("demotion", "is missing or not known");
  }
  const auto demotion = static_cast<identity::Demotion>(static_cast<int>(request.demotion()) - 1);
  const std::string id = resolve(backend, call, request.identity(), deed).identity.id;
  const auto demote_it = [&](identity::Identity& identity) -> std::vector<identity::TraitName> {
    identity::demote(identity, demotion);
    return {};
  };
  v1::DemoteResponse response;
  *response.mutable_identity() = report_for(
      backend, call, backend.identities.change(deed, id, request.expected_revision(), ttl(call), demote_it));
  co_return response;
}

boost::asio::awaitable<v1::AcceptApcvResponse> accept_apcv(Backend& backend, Call call,
                                                           v1::AcceptApcvRequest request) {
  const Deed deed = deed_of(backend, call, request.context(), request.has_context(), "identity.accept_apcv");
  const identity::Act act = act_of(backend, deed);
  identity::Violations violations("");
  identity::Identity identity;
  identity.number = number_of(request.number(), "number", violations);
  if (identity.number->key.empty()) violations.add("number.key", "is missing");
  identity.traits = traits_of(request.traits(), false, true, act.at, "traits", violations);
  if (request.traits().first_given_name().empty()) violations.add("traits.first_given_name", "is missing");
  if (request.traits().given_names().empty()) violations.add("traits.given_names", "is missing");
  if (request.traits().birth_place().empty()) violations.add("traits.birth_place", "is missing");
  identity.used = used_of(request.used_names(), "used_names", violations);
  const auto oid = identity::find_oid(identity.number->oid);
  const bool test_range = oid && oid->environment != identity::OidEnvironment::PRODUCTION;
  const InsiEnvironment environment = call.rules->config()->insi.environment;
  if (test_range && environment == InsiEnvironment::PRODUCTION) {
    violations.add("number.oid", "is of a test range, and this is production");
  }
  violations.throw_if_any(Code::INVALID_ARGUMENT);
  identity.source = identity::Source::APPLICATION_CARTE_VITALE;
  identity.acceptance = identity::Acceptance{act.by, act.at};
  identity.test_environment = test_range || environment == InsiEnvironment::TEST;
  identity::Evidence evidence;
  evidence.type = identity::EvidenceType::APPLICATION_CARTE_VITALE;
  evidence.checked_by = act.by;
  evidence.checked_at = act.at;
  evidence.traits_digest = identity::traits_digest(identity.traits);
  identity.evidence = std::move(evidence);
  v1::AcceptApcvResponse response;
  *response.mutable_identity() =
      report_for(backend, call, backend.identities.add(deed, std::move(identity), ttl(call)));
  co_return response;
}

boost::asio::awaitable<v1::SealResponse> seal_it(Backend& backend, Call call, v1::SealRequest request) {
  const Deed deed = deed_of(backend, call, request.context(), request.has_context(), "identity.seal", true);
  const identity::Identity identity = resolve(backend, call, request.identity(), deed).identity;
  const Clock::Wall expires = backend.clock.wall() + call.rules->config()->identity.token_ttl;
  const Bytes token = seal_identity(backend, call, identity, request.audience(), expires);
  backend.identities.sealed(deed, identity.id, expires);
  v1::SealResponse response;
  response.set_sealed_token(token.data(), token.size());
  *response.mutable_expire_time() = to_proto(expires);
  response.set_revision(identity.revision);
  co_return response;
}

boost::asio::awaitable<v1::RestoreResponse> restore_it(Backend& backend, Call call,
                                                       v1::RestoreRequest request) {
  const Deed deed = deed_of(backend, call, request.context(), request.has_context(), "identity.restore");
  v1::IdentityRef ref;
  ref.set_sealed_token(request.sealed_token());
  v1::RestoreResponse response;
  *response.mutable_identity() = report_for(backend, call, resolve(backend, call, ref, deed));
  co_return response;
}

boost::asio::awaitable<v1::ForgetIdentityResponse> forget_it(Backend& backend, Call call,
                                                             v1::ForgetIdentityRequest request) {
  require_identity_id(request.identity_id(), "identity_id");
  backend.identities.forget(request.identity_id(), call.caller.uid);
  co_return v1::ForgetIdentityResponse();
}

#define INSD_UNARY(METHOD, HANDLER)                                                                          \
  grpc::ServerUnaryReactor* METHOD(grpc::CallbackServerContext* context, const v1::METHOD##Request* request, \
                                   v1::METHOD##Response* response) override {                                \
    return unary_call(backend_, caller_, "IdentityService/" #METHOD, context, request, response, HANDLER);   \
  }

class IdentityServiceAdapter final : public v1::IdentityService::CallbackService {
 public:
  IdentityServiceAdapter(Backend& backend, Caller caller) : backend_(backend), caller_(std::move(caller)) {}

  INSD_UNARY(CreateIdentity, create_identity)
  INSD_UNARY(DeclareIdentity, declare_identity)
  INSD_UNARY(Compare, compare_identity)
  INSD_UNARY(Accept, accept_answer)
  INSD_UNARY(Validate, validate_identity)
  INSD_UNARY(SetAttributes, set_attributes)
  INSD_UNARY(GetStatus, get_status)
  INSD_UNARY(Demote, demote_identity)
  INSD_UNARY(AcceptApcv, accept_apcv)
  INSD_UNARY(Seal, seal_it)
  INSD_UNARY(Restore, restore_it)
  INSD_UNARY(ForgetIdentity, forget_it)

 private:
  Backend& backend_;
  const Caller caller_;
};

#undef INSD_UNARY

}  // namespace

std::unique_ptr<grpc::Service> make_identity_service(Backend& backend, const Caller& caller) {
  return std::make_unique<IdentityServiceAdapter>(backend, caller);
}

}  // namespace insd::api
