// SPDX-License-Identifier: Apache-2.0
// What a record of the audit trail holds, and how each vouches for all before it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "daemon/keys/site_keys.h"

namespace insd::journal {

/// The columns that the chain covers, in its order. Additive: a new one is appended, and absent (null) in old
/// records.
enum Column : std::uint8_t {
  SEQUENCE,  ///< from 1, without a gap
  TIME_US,   ///< UTC, microseconds since 1970
  KIND,      ///< "begin" or "end"
  BEGAN_AT,  ///< of an end: sequence of its begin
  HOST,      ///< name of the machine
  OPERATION,
  MODE,  ///< "cps" or "organisation"
  UID,
  PID,
  EXECUTABLE,
  UNIT,
  REQUEST_ID,
  PURPOSE_ID,
  PROFESSIONAL,
  PROFILE,
  EDITOR,
  MESSAGE_ID,
  ENVIRONMENT,
  NUMBER_HMAC,  ///< "<key id>:<hex>" of the identity's number
  CODE,
  DURATION_MS,
  CHANGED_TRAITS,    ///< names, separated by commas
  AUDIENCE,          ///< of a proof of presence
  KEY_ID,            ///< of the key that made the link
  CERTIFICATE_NAME,  ///< CN of the organisation's certificate; since layout 2
  COLUMNS
};

inline constexpr std::array<std::string_view, COLUMNS> kColumnNames{
    "sequence",    "time_us",        "kind",        "began_at",     "host",
    "operation",   "mode",           "uid",         "pid",          "executable",
    "unit",        "request_id",     "purpose_id",  "professional", "profile",
    "editor",      "message_id",     "environment", "number_hmac",  "code",
    "duration_ms", "changed_traits", "audience",    "key_id",       "certificate_name"};

/// Null, a number or UTF-8 text.
using Value = std::variant<std::monostate, std::int64_t, std::string>;
using Record = std::array<Value, COLUMNS>;

/// What the first record of a chain is linked to.
inline constexpr std::size_t kLinkBytes = 32;
Bytes first_link();

/// The record's own link: HMAC over the link before it and every column. 32 bytes.
Bytes link(const keys::SiteKey& key, ByteView previous, const Record& record);

}  // namespace insd::journal
