// SPDX-License-Identifier: Apache-2.0
// From an HTTP response to a Reply or an Error (specs: insi 1.3, 2.4, 5). Tolerant of what the service is
// known to vary (prefixes, order, Prenom or ListePrenom), strict about everything else; nothing is repaired.
#pragma once

#include <functional>

#include "daemon/config.h"
#include "daemon/insi/exchange.h"
#include "daemon/insi/http_client.h"
#include "daemon/insi/xml.h"

namespace insd::insi {

/// outcome, code, label, answer, result_xml and warnings of a Reply; the exchange knows the rest. Throws the
/// error of a SOAP fault, or INSI_ANSWER_INVALID for anything that is not an INSi answer. In production a
/// number of the test or demonstration range is not one.
Reply read_answer(const HttpResponse& response, InsiEnvironment environment,
                  const std::string& result_namespace = xml::ns::kResult);

/// The one element `kept` of the one Body of a SOAP 1.2 envelope with status 200, handed to `read`. Throws
/// the error of a fault, else INSI_ANSWER_INVALID; every error begins with the status.
void read_payload(const HttpResponse& response, xml::Kept kept,
                  const std::function<void(xml::Received& xml, const xmlNode* payload)>& read);

/// The verdict that the descriptor finds in the answer: consistent, code, label, result_xml.
Verdict read_verdict(const HttpResponse& response, const Operation& operation);

}  // namespace insd::insi
