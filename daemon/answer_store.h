// SPDX-License-Identifier: Apache-2.0
// INSi answers between their search and what is done with them (design: 4.4): in memory only, for the user
// who asked, for a limited time.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/clock.h"
#include "daemon/config.h"
#include "daemon/insi/exchange.h"

namespace insd {

struct KeptAnswer {
  insi::Answer answer;
  InsiEnvironment environment = InsiEnvironment::UNSET;
  Clock::Wall expires{};   ///< set by keep()
  Clock::Wall asked_at{};  ///< when INSi was asked
  /// Not about the person asked for: accepting it is refused with ANSWER_BLOCKED (threats: T-INS-01).
  bool blocked = false;
  std::vector<std::string> generations{};  ///< of the cards it came from
  bool ends_with_card = false;             ///< a kiosk's: forgotten when one of `generations` ends
  bool found_by_other_given_name = false;  ///< not through the first given name alone
};

/// On the executor only.
class AnswerStore {
 public:
  /// `executor` is where answers are forgotten when their time comes.
  AnswerStore(const boost::asio::any_io_executor& executor, const Clock& clock)
      : clock_(clock), expiry_(executor) {}

  struct Named {
    std::string id;  ///< 128 random bits, hex
    Clock::Wall expires;
  };
  /// Beyond 256 answers of one user or 4096 of all, the oldest of that user (of all) is forgotten.
  Named keep(std::uint32_t uid, KeptAnswer answer, std::chrono::seconds ttl);

  /// Throws NOT_FOUND for an unknown or expired id and for another user's, without telling which.
  const KeptAnswer& find(const std::string& id, std::uint32_t uid);

  /// Throws as find().
  void forget(const std::string& id, std::uint32_t uid);

  /// A card left: the answers of kiosks that came from it go.
  void card_left(const std::string& generation);

  [[nodiscard]] std::size_t size() const { return answers_.size(); }

 private:
  struct Record {
    std::string id;
    std::uint32_t uid;
    Clock::Steady until;
    KeptAnswer kept;
  };
  void forget_expired();
  void make_room(std::uint32_t uid);
  void await_expiry();

  const Clock& clock_;
  std::deque<Record> answers_;  // oldest first
  boost::asio::steady_timer expiry_;
  std::optional<Clock::Steady> awaited_;  // what expiry_ waits for
};

}  // namespace insd
