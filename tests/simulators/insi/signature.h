// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <libxml/tree.h>
#include <openssl/x509.h>

namespace sim {

/// Once per program, before verify_signature(). Throws std::runtime_error.
void start_xmlsec();
void stop_xmlsec();

/// Verifies the enveloped signature of `assertion` with the key of `certificate` and nothing else: KeyInfo is
/// not read, no URI is followed. Empty when it is true, else why not.
std::string verify_signature(xmlNode* assertion, X509* certificate);

}  // namespace sim
