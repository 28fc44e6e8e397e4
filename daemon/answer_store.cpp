// SPDX-License-Identifier: Apache-2.0
#include "daemon/answer_store.h"

#include <algorithm>

#include "drivers/base/error.h"
#include "drivers/base/random.h"

namespace insd {
namespace {

constexpr std::size_t kMaxOfOneUser = 256;
constexpr std::size_t kMaxOfAll = 4096;

}  // namespace

AnswerStore::Named AnswerStore::keep(std::uint32_t uid, KeptAnswer answer, std::chrono::seconds ttl) {
  forget_expired();
  make_room(uid);
  answer.expires = clock_.wall() + ttl;
  Record record{random_hex(16), uid, clock_.steady() + ttl, std::move(answer)};
  Named named{record.id, record.kept.expires};
  const Clock::Steady until = record.until;
  answers_.push_back(std::move(record));
  if (!awaited_ || until < *awaited_) await_expiry();
  return named;
}

// A patient's identity does not stay in memory because nobody asks any more.
void AnswerStore::await_expiry() {
  awaited_.reset();
  if (answers_.empty()) return;
  awaited_ = std::ranges::min_element(answers_, {}, &Record::until)->until;
  expiry_.expires_after(*awaited_ - clock_.steady());
  expiry_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    forget_expired();
    await_expiry();
  });
}

const KeptAnswer& AnswerStore::find(const std::string& id, std::uint32_t uid) {
  forget_expired();
  const auto found = std::find_if(answers_.begin(), answers_.end(),
                                  [&](const Record& record) { return record.uid == uid && record.id == id; });
  if (found == answers_.end()) throw Error(Code::NOT_FOUND, "no such answer");
  return found->kept;
}

void AnswerStore::forget(const std::string& id, std::uint32_t uid) {
  find(id, uid);
  std::erase_if(answers_, [&](const Record& record) { return record.uid == uid && record.id == id; });
}

void AnswerStore::card_left(const std::string& generation) {
  std::erase_if(answers_, [&](const Record& record) {
    return record.kept.ends_with_card &&
           std::ranges::find(record.kept.generations, generation) != record.kept.generations.end();
  });
}

void AnswerStore::forget_expired() {
  const Clock::Steady now = clock_.steady();
  std::erase_if(answers_, [&](const Record& record) { return record.until <= now; });
}

void AnswerStore::make_room(std::uint32_t uid) {
  const auto of_user = [&](const Record& record) { return record.uid == uid; };
  if (std::count_if(answers_.begin(), answers_.end(), of_user) >=
      static_cast<std::ptrdiff_t>(kMaxOfOneUser)) {
    answers_.erase(std::find_if(answers_.begin(), answers_.end(), of_user));
  }
  if (answers_.size() >= kMaxOfAll) answers_.pop_front();
}

}  // namespace insd
