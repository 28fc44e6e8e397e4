// SPDX-License-Identifier: Apache-2.0
// The patientRole of a CDA R2 document's header, as the French minimal structure wants it (specs:
// ins-rules 7).
#pragma once

#include <string>

#include "daemon/render/disclosure.h"

namespace insd::render {

/// One `patientRole` element in the namespace urn:hl7-org:v3. Addresses and telecoms are the caller's to add
/// after the ids. Of an identity of the test environment every id has an assigningAuthorityName that says so
/// (INFERRED: CDA has no flag for tests); sex "I" is UN (INFERRED). Throws TRAITS_INVALID when a number goes
/// out and a trait that must be beside it is missing, INVALID_ARGUMENT when there is no id at all.
std::string cda_patient_role(const Disclosure& disclosure);

}  // namespace insd::render
