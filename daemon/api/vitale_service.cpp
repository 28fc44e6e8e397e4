// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/convert.h"
#include "daemon/api/kiosk_view.h"
#include "daemon/api/services.h"
#include "daemon/api/unary_call.h"
#include "daemon/identity/birth_date.h"
#include "daemon/search_rules.h"
#include "insd/v1/vitale_service.grpc.pb.h"

namespace insd::api {
namespace {

// Beside the overloads of this file.
using api::to_proto;

constexpr std::size_t kNumberLength = 13;  // of the 15 characters of a NIR and its key

// "AAAAMMJJ" as "AAAA-MM-JJ".
std::string date_from_card(const std::string& date) {
  return identity::birth_date_from_card(date).value_or(date);
}

// What is found in the files that are read was read; which other file may have it is not published (specs:
// vitale 2.8).
v1::DatumSource read_or_unsupported(bool found) {
  return found ? v1::DATUM_SOURCE_READ : v1::DATUM_SOURCE_UNSUPPORTED;
}

void put_beneficiary(const vitale::Beneficiary& person, v1::Beneficiary& proto) {
  proto.set_usual_name(person.usual_name);
  proto.set_given_name(person.given_name);
  proto.set_birth_date(date_from_card(person.birth_date));
  if (person.nir) {
    proto.set_nir(person.nir->substr(0, kNumberLength));
    proto.set_nir_key(person.nir->substr(kNumberLength));
    proto.set_nir_key_valid(key_is_right(person));
  }
  proto.set_nir_source(person.nir ? v1::DATUM_SOURCE_READ : v1::DATUM_SOURCE_NOT_PRESENT);
  // On the card, but no public source says where (specs: vitale 2.9).
  proto.set_birth_rank_source(v1::DATUM_SOURCE_OFFICIAL_API_ONLY);
  proto.set_birth_name_source(v1::DATUM_SOURCE_OFFICIAL_API_ONLY);
  proto.set_nationality(person.nationality.value_or(""));
  proto.set_nationality_source(read_or_unsupported(person.nationality.has_value()));
}

v1::IdentityWay to_proto(vitale::IdentitySource source) {
  switch (source) {
    case vitale::IdentitySource::SFI_2:
      return v1::IDENTITY_WAY_SFI_2;
    case vitale::IdentitySource::FILE_D001:
      return v1::IDENTITY_WAY_FILE_D001;
    case vitale::IdentitySource::POINTERS:
      return v1::IDENTITY_WAY_POINTERS;
  }
  return v1::IDENTITY_WAY_UNSPECIFIED;
}

v1::VitaleReading to_proto(const desk::VitaleReading& reading) {
  v1::VitaleReading proto;
  proto.set_reader(printable(reading.card.reader));
  proto.set_reader_alias(reading.card.alias);
  proto.set_desk(reading.card.desk);
  proto.set_generation(reading.card.generation);
  proto.set_card_kind(to_proto(reading.card.kind));
  std::uint32_t index = 0;
  for (const vitale::Beneficiary& person : reading.content.beneficiaries) {
    auto* added = proto.add_beneficiaries();
    added->set_index(index++);
    put_beneficiary(person, *added);
  }
  *proto.mutable_read_time() = to_proto(reading.read_at);
  proto.set_serial_source(v1::DATUM_SOURCE_OFFICIAL_API_ONLY);
  const bool test = card_nature(reading.content) == CardNature::TEST;
  proto.set_nature(test ? v1::CARD_NATURE_TEST : v1::CARD_NATURE_UNSPECIFIED);
  proto.set_nature_source(test ? v1::DATUM_SOURCE_READ : v1::DATUM_SOURCE_OFFICIAL_API_ONLY);
  const auto& start = reading.content.validity_start;
  if (start) proto.set_validity_start_date(date_from_card(*start));
  proto.set_validity_start_source(read_or_unsupported(start.has_value()));
  proto.set_identity_way(to_proto(reading.content.source));
  return proto;
}

boost::asio::awaitable<v1::ReadVitaleResponse> read_vitale(Backend& backend, Call call,
                                                           v1::ReadVitaleRequest request) {
  const desk::Selection selection = from_proto(request.card(), "card");
  const bool kiosk = is_kiosk(call);
  if (kiosk) {
    check_kiosk_birth_date(request.birth_date());
  } else if (!request.birth_date().empty()) {
    throw Error(Code::INVALID_ARGUMENT).with_field("birth_date", "is for callers of the role kiosk");
  }
  const desk::ReaderFilter allowed = reader_filter(backend, call);
  const desk::Patience patience = call.patience();
  const desk::VitaleReading reading = co_await backend.vitale.read(selection, allowed, patience);
  refuse_test_card(card_nature(reading.content), call.rules->config()->insi.environment);
  v1::ReadVitaleResponse response;
  *response.mutable_reading() =
      kiosk ? kiosk_reading(backend, call, to_proto(reading), request.birth_date()) : to_proto(reading);
  co_return response;
}

class VitaleServiceAdapter final : public v1::VitaleService::CallbackService {
 public:
  VitaleServiceAdapter(Backend& backend, Caller caller) : backend_(backend), caller_(std::move(caller)) {}

  grpc::ServerUnaryReactor* ReadVitale(grpc::CallbackServerContext* context,
                                       const v1::ReadVitaleRequest* request,
                                       v1::ReadVitaleResponse* response) override {
    return unary_call(backend_, caller_, "VitaleService/ReadVitale", context, request, response, read_vitale);
  }

 private:
  Backend& backend_;
  const Caller caller_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_vitale_service(Backend& backend, const Caller& caller) {
  return std::make_unique<VitaleServiceAdapter>(backend, caller);
}

}  // namespace insd::api
