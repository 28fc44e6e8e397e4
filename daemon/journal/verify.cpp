// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "daemon/journal/database.h"
#include "daemon/journal/trail.h"

namespace insd::journal {
namespace {

class Judge {
 public:
  Judge(const keys::SiteKeys& keys, std::vector<Checkpoint> checkpoints)
      : keys_(keys), checkpoints_(std::move(checkpoints)), link_(first_link()) {
    std::sort(checkpoints_.begin(), checkpoints_.end(),
              [](const Checkpoint& left, const Checkpoint& right) { return left.sequence < right.sequence; });
    on_the_chain();  // of a trail that was still empty
  }

  /// False at the first record that is wrong.
  bool good(const StoredRecord& stored) {
    const std::int64_t expected = verdict_.records + 1;
    const auto* sequence = std::get_if<std::int64_t>(&stored.record[SEQUENCE]);
    if (sequence == nullptr || *sequence != expected) return bad(expected, "missing");
    const auto* key_id = std::get_if<std::string>(&stored.record[KEY_ID]);
    const keys::SiteKeyPtr key = key_id != nullptr ? keys_.find(*key_id) : nullptr;
    if (key == nullptr) return bad(expected, "made with a key that is not here");
    if (link(*key, link_, stored.record) != stored.link)
      return bad(expected, "changed, or the one before it");
    link_ = stored.link;
    verdict_.records = expected;
    return on_the_chain();
  }

  Verdict verdict() {
    if (!verdict_.bad_sequence && next_ < checkpoints_.size()) {
      bad(verdict_.records + 1, "cut: a later record was seen");
    }
    return verdict_;
  }

 private:
  bool on_the_chain() {
    for (; next_ < checkpoints_.size() && checkpoints_[next_].sequence <= verdict_.records; ++next_) {
      if (checkpoints_[next_].sequence == verdict_.records && checkpoints_[next_].link != to_hex(link_)) {
        return bad(verdict_.records, "not the record that was seen: the chain was written anew");
      }
    }
    return true;
  }

  bool bad(std::int64_t sequence, std::string reason) {
    verdict_.bad_sequence = sequence;
    verdict_.reason = std::move(reason);
    return false;
  }

  const keys::SiteKeys& keys_;
  std::vector<Checkpoint> checkpoints_;
  std::size_t next_ = 0;
  Bytes link_;
  Verdict verdict_;
};

}  // namespace

Verdict verify(const std::filesystem::path& file, const keys::SiteKeys& keys,
               const std::vector<Checkpoint>& checkpoints) {
  const Database database(file, Database::Access::READ);
  Judge judge(keys, checkpoints);
  database.read([&](const StoredRecord& stored) { return judge.good(stored); });
  return judge.verdict();
}

}  // namespace insd::journal
