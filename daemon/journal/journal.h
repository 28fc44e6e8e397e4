// SPDX-License-Identifier: Apache-2.0
// The audit trail: a record before something is sent or signed, and one after. No patient datum, no secret in
// clear.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "drivers/base/error.h"

namespace insd::journal {

/// What is about to happen. Empty = does not apply.
struct Begin {
  std::string operation;  ///< "rechercherInsAvecCarteVitale", "login", "logout", "authenticate", ...
  std::uint32_t uid = 0;
  std::int32_t pid = 0;  ///< for display only
  std::string unit;      ///< for display only
  std::string request_id, purpose_id;
  std::string professional;  ///< national id, or acting user
  std::string profile, editor;
  std::string message_id;
  std::string environment;
  std::string audience;          ///< whom a proof of presence is for
  std::string mode;              ///< "cps" or "organisation"
  std::string executable;        ///< for display only
  std::string certificate_name;  ///< CN of the organisation's certificate; mode organisation
};

/// How it ended.
struct End {
  std::string code;  ///< "OK", "00", "01", "02", or outcome_of() an error
  std::int64_t duration_ms = 0;
  std::string number = {};          ///< of the identity it was about; kept as HMAC only
  std::string changed_traits = {};  ///< their names, separated by commas; no values
};

/// The error's code; then " SIGNATURE_UNKNOWN" when a signature may have been made although its value never
/// came.
inline std::string outcome_of(const Error& error) {
  return std::string(error.entry().name) + (error.signature_unknown() ? " SIGNATURE_UNKNOWN" : "");
}

class Journal {
 public:
  virtual ~Journal() = default;
  /// Durable when it returns. Throws JOURNAL_UNAVAILABLE: then nothing may be sent or signed. Returns a
  /// record id.
  virtual std::uint64_t begin(const Begin& record) = 0;
  /// begin() of several, for the price of one where the journal can: all of them, or it throws. Their ids in
  /// the same order.
  virtual std::vector<std::uint64_t> begin_all(const std::vector<Begin>& records) {
    std::vector<std::uint64_t> ids;
    ids.reserve(records.size());
    for (const Begin& each : records) ids.push_back(begin(each));
    return ids;
  }
  /// Never throws.
  virtual void end(std::uint64_t id, const End& record) noexcept = 0;
};

/// To journald (sd_journal_send, fields INSD_*); on a machine without journald, to standard error as one line
/// each. `socket` tells whether there is a journald: libsystemd writes to that of the machine, whatever it
/// is.
std::unique_ptr<Journal> make_journald_journal(
    const std::filesystem::path& socket = "/run/systemd/journal/socket");

}  // namespace insd::journal
