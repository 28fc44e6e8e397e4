// SPDX-License-Identifier: Apache-2.0
// One identity in every text format that it is entitled to, by the format's name.
#pragma once

#include <map>
#include <string>

#include "daemon/render/cartouche.h"
#include "daemon/render/cda.h"
#include "daemon/render/datamatrix.h"
#include "daemon/render/fhir.h"
#include "daemon/render/hl7.h"
#include "drivers/base/error.h"

namespace insd::render::test {

inline Hl7Header header(Hl7Event event = Hl7Event::BY_RULE) {
  return {.event = event,
          .sending_application = "INSD",
          .sending_facility = "CHU",
          .receiving_application = "SIL",
          .receiving_facility = "LABO",
          .control_id = "42",
          .time = "20261123120000+0000"};
}

inline std::map<std::string, std::string> everything(const Disclosure& out) {
  std::map<std::string, std::string> made = {
      {"fhir_2_1_0", fhir_patient(out, FrCore::V2_1_0).json},
      {"fhir_2_2_0", fhir_patient(out, FrCore::V2_2_0).json},
      {"hl7", hl7_message(out, header()).text},
      {"cda", cda_patient_role(out)},
      {"label", label_svg(out)},
  };
  try {
    made["payload"] = datamatrix_payload(out);
    made["datamatrix_svg"] = datamatrix_svg(out);
    made["cartouche"] = cartouche_svg(out);
  } catch (const Error& error) {
    if (error.code() != Code::IDENTITY_STATE || out.number) throw;
  }
  return made;
}

}  // namespace insd::render::test
