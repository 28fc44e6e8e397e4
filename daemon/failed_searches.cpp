// SPDX-License-Identifier: Apache-2.0
#include "daemon/failed_searches.h"

#include <algorithm>

#include "drivers/base/error.h"

namespace insd {
namespace {

constexpr std::ptrdiff_t kMaxOfOneUser = 64;
constexpr std::size_t kMaxOfAll = 1024;

}  // namespace

void FailedSearches::keep(std::uint32_t uid, const std::string& request_id,
                          std::vector<SearchAttempt> attempts, std::chrono::seconds ttl) {
  if (attempts.empty()) return;
  std::erase_if(searches_,
                [&](const Record& each) { return each.uid == uid && each.request_id == request_id; });
  make_room(uid);
  searches_.push_back({request_id, uid, clock_.steady() + ttl, std::move(attempts)});
  await_expiry();
}

const std::vector<SearchAttempt>& FailedSearches::find(const std::string& request_id, std::uint32_t uid) {
  forget_expired();
  const auto found = std::ranges::find_if(
      searches_, [&](const Record& each) { return each.uid == uid && each.request_id == request_id; });
  if (found == searches_.end()) throw Error(Code::NOT_FOUND, "no such failed search");
  return found->attempts;
}

// What was asked about a patient does not stay in memory because nobody asks any more.
void FailedSearches::await_expiry() {
  forget_expired();
  if (searches_.empty()) return;
  expiry_.expires_after(std::ranges::min_element(searches_, {}, &Record::until)->until - clock_.steady());
  expiry_.async_wait([this](const boost::system::error_code& error) {
    if (!error) await_expiry();
  });
}

void FailedSearches::forget_expired() {
  const Clock::Steady now = clock_.steady();
  std::erase_if(searches_, [&](const Record& each) { return each.until <= now; });
}

void FailedSearches::make_room(std::uint32_t uid) {
  const auto of_user = [&](const Record& each) { return each.uid == uid; };
  if (std::ranges::count_if(searches_, of_user) >= kMaxOfOneUser)
    searches_.erase(std::ranges::find_if(searches_, of_user));
  if (searches_.size() >= kMaxOfAll) searches_.pop_front();
}

}  // namespace insd
