// SPDX-License-Identifier: Apache-2.0
#include "daemon/identities/identities.h"

#include <algorithm>

#include "daemon/identity/explain.h"
#include "drivers/base/error.h"
#include "drivers/base/random.h"

namespace insd {
namespace {

constexpr std::ptrdiff_t kMaxOfOneUser = 256;
constexpr std::size_t kMaxOfAll = 4096;
constexpr std::size_t kIdBytes = 16;

}  // namespace

const Identities::Held& Identities::add(const Deed& deed, identity::Identity identity,
                                        std::chrono::seconds ttl, std::vector<std::string> generations) {
  forget_expired();
  if (identity.id.empty()) identity.id = random_hex(kIdBytes);
  require_newest(identity);
  const std::uint64_t entry = begin(deed, identity);
  end(entry, identity, {});
  // Restored over an older copy of the same user: there is one of them.
  forget(identity.id, deed.uid);
  make_room(deed.uid);
  held_.push_back({{std::move(identity), deed.uid, {}, std::move(generations)}, {}});
  prolong(held_.back(), ttl);
  await_expiry();
  return held_.back().held;
}

const Identities::Held& Identities::find(const std::string& id, std::uint32_t uid) {
  return record(id, uid).held;
}

Identities::Record& Identities::record(const std::string& id, std::uint32_t uid) {
  forget_expired();
  const auto found = std::ranges::find_if(
      held_, [&](const Record& each) { return each.held.uid == uid && each.held.identity.id == id; });
  if (found == held_.end()) throw Error(Code::NOT_FOUND, "no such identity");
  return *found;
}

const Identities::Held& Identities::change(const Deed& deed, const std::string& id,
                                           std::uint64_t expected_revision, std::chrono::seconds ttl,
                                           const Change& change) {
  Record& target = record(id, deed.uid);
  if (expected_revision != 0 && expected_revision != target.held.identity.revision) {
    throw Error(Code::IDENTITY_STALE).with_field("expected_revision", "is not the revision of now");
  }
  require_newest(target.held.identity);
  identity::Identity next = target.held.identity;
  const auto changed = change(next);
  const std::uint64_t entry = begin(deed, next);
  if (const auto kept = revisions_.find(id)) revisions_.raise(id, next.revision, kept->expires);
  target.held.identity = std::move(next);
  prolong(target, ttl);
  end(entry, target.held.identity, changed);
  return target.held;
}

const Identities::Held& Identities::sealed(const Deed& deed, const std::string& id, Clock::Wall expires) {
  Record& target = record(id, deed.uid);
  require_newest(target.held.identity);
  const std::uint64_t entry = begin(deed, target.held.identity);
  revisions_.raise(id, target.held.identity.revision, expires);
  end(entry, target.held.identity, {});
  return target.held;
}

// Of two copies, here or in a token, the one that was changed last is right.
void Identities::require_newest(const identity::Identity& identity) const {
  const auto kept = revisions_.find(identity.id);
  if (kept && kept->revision > identity.revision) throw Error(Code::IDENTITY_STALE);
}

std::uint64_t Identities::begin(const Deed& deed, const identity::Identity& identity) {
  journal::Begin begin;
  begin.operation = deed.operation;
  begin.uid = deed.uid;
  begin.pid = deed.pid;
  begin.unit = deed.unit;
  begin.executable = deed.executable;
  begin.request_id = deed.request_id;
  begin.purpose_id = deed.purpose_id;
  begin.professional = deed.by;
  begin.environment = identity.test_environment ? "test" : "";
  return journal_.begin(begin);
}

void Identities::end(std::uint64_t record, const identity::Identity& identity,
                     const std::vector<identity::TraitName>& changed) noexcept {
  journal::End end{std::string(identity::to_string(identity::status_of(identity))), 0};
  if (identity.number) {
    end.number = identity.number->number;
  } else if (identity.pending) {
    end.number = identity.pending->number.number;
  }
  for (const identity::TraitName trait : changed) {
    end.changed_traits += (end.changed_traits.empty() ? "" : ",") + std::string(identity::to_string(trait));
  }
  journal_.end(record, end);
}

void Identities::forget(const std::string& id, std::uint32_t uid) {
  std::erase_if(held_,
                [&](const Record& each) { return each.held.uid == uid && each.held.identity.id == id; });
}

void Identities::card_left(const std::string& generation) {
  std::erase_if(held_, [&](const Record& each) {
    return std::ranges::find(each.held.generations, generation) != each.held.generations.end();
  });
}

void Identities::prolong(Record& record, std::chrono::seconds ttl) {
  record.until = clock_.steady() + ttl;
  record.held.expires = clock_.wall() + ttl;
}

void Identities::make_room(std::uint32_t uid) {
  const auto of_user = [&](const Record& each) { return each.held.uid == uid; };
  if (std::ranges::count_if(held_, of_user) >= kMaxOfOneUser) {
    held_.erase(std::ranges::find_if(held_, of_user));
  }
  if (held_.size() >= kMaxOfAll) held_.pop_front();
}

void Identities::forget_expired() {
  const Clock::Steady now = clock_.steady();
  std::erase_if(held_, [&](const Record& each) { return each.until <= now; });
}

// A patient's identity does not stay in memory because nobody asks any more.
void Identities::await_expiry() {
  if (held_.empty()) {
    expiry_.cancel();
    return;
  }
  const Clock::Steady first = std::ranges::min_element(held_, {}, &Record::until)->until;
  expiry_.expires_after(std::max(first - clock_.steady(), Clock::Steady::duration(std::chrono::seconds(1))));
  expiry_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    forget_expired();
    await_expiry();
  });
}

}  // namespace insd
