// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/convert.h"
#include "daemon/api/lease_stream.h"
#include "daemon/api/login_stream.h"
#include "daemon/api/services.h"
#include "daemon/api/unary_call.h"
#include "insd/v1/professional_service.grpc.pb.h"

namespace insd::api {
namespace {

// Beside the overloads of this file.
using api::to_proto;

v1::ProfessionalCardType to_proto(desk::CardType type) {
  switch (type) {
    case desk::CardType::UNKNOWN:
      return v1::PROFESSIONAL_CARD_TYPE_UNSPECIFIED;
    case desk::CardType::CPS:
      return v1::PROFESSIONAL_CARD_TYPE_CPS;
    case desk::CardType::CPF:
      return v1::PROFESSIONAL_CARD_TYPE_CPF;
    case desk::CardType::CPE:
      return v1::PROFESSIONAL_CARD_TYPE_CPE;
    case desk::CardType::CPA:
      return v1::PROFESSIONAL_CARD_TYPE_CPA;
  }
  return v1::PROFESSIONAL_CARD_TYPE_UNSPECIFIED;
}

v1::CpsBackend to_proto(CpsBackend backend) {
  switch (backend) {
    case CpsBackend::AUTO:
      return v1::CPS_BACKEND_UNSPECIFIED;
    case CpsBackend::DIRECT:
      return v1::CPS_BACKEND_DIRECT;
    case CpsBackend::MODULE:
      return v1::CPS_BACKEND_MODULE;
  }
  return v1::CPS_BACKEND_UNSPECIFIED;
}

v1::CertificateTrust to_proto(insi::Trust trust) {
  switch (trust) {
    case insi::Trust::NOT_JUDGED:
      return v1::CERTIFICATE_TRUST_UNSPECIFIED;
    case insi::Trust::TRUSTED:
      return v1::CERTIFICATE_TRUST_TRUSTED;
    case insi::Trust::UNTRUSTED:
      return v1::CERTIFICATE_TRUST_UNTRUSTED;
    case insi::Trust::NOT_VALID_NOW:
      return v1::CERTIFICATE_TRUST_NOT_VALID_NOW;
    case insi::Trust::WRONG_USE:
      return v1::CERTIFICATE_TRUST_WRONG_USE;
    case insi::Trust::REVOKED:
      return v1::CERTIFICATE_TRUST_REVOKED;
    case insi::Trust::REVOCATION_UNKNOWN:
      return v1::CERTIFICATE_TRUST_REVOCATION_UNKNOWN;
  }
  return v1::CERTIFICATE_TRUST_UNTRUSTED;
}

v1::NationalIdKind to_proto(desk::NationalIdKind kind) {
  switch (kind) {
    case desk::NationalIdKind::UNKNOWN:
      return v1::NATIONAL_ID_KIND_UNSPECIFIED;
    case desk::NationalIdKind::RPPS:
      return v1::NATIONAL_ID_KIND_RPPS;
    case desk::NationalIdKind::ADELI:
      return v1::NATIONAL_ID_KIND_ADELI;
    case desk::NationalIdKind::STUDENT:
      return v1::NATIONAL_ID_KIND_STUDENT;
    case desk::NationalIdKind::STRUCTURE_STAFF:
      return v1::NATIONAL_ID_KIND_STRUCTURE_STAFF;
  }
  return v1::NATIONAL_ID_KIND_UNSPECIFIED;
}

v1::DatumSource to_proto(desk::DataSource source) {
  switch (source) {
    case desk::DataSource::NOT_ASKED:
      return v1::DATUM_SOURCE_UNSPECIFIED;
    case desk::DataSource::READ:
      return v1::DATUM_SOURCE_READ;
    case desk::DataSource::NOT_PRESENT:
      return v1::DATUM_SOURCE_NOT_PRESENT;
    case desk::DataSource::UNSUPPORTED:
      return v1::DATUM_SOURCE_UNSUPPORTED;
  }
  return v1::DATUM_SOURCE_UNSPECIFIED;
}

std::string bytes_text(const Bytes& bytes) {
  return {bytes.begin(), bytes.end()};
}

v1::ProfessionalCard to_proto(const desk::Professional& who) {
  v1::ProfessionalCard proto;
  proto.set_reader(printable(who.card.reader));
  proto.set_reader_alias(who.card.alias);
  proto.set_desk(who.card.desk);
  proto.set_generation(who.card.generation);
  proto.set_card_kind(to_proto(who.card.kind));
  proto.set_card_number(printable(who.card_number));
  proto.set_label(printable(who.label));
  proto.set_card_type(to_proto(who.type));
  proto.set_national_id(printable(who.national_id));
  proto.set_family_name(printable(who.family_name));
  proto.set_given_name(printable(who.given_name));
  proto.set_title(printable(who.title));
  proto.set_organisation_id(printable(who.organisation_id));
  proto.set_issuer(printable(who.issuer, 500));
  if (who.not_before) *proto.mutable_not_before() = to_proto(*who.not_before);
  if (who.not_after) *proto.mutable_not_after() = to_proto(*who.not_after);
  proto.set_test_pki(who.test_pki);
  if (who.tries_left) proto.set_pin_tries_left(*who.tries_left);
  proto.set_pin_blocked(who.pin_blocked);
  proto.set_backend(to_proto(who.capabilities.backend));
  proto.set_national_id_kind(to_proto(who.national_id_kind));
  proto.set_profession_code(who.profession_code);
  proto.set_speciality_code(who.speciality_code);
  proto.set_speciality_source(to_proto(who.speciality_source));
  proto.set_certificate_trust(to_proto(who.judgement.trust));
  proto.set_revocation_list_stale(who.judgement.stale_list);
  proto.set_signature_certificate(bytes_text(who.signature_certificate));
  proto.set_authentication_certificate(bytes_text(who.authentication_certificate));
  return proto;
}

v1::KeyState to_proto(desk::KeyState state) {
  switch (state) {
    case desk::KeyState::ABSENT:
      return v1::KEY_STATE_UNSPECIFIED;
    case desk::KeyState::USABLE:
      return v1::KEY_STATE_USABLE;
    case desk::KeyState::UNUSABLE:
      return v1::KEY_STATE_UNUSABLE;
    case desk::KeyState::UNTRIED:
      return v1::KEY_STATE_UNTRIED;
  }
  return v1::KEY_STATE_UNSPECIFIED;
}

v1::CardCapabilities to_proto(const desk::Capabilities& capabilities) {
  v1::CardCapabilities proto;
  proto.set_backend(to_proto(capabilities.backend));
  proto.set_module(printable(capabilities.module));
  proto.set_module_description(printable(capabilities.module_description));
  proto.set_signature_key(to_proto(capabilities.signature_key));
  proto.set_authentication_key(to_proto(capabilities.authentication_key));
  proto.set_pin_pad(capabilities.pin_pad);
  proto.set_pin_pad_used(capabilities.pin_pad_used);
  return proto;
}

void require_lease_form(const std::string& lease) {
  constexpr std::size_t kMaxLease = 256;
  if (lease.size() > kMaxLease) throw Error(Code::INVALID_ARGUMENT).with_field("lease", "is not a lease");
}

boost::asio::awaitable<v1::GetProfessionalCardResponse> get_professional_card(
    Backend& backend, Call call, v1::GetProfessionalCardRequest request) {
  desk::Selection selection = from_proto(request.card(), "card");
  const desk::ReaderFilter allowed = reader_filter(backend, call);
  const desk::Patience patience = call.patience();
  require_lease_form(request.lease());
  const bool with_lease = !request.lease().empty();
  desk::Chosen leased;
  if (with_lease) {
    leased = backend.professionals.card_of(request.lease(), call.caller.uid);
    if (selection.reader.empty() && selection.generation.empty()) selection.generation = leased.generation;
  }
  const desk::Professional who = co_await backend.professionals.describe(selection, allowed, patience);
  v1::GetProfessionalCardResponse response;
  *response.mutable_card() = to_proto(who);
  *response.mutable_capabilities() = to_proto(who.capabilities);
  if (!with_lease) co_return response;
  if (who.card.generation != leased.generation)
    throw Error(Code::INVALID_ARGUMENT).with_field("lease", "is of another card");
  const desk::Activities activities =
      co_await backend.professionals.activities(request.lease(), call.caller.uid, patience);
  for (const cps::Activity& activity : activities.list) {
    v1::ProfessionalActivity& proto = *response.add_activities();
    proto.set_number(activity.number);
    proto.set_structure_name(activity.structure_name);
    proto.set_structure_id(activity.structure_id);
    proto.set_sector_code(activity.sector_code);
  }
  response.set_activities_source(to_proto(activities.source));
  co_return response;
}

boost::asio::awaitable<v1::LogoutResponse> logout(Backend& backend, Call call, v1::LogoutRequest request) {
  require_lease_form(request.lease());
  const bool reset = co_await backend.professionals.logout(request.lease(), call.owner());
  v1::LogoutResponse response;
  response.set_card_reset(reset);
  co_return response;
}

boost::asio::awaitable<v1::AuthenticateResponse> authenticate(Backend& backend, Call call,
                                                              v1::AuthenticateRequest request) {
  // Each is a signature of somebody's card; a program that asks in a loop must not wear it out.
  if (!backend.proofs.admit(call.caller.uid)) {
    throw Error(Code::RATE_LIMITED, "too many proofs of presence in a minute");
  }
  desk::PresenceRequest wanted;
  wanted.lease = request.lease();
  wanted.challenge.assign(request.challenge().begin(), request.challenge().end());
  wanted.audience = request.audience();
  wanted.purpose_id = request.purpose_id();
  desk::Owner owner = call.owner();
  desk::Patience patience = call.patience();
  const desk::Presence presence =
      co_await backend.professionals.authenticate(std::move(wanted), std::move(owner), std::move(patience));
  v1::AuthenticateResponse response;
  response.set_proof(presence.proof);
  response.set_authentication_certificate(bytes_text(presence.certificate));
  *response.mutable_expire_time() = to_proto(presence.expires);
  response.set_certificate_trust(to_proto(presence.judgement.trust));
  *response.mutable_card() = to_proto(presence.card);
  co_return response;
}

using v1::ProfessionalService;
using UnaryMethods = ProfessionalService::WithCallbackMethod_GetProfessionalCard<
    ProfessionalService::WithCallbackMethod_Logout<ProfessionalService::WithCallbackMethod_Authenticate<
        ProfessionalService::WithCallbackMethod_WatchLease<ProfessionalService::Service>>>>;

class ProfessionalServiceAdapter final
    : public ProfessionalService::WithRawCallbackMethod_Login<UnaryMethods> {
 public:
  ProfessionalServiceAdapter(Backend& backend, Caller caller)
      : backend_(backend), caller_(std::move(caller)) {}

  grpc::ServerUnaryReactor* GetProfessionalCard(grpc::CallbackServerContext* context,
                                                const v1::GetProfessionalCardRequest* request,
                                                v1::GetProfessionalCardResponse* response) override {
    return unary_call(backend_, caller_, "ProfessionalService/GetProfessionalCard", context, request,
                      response, get_professional_card);
  }
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* Login(
      grpc::CallbackServerContext* context) override {
    return login_stream(backend_, caller_, context);
  }
  grpc::ServerUnaryReactor* Logout(grpc::CallbackServerContext* context, const v1::LogoutRequest* request,
                                   v1::LogoutResponse* response) override {
    return unary_call(backend_, caller_, "ProfessionalService/Logout", context, request, response, logout);
  }
  grpc::ServerUnaryReactor* Authenticate(grpc::CallbackServerContext* context,
                                         const v1::AuthenticateRequest* request,
                                         v1::AuthenticateResponse* response) override {
    return unary_call(backend_, caller_, "ProfessionalService/Authenticate", context, request, response,
                      authenticate);
  }
  grpc::ServerWriteReactor<v1::WatchLeaseResponse>* WatchLease(
      grpc::CallbackServerContext* context, const v1::WatchLeaseRequest* request) override {
    return watch_lease(backend_, caller_, context, *request);
  }

 private:
  Backend& backend_;
  const Caller caller_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_professional_service(Backend& backend, const Caller& caller) {
  return std::make_unique<ProfessionalServiceAdapter>(backend, caller);
}

}  // namespace insd::api
