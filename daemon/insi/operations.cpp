// SPDX-License-Identifier: Apache-2.0
#include "daemon/insi/operations.h"

#include "daemon/identity/matricule.h"
#include "daemon/insi/xml.h"
#include "drivers/base/error.h"

namespace insd::insi {
namespace {

// A lunar or unknown date is sent as the card has it: only the shape is law (specs: insi 7).
bool has_date_shape(std::string_view text) {
  constexpr std::string_view kShape = "0000-00-00";
  if (text.size() != kShape.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == '0' ? !digit : text[i] != kShape[i]) return false;
  }
  return true;
}

void check(bool ok, const char* path, const char* why) {
  if (!ok) throw Error(Code::TRAITS_INVALID).with_field(path, why);
}

void check(const CardQuery& query) {
  if (query.insured_nir.empty()) throw Error(Code::NIR_MISSING);
  check(identity::is_number(query.insured_nir), "insured_nir", "not a 13-character number");
  check(!query.beneficiary_nir || identity::is_number(*query.beneficiary_nir), "beneficiary_nir",
        "not a 13-character number");
  check(has_date_shape(query.birth_date), "birth_date", "not AAAA-MM-JJ");
  check(query.birth_rank >= 1 && query.birth_rank <= 9, "birth_rank", "not 1..9");
}

void add_number(xmlNode* request, const char* name, std::string_view number) {
  xml::add_text_child(xml::add_child(request, name), "NumIdentifiant", number);
}

}  // namespace

void add_body(xmlNode* body, const CardQuery& query, const Operation& operation) {
  check(query);
  xmlNode* request = xml::add_child(body, "v", operation.request_namespace.c_str(), "RECVITALE");
  if (query.beneficiary_nir) add_number(request, "MatriculeIndividu", *query.beneficiary_nir);
  add_number(request, "MatriculeOD", query.insured_nir);
  if (query.birth_name) xml::add_text_child(request, "NomNaissance", *query.birth_name);
  xml::add_text_child(request, "DateNaissance", query.birth_date);
  xml::add_text_child(request, "RangNaissance", std::to_string(query.birth_rank));
}

void add_body(xmlNode* body, const TraitsQuery& query, const Operation& operation) {
  xmlNode* request = xml::add_child(body, "t", operation.request_namespace.c_str(), "RECSANSVITALE");
  xml::add_text_child(request, "NomNaissance", query.birth_name);
  xml::add_text_child(request, "Prenom", query.given_name);
  xml::add_text_child(request, "Sexe", query.sex);
  xml::add_text_child(request, "DateNaissance", query.birth_date);
  if (query.birth_place) xml::add_text_child(request, "LieuNaissance", *query.birth_place);
}

}  // namespace insd::insi
