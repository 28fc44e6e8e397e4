// SPDX-License-Identifier: Apache-2.0
// What was sent by questions that ended in an error (specs: EXI REC 07): in memory only, for the user who
// asked, for a limited time.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/search.h"

namespace insd {

/// On the executor only.
class FailedSearches {
 public:
  /// `executor` is where they are forgotten when their time comes.
  FailedSearches(const boost::asio::any_io_executor& executor, const Clock& clock)
      : clock_(clock), expiry_(executor) {}

  /// In the place of an earlier one of the same user and request. Nothing for no attempts. Beyond 64 of one
  /// user or 1024 of all, the oldest of that user (of all) is forgotten.
  void keep(std::uint32_t uid, const std::string& request_id, std::vector<SearchAttempt> attempts,
            std::chrono::seconds ttl);

  /// Throws NOT_FOUND: unknown, expired or another user's, without telling which.
  const std::vector<SearchAttempt>& find(const std::string& request_id, std::uint32_t uid);

  [[nodiscard]] std::size_t size() const { return searches_.size(); }

 private:
  struct Record {
    std::string request_id;
    std::uint32_t uid;
    Clock::Steady until;
    std::vector<SearchAttempt> attempts;
  };
  void forget_expired();
  void make_room(std::uint32_t uid);
  void await_expiry();

  const Clock& clock_;
  std::deque<Record> searches_;  // oldest first
  boost::asio::steady_timer expiry_;
};

}  // namespace insd
