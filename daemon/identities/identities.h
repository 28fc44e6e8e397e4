// SPDX-License-Identifier: Apache-2.0
// Identities between the acts that make them: in memory only, for the user who made them, for a limited time.
// Every change is in the audit trail before it is made, and made wholly or not at all.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/clock.h"
#include "daemon/identities/revisions.h"
#include "daemon/identity/transitions.h"
#include "daemon/journal/journal.h"

namespace insd {

/// Who changes an identity, and why.
struct Deed {
  std::uint32_t uid = 0;
  std::int32_t pid = 0;
  std::string unit;
  std::string operation;  ///< "identity.accept", ...
  std::string by;         ///< national id or acting user; empty: a kiosk
  std::string purpose_id, request_id;
  std::string executable{};
};

/// On the executor only.
class Identities {
 public:
  struct Held {
    identity::Identity identity;
    std::uint32_t uid = 0;
    Clock::Wall expires;
    std::vector<std::string> generations = {};  ///< a kiosk's: it is forgotten when one of them ends
  };

  Identities(const boost::asio::any_io_executor& executor, Revisions& revisions, journal::Journal& journal,
             const Clock& clock)
      : revisions_(revisions), journal_(journal), clock_(clock), expiry_(executor) {}

  /// A new one, or one restored: its id is empty, or one that no other user holds a copy of here. Beyond 256
  /// of one user or 4096 of all, the oldest is forgotten. Throws JOURNAL_UNAVAILABLE, and IDENTITY_STALE when
  /// a later revision is known.
  const Held& add(const Deed& deed, identity::Identity identity, std::chrono::seconds ttl,
                  std::vector<std::string> generations = {});

  /// NOT_FOUND for an unknown or expired id and for another user's, without telling which.
  const Held& find(const std::string& id, std::uint32_t uid);

  /// Lets `change` work on a copy; what it throws leaves everything as it was. Its result are the names of
  /// the traits that it changed. `expected_revision`: 0 for any. Throws NOT_FOUND, IDENTITY_STALE,
  /// JOURNAL_UNAVAILABLE.
  using Change = std::function<std::vector<identity::TraitName>(identity::Identity&)>;
  const Held& change(const Deed& deed, const std::string& id, std::uint64_t expected_revision,
                     std::chrono::seconds ttl, const Change& change);

  /// The identity has left in a token that ends then: an older one is worth nothing from now on.
  const Held& sealed(const Deed& deed, const std::string& id, Clock::Wall expires);

  void forget(const std::string& id, std::uint32_t uid);
  /// The card of a kiosk has gone.
  void card_left(const std::string& generation);
  [[nodiscard]] std::size_t size() const { return held_.size(); }

 private:
  struct Record {
    Held held;
    Clock::Steady until;
  };
  Record& record(const std::string& id, std::uint32_t uid);
  void require_newest(const identity::Identity& identity) const;
  std::uint64_t begin(const Deed& deed, const identity::Identity& identity);
  void end(std::uint64_t record, const identity::Identity& identity,
           const std::vector<identity::TraitName>& changed) noexcept;
  void prolong(Record& record, std::chrono::seconds ttl);
  void make_room(std::uint32_t uid);
  void forget_expired();
  void await_expiry();

  Revisions& revisions_;
  journal::Journal& journal_;
  const Clock& clock_;
  std::deque<Record> held_;  // oldest first
  boost::asio::steady_timer expiry_;
};

}  // namespace insd
