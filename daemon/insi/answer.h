// SPDX-License-Identifier: Apache-2.0
// From an HTTP response to a Reply or an Error (specs: insi 1.3, 2.4, 5). Tolerant of what the service is
// known to vary (prefixes, order, Prenom or ListePrenom), strict about everything else; nothing is repaired.
#pragma once

#include "daemon/config.h"
#include "daemon/insi/exchange.h"
#include "daemon/insi/http_client.h"

namespace insd::insi {

/// outcome, code, label, answer, result_xml and warnings of a Reply; the exchange knows the rest. Throws the
/// error of a SOAP fault, or INSI_ANSWER_INVALID for anything that is not an INSi answer. In production a
/// number of the test or demonstration range is not one.
Reply read_answer(const HttpResponse& response, InsiEnvironment environment);

}  // namespace insd::insi
