// SPDX-License-Identifier: Apache-2.0
// Mode organisation: who showed which certificate in the handshake, and that nobody signs (specs: insi 3.4).
#pragma once

#include <string>

#include <libxml/tree.h>
#include <openssl/x509.h>

#include "tests/simulators/insi/findings.h"
#include "tests/simulators/insi/message.h"

namespace sim {

/// The first value of this kind in the subject, UTF-8; empty when there is none.
std::string subject_value(X509* certificate, int nid);

/// The chain, the dates and clientAuth were verified by TLS. The document has passed MessageChecks.
void examine_organisation(X509* certificate, xmlDoc* doc, const Message& message, Findings& findings);

}  // namespace sim
