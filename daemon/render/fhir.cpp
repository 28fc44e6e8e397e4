// SPDX-License-Identifier: Apache-2.0
#include "daemon/render/fhir.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "drivers/base/error.h"

namespace insd::render {
namespace {

using Json = nlohmann::ordered_json;

const std::string kCore = "https://hl7.fr/ig/fhir/core/";
const std::string kTypes = kCore + "CodeSystem/fr-core-cs-v2-0203";

std::string structure(const char* name) {
  return kCore + "StructureDefinition/" + name;
}

Json coding(const std::string& system, std::string_view code) {
  return {{"system", system}, {"code", code}};
}

Json sub_extension(const char* url, const char* type, Json value) {
  return {{"url", url}, {type, std::move(value)}};
}

std::string_view status_code(identity::Status status, FrCore release) {
  switch (status) {
    case identity::Status::PROVISIONAL:
      return "PROV";
    case identity::Status::RETRIEVED:
      return release == FrCore::V2_2_0 ? "RECUP" : "PROV";
    case identity::Status::VALIDATED:
      return "VALI";
    case identity::Status::QUALIFIED:
      return release == FrCore::V2_2_0 ? "QUAL" : "VALI";
  }
  return {};
}

std::vector<std::string_view> attribute_codes(const identity::Attributes& attributes) {
  std::vector<std::string_view> codes;
  if (attributes.homonym) codes.emplace_back("HOMA");
  if (attributes.doubtful) codes.emplace_back("DOUT");
  if (attributes.fictitious) codes.emplace_back("FICT");
  return codes;
}

std::string_view document_code(const Disclosure& from, FrCore release) {
  if (from.evidence == nullptr) return {};
  const std::string_view code = from.evidence->fr_core_code;
  constexpr std::array<std::string_view, 4> kCommon = {"PA", "CN", "CS", "AN"};
  if (release == FrCore::V2_1_0 && std::ranges::find(kCommon, code) == kCommon.end()) return {};
  return code;
}

std::string_view method_code(const Disclosure& from, FrCore release) {
  if (from.source == identity::Source::INSI) return "INSI";
  if (from.source == identity::Source::APPLICATION_CARTE_VITALE && release == FrCore::V2_2_0) return "AV";
  return {};
}

void add_reliability(Json& extensions, const Disclosure& from, FrCore release) {
  const std::string url = structure("fr-core-identity-reliability");
  const std::string methods =
      kCore + (release == FrCore::V2_2_0 ? "CodeSystem/fr-core-cs-identity-method-collection"
                                         : "CodeSystem/fr-core-cs-method-collection");
  const std::string statuses = kCore + (release == FrCore::V2_2_0 ? "CodeSystem/fr-core-cs-identity-status"
                                                                  : "CodeSystem/fr-core-cs-v2-0445");
  Json parts = Json::array();
  if (const auto method = method_code(from, release); !method.empty()) {
    parts.push_back(sub_extension("methodCollection", "valueCoding", coding(methods, method)));
  }
  parts.push_back(
      sub_extension("identityStatus", "valueCoding", coding(statuses, status_code(from.status, release))));
  if (release == FrCore::V2_2_0) {
    for (const auto code : attribute_codes(from.attributes)) {
      Json concept_ = {
          {"coding", Json::array({coding(kCore + "CodeSystem/fr-core-cs-identity-status-comment", code)})}};
      parts.push_back(sub_extension("comment", "valueCodeableConcept", std::move(concept_)));
    }
  }
  if (!from.checked_on.empty())
    parts.push_back(sub_extension("validationDate", "valueDate", from.checked_on));
  if (const auto code = document_code(from, release); !code.empty()) {
    parts.push_back(sub_extension("validationMode", "valueCoding",
                                  coding(kCore + "CodeSystem/fr-core-cs-mode-validation-identity", code)));
  }
  extensions.push_back({{"url", url}, {"extension", std::move(parts)}});
  if (release == FrCore::V2_2_0) return;
  for (const auto code : attribute_codes(from.attributes)) {
    Json only = Json::array({sub_extension("identityStatus", "valueCoding", coding(statuses, code))});
    extensions.push_back({{"url", url}, {"extension", std::move(only)}});
  }
}

Json extensions_of(const Disclosure& from, FrCore release) {
  Json extensions = Json::array();
  add_reliability(extensions, from, release);
  if (!from.traits.birth_place.empty()) {
    Json code = {
        {"url", structure("fr-core-address-insee-code")},
        {"valueCoding", coding("https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM",
                               from.traits.birth_place)}};
    extensions.push_back({{"url", "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"},
                          {"valueAddress", {{"extension", Json::array({std::move(code)})}}}});
  }
  if (from.birth_date && from.birth_date->interpreted) {
    extensions.push_back(
        {{"url", structure("fr-core-patient-birthdate-update-indicator")}, {"valueBoolean", true}});
  }
  return extensions;
}

Json identifier(const OutNumber& number, const char* use) {
  Json out = {{"use", use},
              {"type", {{"coding", Json::array({coding(kTypes, number.authority.name)})}}},
              {"system", "urn:oid:" + std::string(number.authority.dotted)},
              {"value", number.text}};
  Json period = Json::object();
  if (!number.start_date.empty()) period["start"] = number.start_date;
  // Official histories hold periods that end before they begin (specs: ins-rules 1.10); FHIR refuses those.
  const bool ordered = number.start_date.empty() || number.start_date <= number.end_date;
  if (!number.end_date.empty() && ordered) period["end"] = number.end_date;
  if (!period.empty()) out["period"] = std::move(period);
  return out;
}

Json identifiers_of(const Disclosure& from, FrCore release) {
  Json all = Json::array();
  if (from.number) {
    const bool temporary =
        release == FrCore::V2_1_0 && from.number->authority.kind == identity::MatriculeKind::NIA;
    all.push_back(identifier(*from.number, temporary ? "temp" : "official"));
    for (const OutNumber& each : from.history) {
      // The slices of test and demonstration numbers allow no use but "official".
      const bool real = each.authority.environment == identity::OidEnvironment::PRODUCTION;
      if (real) all.push_back(identifier(each, "old"));
    }
  }
  for (const LocalIdentifier& each : from.local_identifiers) {
    Json type = {{"coding", Json::array({coding("http://terminology.hl7.org/CodeSystem/v2-0203", "PI")})}};
    all.push_back(
        {{"use", "usual"}, {"type", type}, {"system", "urn:oid:" + each.oid}, {"value", each.value}});
  }
  return all;
}

Json names_of(const Disclosure& from) {
  Json official = Json::object();
  if (!from.traits.given_names.empty()) {
    official["extension"] = Json::array({{{"url", structure("fr-core-patient-birth-list-given-name")},
                                          {"valueString", from.traits.given_names}}});
  }
  official["use"] = "official";
  official["family"] = from.traits.birth_name;
  if (!from.traits.first_given_name.empty()) official["given"] = Json::array({from.traits.first_given_name});
  Json all = Json::array({std::move(official)});
  Json usual = {{"use", "usual"}};
  if (!from.used.used_name.empty()) usual["family"] = from.used.used_name;
  if (!from.used.used_given_name.empty()) usual["given"] = Json::array({from.used.used_given_name});
  if (usual.size() > 1) all.push_back(std::move(usual));
  return all;
}

std::string_view gender(identity::Sex sex) {
  switch (sex) {
    case identity::Sex::FEMALE:
      return "female";
    case identity::Sex::MALE:
      return "male";
    case identity::Sex::INDETERMINATE:
      return "unknown";
    case identity::Sex::UNSPECIFIED:
      break;
  }
  return {};
}

// What fr-core-patient-ins demands beyond fr-core-patient; empty when nothing is missing.
std::vector<std::string> missing_for_ins(const Disclosure& from) {
  std::vector<std::string> missing;
  const auto demand = [&](bool there, const char* path) {
    if (!there) missing.emplace_back(path);
  };
  demand(!from.traits.first_given_name.empty(), "identity.traits.first_given_name");
  demand(!from.traits.given_names.empty(), "identity.traits.given_names");
  demand(!gender(from.traits.sex).empty(), "identity.traits.sex");
  demand(from.birth_date.has_value(), "identity.traits.birth_date");
  demand(!from.traits.birth_place.empty(), "identity.traits.birth_place");
  demand(from.number || !from.local_identifiers.empty(), "local_identifiers");
  return missing;
}

bool fits_ins(const Disclosure& from, FrCore release) {
  const auto missing = missing_for_ins(from);
  if (from.number && !missing.empty()) {
    Error error(Code::TRAITS_INVALID);
    for (const auto& path : missing) error.add_field(path, "is missing");
    throw Error(error);
  }
  const bool promises_a_number = release == FrCore::V2_1_0 && status_code(from.status, release) == "VALI";
  return missing.empty() && (from.number || !promises_a_number);
}

}  // namespace

FhirPatient fhir_patient(const Disclosure& disclosure, FrCore release) {
  const std::string profile =
      structure(fits_ins(disclosure, release) ? "fr-core-patient-ins" : "fr-core-patient");
  Json patient = {{"resourceType", "Patient"}, {"meta", {{"profile", Json::array({profile})}}}};
  if (disclosure.test_environment) {
    patient["meta"]["security"] =
        Json::array({coding("http://terminology.hl7.org/CodeSystem/v3-ActReason", "HTEST")});
  }
  patient["extension"] = extensions_of(disclosure, release);
  Json identifiers = identifiers_of(disclosure, release);
  if (!identifiers.empty()) patient["identifier"] = std::move(identifiers);
  patient["name"] = names_of(disclosure);
  if (const auto code = gender(disclosure.traits.sex); !code.empty()) patient["gender"] = code;
  if (disclosure.birth_date) patient["birthDate"] = disclosure.birth_date->date;
  return {patient.dump(), profile};
}

}  // namespace insd::render
