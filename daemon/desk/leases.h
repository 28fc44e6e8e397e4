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

namespace insd::desk {

struct Lease {
  std::string token;
  std::uint32_t uid = 0;
  Professional professional;
  bool detached = false;
  std::optional<unsigned> signatures_left;  ///< not yet begun; nothing = no limit
  unsigned signing = 0;                     ///< begun, not yet ended
  std::shared_ptr<void> hold;               ///< keeps the card's verified state
  Clock::Steady idle_end, absolute_end;
  std::optional<std::chrono::nanoseconds> asleep;  ///< Clock::asleep() before the PIN was asked
};

class Leases {
 public:
  Leases(boost::asio::any_io_executor executor, std::chrono::seconds idle, std::chrono::seconds absolute,
         const Clock& clock);

  /// Throws BUSY when a user holds too many: asked before the PIN is.
  void check_room(std::uint32_t uid) const;

  /// Returns the token; the lease ends at once when the machine has slept since `lease.asleep` (nothing =
  /// now). Throws BUSY as check_room().
  std::string add(Lease lease);

  /// The lease, if `uid` may use it. Throws LEASE_REQUIRED (empty token), LEASE_LOST (it was this user's and
  /// its card left), LEASE_INVALID (anything else: whose it is or was is not told). A lease from before the
  /// machine slept is found no more, however soon after.
  Lease& find(const std::string& token, std::uint32_t uid);

  /// Has this card any lease?
  [[nodiscard]] bool any(const std::string& generation) const;

  /// Starts the idle limit anew.
  void used(Lease& lease);

  /// One signature begins: it is counted before it is made, so that two at once cannot share the last one.
  /// Throws LEASE_INVALID when none is left.
  void signature_begins(Lease& lease);
  /// It was made, or not. Ends the lease when it was the last allowed.
  void signature_ended(const std::string& token, bool made);

  /// True when the lease existed and was the last on its card.
  bool end(const std::string& token, LeaseEnd cause);
  void end_generation(const std::string& generation, LeaseEnd cause);
  void end_all(LeaseEnd cause);

  /// Called once when the lease ends, unless the handle has died; at once when the lease does not exist.
  [[nodiscard]] std::shared_ptr<void> on_end(const std::string& token,
                                             std::function<void(LeaseEnd)> callback);

 private:
  struct Entry {
    Lease lease;
    boost::asio::steady_timer timer;
    std::vector<std::weak_ptr<std::function<void(LeaseEnd)>>> callbacks;
  };

  void arm(Entry& entry);
  void end_what_slept();
  void look_for_sleep();

  const boost::asio::any_io_executor executor_;
  const std::chrono::seconds idle_, absolute_;
  const Clock& clock_;
  std::map<std::string, std::unique_ptr<Entry>> entries_;
  std::map<std::string, std::uint32_t>
      lost_;  // tokens that ended with their card, and whose they were; bounded
  boost::asio::steady_timer sleep_look_{executor_};
  bool looking_ = false;
};

}  // namespace insd::desk
