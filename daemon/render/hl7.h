// SPDX-License-Identifier: Apache-2.0
// HL7 v2.5 messages of IHE PAM France (ITI-30) about one identity (specs: ins-rules 7). Segments end with CR,
// text is UTF-8. Times are given, so that the same identity gives the same bytes.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/render/disclosure.h"

namespace insd::render {

/// BY_RULE: A47 when the number took the place of another of the same authority, else A31 (a NIA that became
/// a NIR goes out by A31 with both).
enum class Hl7Event : std::uint8_t { BY_RULE, A28, A31, A47 };

struct Hl7Header {
  Hl7Event event = Hl7Event::BY_RULE;
  std::string sending_application, sending_facility;      ///< MSH-3, MSH-4
  std::string receiving_application, receiving_facility;  ///< MSH-5, MSH-6
  std::string control_id;                                 ///< MSH-10, 1..20 characters
  std::string time;                                       ///< AAAAMMJJhhmmss+0000
  std::string version = "2.11";                           ///< of IHE PAM France: "2.10" or "2.11"
};

struct Hl7Message {
  std::string text;
  std::string event;  ///< "A28", "A31" or "A47"
};

/// MSH, EVN, PID, PV1 and ZFD; for A47 MSH, EVN, PID and MRG. MSH-11 is T for an identity of the test
/// environment. An identity that is no longer qualified withdraws the number it had ("" in CX.1).
/// INFERRED, as no standard text was at hand: a retrieved identity is PROV in PID-32 (RECUP is not
/// transmitted); sex "I" is U; PID-7 stays empty only for a date with a day above 31 or a month above 12
/// (ZFD-1 then has it), another incomplete date is completed with ZFD-4 = Y; ZFD-5 is INSI for whatever INSi
/// returned and empty for the Application carte Vitale, which that table does not know.
/// Throws INVALID_ARGUMENT without a local identifier (PID-3 must name the patient in the sender's own
/// domain) and for header texts; IDENTITY_STATE for an A47 without a replaced number.
Hl7Message hl7_message(const Disclosure& disclosure, const Hl7Header& header);

}  // namespace insd::render
