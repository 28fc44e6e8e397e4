// SPDX-License-Identifier: Apache-2.0
// Leases: uid + card + generation, with an idle and an absolute limit (PIN law, rule 6). Nothing is keyed by
// connection, and one caller's lease never serves another. Used on one executor only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "daemon/desk/professional.h"
#include "drivers/cps/cps.h"

namespace insd::desk {

struct Lease {
  std::string token;
  std::uint32_t uid = 0;
  Professional professional;
  cps::Layout layout;
  bool detached = false;
  std::optional<unsigned> signatures_left;  ///< nothing = no limit
  std::shared_ptr<void> hold;               ///< keeps the card connection open
  Clock::Steady idle_end, absolute_end;
};

class Leases {
 public:
  /// `ended` is called after a lease is gone; `last` tells whether it was the card's last one.
  using Ended = std::function<void(const Lease& lease, LeaseEnd cause, bool last)>;

  Leases(boost::asio::any_io_executor executor, std::chrono::seconds idle, std::chrono::seconds absolute,
         const Clock& clock, Ended ended);

  /// Returns the token. Throws BUSY when a user holds too many.
  std::string add(Lease lease);

  /// The lease, if `uid` may use it. Throws LEASE_REQUIRED (empty token), LEASE_LOST (it was this user's and
  /// its card left), LEASE_INVALID (anything else: whose it is or was is not told).
  Lease& find(const std::string& token, std::uint32_t uid);

  /// Starts the idle limit anew.
  void used(Lease& lease);

  /// One signature was made; ends the lease when it was the last allowed.
  void signature_made(const std::string& token);

  /// True when the lease existed and was the last on its card.
  bool end(const std::string& token, LeaseEnd cause);
  void end_generation(const std::string& generation, LeaseEnd cause);
  void end_all(LeaseEnd cause);

  /// Called once when the lease ends; at once when it does not exist.
  void on_end(const std::string& token, std::function<void(LeaseEnd)> callback);

 private:
  struct Entry {
    Lease lease;
    boost::asio::steady_timer timer;
    std::vector<std::function<void(LeaseEnd)>> callbacks;
  };

  void arm(Entry& entry);

  const boost::asio::any_io_executor executor_;
  const std::chrono::seconds idle_, absolute_;
  const Clock& clock_;
  const Ended ended_;
  std::map<std::string, std::unique_ptr<Entry>> entries_;
  std::map<std::string, std::uint32_t>
      lost_;  // tokens that ended with their card, and whose they were; bounded
};

}  // namespace insd::desk
