// SPDX-License-Identifier: Apache-2.0
// SOAP faults of the national gateway and of INSi (specs: insi 2.4, 5).
#pragma once

#include <libxml/tree.h>

#include "drivers/base/error.h"

namespace insd::insi {

/// What `fault` (a SOAP 1.2 Fault element) says, as received, each text bounded. Parts that are not there are
/// empty.
InsiFault read_fault(const xmlNode* fault);

/// INSI_NOT_AUTHORISED, INSI_UNAVAILABLE (passing) or INSI_FAULT (unknown: never retried). A fault is never
/// "not found".
Error fault_error(InsiFault fault);

}  // namespace insd::insi
