// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/convert.h"
#include "daemon/api/services.h"
#include "daemon/api/unary_call.h"
#include "daemon/identity/birth_date.h"
#include "daemon/identity/matricule.h"
#include "insd/v1/vitale_service.grpc.pb.h"

namespace insd::api {
namespace {

// Beside the overloads of this file.
using api::to_proto;

void put_beneficiary(const vitale::Beneficiary& person, v1::Beneficiary& proto) {
  proto.set_usual_name(person.usual_name);
  proto.set_given_name(person.given_name);
  proto.set_birth_date(identity::birth_date_from_card(person.birth_date).value_or(person.birth_date));
  const auto number = person.nir ? identity::parse_matricule(*person.nir) : std::nullopt;
  if (number) {
    proto.set_nir(number->number);
    proto.set_nir_key(number->key);
  }
  proto.set_nir_source(number ? v1::DATUM_SOURCE_READ : v1::DATUM_SOURCE_NOT_PRESENT);
  // On the card, but no public source says where (specs: vitale 2.9).
  proto.set_birth_rank_source(v1::DATUM_SOURCE_OFFICIAL_API_ONLY);
  proto.set_birth_name_source(v1::DATUM_SOURCE_OFFICIAL_API_ONLY);
  proto.set_nationality(person.nationality.value_or(""));
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
  return proto;
}

boost::asio::awaitable<v1::ReadVitaleResponse> read_vitale(Backend& backend, Call call,
                                                           v1::ReadVitaleRequest request) {
  const desk::Selection selection = from_proto(request.card(), "card");
  const desk::ReaderFilter allowed = reader_filter(backend, call);
  const desk::Patience patience = call.patience();
  const desk::VitaleReading reading = co_await backend.vitale.read(selection, allowed, patience);
  v1::ReadVitaleResponse response;
  *response.mutable_reading() = to_proto(reading);
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
