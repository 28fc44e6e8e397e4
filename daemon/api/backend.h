// SPDX-License-Identifier: Apache-2.0
// What the services stand on. Made by the program, outlives every connection.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include <boost/asio/io_context.hpp>

#include "daemon/api/open_streams.h"
#include "daemon/api/rate_limit.h"
#include "daemon/api/rules.h"
#include "daemon/api/user_name.h"
#include "daemon/desk/desk.h"
#include "daemon/desk/professional.h"
#include "daemon/desk/vitale_desk.h"
#include "daemon/failed_searches.h"
#include "daemon/identities/identities.h"
#include "daemon/identities/kiosk_visits.h"
#include "daemon/insi_monitor.h"
#include "daemon/keys/site_keys.h"
#include "daemon/search.h"
#include "daemon/verification.h"

namespace insd::api {

/// For GetInfo.
struct RunInfo {
  std::string version;
  std::string start_id;
  Clock::Wall started;
};

/// The rules of the moment. Any thread.
class CurrentRules {
 public:
  explicit CurrentRules(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}
  [[nodiscard]] std::shared_ptr<const Rules> get() const {
    const std::lock_guard lock(mutex_);
    return rules_;
  }
  void set(std::shared_ptr<const Rules> rules) {
    const std::lock_guard lock(mutex_);
    rules_ = std::move(rules);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Rules> rules_;
};

/// Handlers run on `io` (one thread) and only there touch the desks and the search.
struct Backend {
  boost::asio::io_context& io;
  desk::Desk& desk;
  desk::ProfessionalDesk& professionals;
  desk::VitaleDesk& vitale;
  Search& search;
  Verification& verification;
  InsiMonitor& monitor;
  CurrentRules& rules;
  RateLimiter& limiter;
  const Clock& clock;
  RunInfo info;
  std::shared_ptr<keys::SiteKeyRing> keys;  ///< the site's own
  journal::Writer& journal;
  std::filesystem::path trail;  ///< state directory with the audit trail; empty: it is in journald
  AnswerStore& answers;
  FailedSearches& failed_searches;
  Identities& identities;
  KioskVisits& kiosks;
  OpenStreams streams{};
  UnansweredPrompts prompts{clock};
  UserNames names{};
  RateLimiter proofs{DaemonConfig().proofs_per_minute, clock};  ///< of presence
  std::atomic<bool> stopping{false};  ///< the end has begun: no new call is admitted
};

}  // namespace insd::api
