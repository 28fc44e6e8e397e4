// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/kiosk_view.h"

#include "daemon/identity/birth_date.h"
#include "drivers/base/error.h"

namespace insd::api {

bool is_kiosk(const Call& call) {
  return call.rules->policy().role(call.caller) == CallerRole::KIOSK;
}

void check_kiosk_birth_date(const std::string& birth_date) {
  if (!identity::is_birth_date(birth_date)) {
    throw Error(Code::INVALID_ARGUMENT).with_field("birth_date", "is missing, or not AAAA-MM-JJ");
  }
}

v1::VitaleReading kiosk_reading(Backend& backend, const Call& call, const v1::VitaleReading& reading,
                                const std::string& birth_date) {
  const auto uid = call.caller.uid;
  std::vector<const v1::Beneficiary*> fitting;
  for (const v1::Beneficiary& person : reading.beneficiaries()) {
    if (person.birth_date() == birth_date) fitting.push_back(&person);
  }
  // One answer for all three: what a kiosk hears tells nothing of the others on the card.
  if (fitting.size() != 1 || !backend.kiosks.may_try(uid, reading.generation())) {
    backend.kiosks.miss(uid, reading.generation());
    throw Error(Code::BENEFICIARY_UNCLEAR);
  }
  const v1::Beneficiary& person = *fitting.front();
  backend.kiosks.begin(uid, {reading.generation(), person.index(), person.given_name()});
  v1::VitaleReading told;
  told.set_reader(reading.reader());
  told.set_reader_alias(reading.reader_alias());
  told.set_desk(reading.desk());
  told.set_generation(reading.generation());
  told.set_card_kind(reading.card_kind());
  *told.mutable_read_time() = reading.read_time();
  told.set_nature(reading.nature());
  told.set_nature_source(reading.nature_source());
  auto& shown = *told.add_beneficiaries();
  shown.set_index(person.index());
  shown.set_given_name(person.given_name());
  shown.set_birth_date(birth_date);
  return told;
}

void require_visit(const Backend& backend, const Call& call, const CardChoice& choice) {
  const KioskVisit* visit = backend.kiosks.find(call.caller.uid);
  if (visit != nullptr && visit->generation == choice.card.generation &&
      visit->beneficiary_index == choice.beneficiary_index) {
    return;
  }
  throw Error(Code::INVALID_ARGUMENT)
      .with_field("card.beneficiary_index", "is not the person whose birth date the kiosk gave");
}

void hide_person(v1::SearchResult& result) {
  result.clear_answer();
  result.clear_matched_given_name();
  result.mutable_trace()->clear_traits_sent();
  result.mutable_trace()->clear_result_xml();
  for (auto& attempt : *result.mutable_attempts()) {
    attempt.clear_given_name_sent();
    attempt.clear_birth_place_sent();
    attempt.clear_result_xml();
  }
}

}  // namespace insd::api
