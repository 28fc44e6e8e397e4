// SPDX-License-Identifier: Apache-2.0
// The SOAP 1.2 envelope of a request (specs: insi 2). Built node by node; the assertions are put in as the
// bytes that were signed.
#pragma once

#include <string>
#include <variant>

#include "daemon/config.h"
#include "daemon/insi/contexts.h"
#include "daemon/insi/exchange.h"

namespace insd::insi {

using Query = std::variant<CardQuery, TraitsQuery, VerificationQuery>;

struct EnvelopeContent {
  ContextHead bam, lps;
  EditorConfig editor;
  Query query;
  std::string message_id;  ///< "uuid:" + UUID
  Operation operation;     ///< of the query
};

/// The whole envelope around the place of the assertions, as text before and after that place. It is made
/// before anything is signed, so that a request that cannot be written costs no signature. Errors: those of
/// add_body(); INVALID_ARGUMENT for a value that XML cannot carry.
struct Envelope {
  std::string before, after;
  [[nodiscard]] std::string with(const std::string& assertions) const { return before + assertions + after; }
};

Envelope make_envelope(const EnvelopeContent& content);

}  // namespace insd::insi
