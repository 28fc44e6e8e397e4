// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/render_convert.h"

#include <fmt/chrono.h>

#include "daemon/api/number_kind.h"
#include "daemon/render/cartouche.h"
#include "daemon/render/cda.h"
#include "daemon/render/datamatrix.h"
#include "daemon/render/fhir.h"
#include "daemon/render/hl7.h"
#include "daemon/render/symbol.h"
#include "drivers/base/error.h"

namespace insd::api {
namespace {

constexpr unsigned kModulePixels = 4;

struct Rendered {
  std::string content;
  const char* media_type;
  bool may_have_number = true;
  std::string variant = {};
};

v1::IdentityStatus to_proto(identity::Status status) {
  switch (status) {
    case identity::Status::PROVISIONAL:
      return v1::IDENTITY_STATUS_PROVISIONAL;
    case identity::Status::RETRIEVED:
      return v1::IDENTITY_STATUS_RETRIEVED;
    case identity::Status::VALIDATED:
      return v1::IDENTITY_STATUS_VALIDATED;
    case identity::Status::QUALIFIED:
      return v1::IDENTITY_STATUS_QUALIFIED;
  }
  return v1::IDENTITY_STATUS_UNSPECIFIED;
}

render::Hl7Event event_of(v1::Hl7Event event) {
  switch (event) {
    case v1::HL7_EVENT_UNSPECIFIED:
      return render::Hl7Event::BY_RULE;
    case v1::HL7_EVENT_A28:
      return render::Hl7Event::A28;
    case v1::HL7_EVENT_A31:
      return render::Hl7Event::A31;
    case v1::HL7_EVENT_A47:
      return render::Hl7Event::A47;
    default:
      throw Error(Code::INVALID_ARGUMENT).with_field("hl7.event", "is not known");
  }
}

Rendered hl7(const render::Disclosure& from, const v1::Hl7Options& options, Clock::Wall now,
             const std::string& control_id) {
  render::Hl7Header header;
  header.event = event_of(options.event());
  header.sending_application = options.sending_application();
  header.sending_facility = options.sending_facility();
  header.receiving_application = options.receiving_application();
  header.receiving_facility = options.receiving_facility();
  header.control_id = control_id;
  header.time = fmt::format("{:%Y%m%d%H%M%S}+0000", fmt::gmtime(now));
  if (!options.version().empty()) header.version = options.version();
  auto message = render::hl7_message(from, header);
  return {std::move(message.text), "x-application/hl7-v2+er7", true, std::move(message.event)};
}

Rendered fhir(const render::Disclosure& from, render::FrCore release) {
  auto patient = render::fhir_patient(from, release);
  return {std::move(patient.json), "application/fhir+json", true, std::move(patient.profile)};
}

std::string png(const render::Disclosure& from, unsigned module_pixels) {
  const auto symbol = render::datamatrix_symbol(render::datamatrix_payload(from));
  return render::symbol_png(symbol, module_pixels == 0 ? kModulePixels : module_pixels,
                            from.test_environment);
}

Rendered in_format(const render::Disclosure& from, const v1::RenderRequest& request, Clock::Wall now,
                   const std::string& control_id) {
  switch (request.format()) {
    case v1::RENDER_FORMAT_FHIR_FR_CORE_2_1_0:
      return fhir(from, render::FrCore::V2_1_0);
    case v1::RENDER_FORMAT_FHIR_FR_CORE_2_2_0:
      return fhir(from, render::FrCore::V2_2_0);
    case v1::RENDER_FORMAT_HL7V2_PAM_FR:
      return hl7(from, request.hl7(), now, control_id);
    case v1::RENDER_FORMAT_CDA_PATIENT_ROLE:
      return {render::cda_patient_role(from), "application/xml"};
    case v1::RENDER_FORMAT_DATAMATRIX_PAYLOAD:
      return {render::datamatrix_payload(from), "application/octet-stream"};
    case v1::RENDER_FORMAT_DATAMATRIX_PNG:
      return {png(from, request.module_pixels()), "image/png"};
    case v1::RENDER_FORMAT_DATAMATRIX_SVG:
      return {render::datamatrix_svg(from), "image/svg+xml"};
    case v1::RENDER_FORMAT_CARTOUCHE_SVG:
      return {render::cartouche_svg(from), "image/svg+xml"};
    case v1::RENDER_FORMAT_LABEL_SVG:
      return {render::label_svg(from), "image/svg+xml", false};
    default:
      throw Error(Code::INVALID_ARGUMENT).with_field("format", "is missing or not known");
  }
}

}  // namespace

v1::RenderResponse render(const identity::Identity& identity, const v1::RenderRequest& request,
                          Clock::Wall now, const std::string& control_id) {
  if (static_cast<std::size_t>(request.local_identifiers_size()) > render::kMostLocalIdentifiers) {
    throw Error(Code::INVALID_ARGUMENT).with_field("local_identifiers", "has more than 10");
  }
  std::vector<render::LocalIdentifier> local;
  for (const auto& each : request.local_identifiers()) {
    local.push_back({each.value(), each.oid(), each.namespace_id()});
  }
  const auto disclosure = render::disclose(identity, std::move(local));
  Rendered rendered = in_format(disclosure, request, now, control_id);
  v1::RenderResponse response;
  response.set_content(std::move(rendered.content));
  response.set_media_type(rendered.media_type);
  response.set_status(to_proto(disclosure.status));
  response.set_has_number(disclosure.number.has_value() && rendered.may_have_number);
  response.set_test_environment(disclosure.test_environment);
  response.set_variant(std::move(rendered.variant));
  for (const auto& warning : disclosure.warnings) response.add_warnings(warning);
  return response;
}

v1::ParseDatamatrixResponse parse_datamatrix(const v1::ParseDatamatrixRequest& request) {
  const auto scanned = render::parse_datamatrix(request.data());
  v1::ParseDatamatrixResponse response;
  auto& number = *response.mutable_number();
  number.set_number(scanned.number);
  number.set_key(scanned.key);
  number.set_oid(std::string(scanned.authority.dotted));
  number.set_kind(number_kind(scanned.authority));
  number.set_key_valid(true);
  auto& traits = *response.mutable_traits();
  traits.set_birth_name(scanned.birth_name);
  traits.set_given_names(scanned.given_names);
  traits.set_sex(scanned.sex);
  traits.set_birth_date(scanned.birth_date);
  traits.set_birth_place(scanned.birth_place);
  response.set_test_number(scanned.authority.environment != identity::OidEnvironment::PRODUCTION);
  response.set_separators_lost(scanned.separators_lost);
  for (const char* step : {"VERIFICATION", "ACCEPTANCE", "DOCUMENT_CHECK"}) {
    response.add_missing_for_qualification(step);
  }
  return response;
}

}  // namespace insd::api
