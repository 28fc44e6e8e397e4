// SPDX-License-Identifier: Apache-2.0
#include "daemon/desk/leases.h"

#include <algorithm>
#include <utility>

#include "drivers/base/error.h"
#include "drivers/base/random.h"

namespace insd::desk {
namespace {

constexpr std::size_t kMaxPerUser = 32;
constexpr std::size_t kMaxRemembered = 256;
constexpr std::chrono::milliseconds kSleep{500};    // no machine suspends for less
constexpr std::chrono::seconds kSleepLookEvery{5};  // as the card is looked at (look_after.h)

}  // namespace

bool is_loss(LeaseEnd cause) {
  switch (cause) {
    case LeaseEnd::CARD_REMOVED:
    case LeaseEnd::CARD_RESET:
    case LeaseEnd::SERVICE_LOST:
    case LeaseEnd::READER_FAILED:
    case LeaseEnd::READER_RELEASED:
      return true;
    case LeaseEnd::LOGOUT:
    case LeaseEnd::IDLE:
    case LeaseEnd::EXPIRED:
    case LeaseEnd::SIGNATURES_USED:
    case LeaseEnd::SHUTDOWN:
    case LeaseEnd::SUSPENDED:
      return false;
  }
  return false;
}

Leases::Leases(boost::asio::any_io_executor executor, std::chrono::seconds idle,
               std::chrono::seconds absolute, const Clock& clock)
    : executor_(std::move(executor)), idle_(idle), absolute_(absolute), clock_(clock) {}

void Leases::check_room(std::uint32_t uid) const {
  const auto held =
      std::ranges::count_if(entries_, [&](const auto& entry) { return entry.second->lease.uid == uid; });
  if (static_cast<std::size_t>(held) >= kMaxPerUser)
    throw Error(Code::BUSY, "this user holds too many leases");
}

std::string Leases::add(Lease lease) {
  check_room(lease.uid);
  lease.token = random_hex(32);
  lease.absolute_end = clock_.steady() + absolute_;
  lease.idle_end = clock_.steady() + idle_;
  if (!lease.asleep) lease.asleep = clock_.asleep();
  std::string token = lease.token;
  auto entry = std::make_unique<Entry>(Entry{std::move(lease), boost::asio::steady_timer(executor_), {}});
  arm(*entry);
  entries_.emplace(token, std::move(entry));
  if (!std::exchange(looking_, true)) look_for_sleep();
  return token;
}

Lease& Leases::find(const std::string& token, std::uint32_t uid) {
  if (token.empty()) throw Error(Code::LEASE_REQUIRED);
  end_what_slept();
  const auto found = entries_.find(token);
  if (found != entries_.end() && found->second->lease.uid == uid) return found->second->lease;
  const auto lost = lost_.find(token);
  if (lost != lost_.end() && lost->second == uid) throw Error(Code::LEASE_LOST);
  throw Error(Code::LEASE_INVALID);
}

bool Leases::any(const std::string& generation) const {
  return std::ranges::any_of(entries_, [&](const auto& entry) {
    return entry.second->lease.professional.card.generation == generation;
  });
}

void Leases::used(Lease& lease) {
  lease.idle_end = clock_.steady() + idle_;
  arm(*entries_.at(lease.token));
}

void Leases::signature_begins(Lease& lease) {
  if (lease.signatures_left) {
    if (*lease.signatures_left == 0) throw Error(Code::LEASE_INVALID, "all its signatures are under way");
    --*lease.signatures_left;
  }
  ++lease.signing;
}

void Leases::signature_ended(const std::string& token, bool made) {
  const auto found = entries_.find(token);
  if (found == entries_.end()) return;
  Lease& lease = found->second->lease;
  --lease.signing;
  if (!lease.signatures_left) return;
  if (!made) ++*lease.signatures_left;
  if (*lease.signatures_left == 0 && lease.signing == 0) end(token, LeaseEnd::SIGNATURES_USED);
}

bool Leases::end(const std::string& token, LeaseEnd cause) {
  auto node = entries_.extract(token);
  if (node.empty()) return false;
  Entry& entry = *node.mapped();
  entry.timer.cancel();
  const std::string& generation = entry.lease.professional.card.generation;
  const bool last = !any(generation);
  if (is_loss(cause)) {
    if (lost_.size() >= kMaxRemembered) lost_.erase(lost_.begin());
    lost_[token] = entry.lease.uid;
  }
  for (const auto& listening : entry.callbacks) {
    if (const auto callback = listening.lock()) (*callback)(cause);
  }
  return last;
}

void Leases::end_generation(const std::string& generation, LeaseEnd cause) {
  std::vector<std::string> tokens;
  for (const auto& [token, entry] : entries_) {
    if (entry->lease.professional.card.generation == generation) tokens.push_back(token);
  }
  for (const auto& token : tokens) end(token, cause);
}

void Leases::end_all(LeaseEnd cause) {
  while (!entries_.empty()) end(std::string(entries_.begin()->first), cause);
}

std::shared_ptr<void> Leases::on_end(const std::string& token, std::function<void(LeaseEnd)> callback) {
  const auto found = entries_.find(token);
  if (found == entries_.end()) {
    callback(LeaseEnd::LOGOUT);
    return nullptr;
  }
  auto& callbacks = found->second->callbacks;
  std::erase_if(callbacks, [](const auto& listening) { return listening.expired(); });
  auto kept = std::make_shared<std::function<void(LeaseEnd)>>(std::move(callback));
  callbacks.push_back(kept);
  return kept;
}

// Timers stand still while the machine sleeps, and the card may keep its verified state: nobody knows who is
// at the desk when it wakes.
void Leases::end_what_slept() {
  const auto asleep = clock_.asleep();
  std::vector<std::string> tokens;
  for (const auto& [token, entry] : entries_) {
    if (asleep - *entry->lease.asleep >= kSleep) tokens.push_back(token);
  }
  for (const auto& token : tokens) end(token, LeaseEnd::SUSPENDED);
}

void Leases::look_for_sleep() {
  sleep_look_.expires_after(kSleepLookEvery);
  sleep_look_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    end_what_slept();
    looking_ = !entries_.empty();
    if (looking_) look_for_sleep();
  });
}

void Leases::arm(Entry& entry) {
  entry.timer.expires_after(std::min(entry.lease.idle_end, entry.lease.absolute_end) - clock_.steady());
  entry.timer.async_wait([this, token = entry.lease.token](const boost::system::error_code& error) {
    if (error) return;
    const auto found = entries_.find(token);
    if (found == entries_.end()) return;
    const Lease& lease = found->second->lease;
    const auto now = clock_.steady();
    if (now >= lease.absolute_end) {
      end(token, LeaseEnd::EXPIRED);
    } else if (now >= lease.idle_end) {
      end(token, LeaseEnd::IDLE);
    } else {
      arm(*found->second);
    }
  });
}

}  // namespace insd::desk
