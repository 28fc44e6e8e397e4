// SPDX-License-Identifier: Apache-2.0
// FHIR R4 Patient of FR Core (specs: ins-rules 6). The releases disagree on codes, so the caller names one.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/render/disclosure.h"

namespace insd::render {

enum class FrCore : std::uint8_t { V2_1_0, V2_2_0 };

struct FhirPatient {
  std::string json;     ///< UTF-8, one line
  std::string profile;  ///< the canonical it claims: fr-core-patient-ins, or fr-core-patient
};

/// fr-core-patient-ins is claimed only when all that it demands is there; else fr-core-patient (an identity
/// that is only validated cannot claim it in 2.1.0, where VALI promises a number). A qualified identity must
/// fit: TRAITS_INVALID names what is missing. The test environment is marked by the security label HTEST.
/// INFERRED: in 2.1.0 a retrieved identity is PROV, attributes are further identity-reliability extensions,
/// and only the document codes common to both releases are sent; dateInterrogationINSi is left out, as its
/// release is not established; sex "I" is unknown; methodCollection is INSI for whatever INSi returned.
FhirPatient fhir_patient(const Disclosure& disclosure, FrCore release);

}  // namespace insd::render
