// SPDX-License-Identifier: Apache-2.0
#include "daemon/journal/trail.h"

#include <mutex>
#include <numeric>
#include <utility>

#include <spdlog/spdlog.h>

#include "daemon/journal/database.h"
#include "drivers/base/error.h"

namespace insd::journal {
namespace {

constexpr std::int64_t kCheckpointEvery = 100;

Value text(const std::string& words) {
  if (words.empty()) return {};
  return printable(words);
}

Value number(std::int64_t value) {
  return value;
}

class Trail final : public Journal {
 public:
  Trail(TrailParts parts, const Clock& clock)
      : parts_(std::move(parts)), clock_(clock), database_(parts_.file, Database::Access::APPEND) {
    const StoredRecord newest = database_.newest();
    const auto* sequence = std::get_if<std::int64_t>(&newest.record[SEQUENCE]);
    // A link of the wrong length was written by somebody else: the chain goes on from it, and verify() points
    // there.
    sequence_ = sequence != nullptr ? *sequence : 0;
    link_ = newest.link;
    tell();
  }

  ~Trail() override { tell(); }
  Trail(const Trail&) = delete;
  Trail& operator=(const Trail&) = delete;

  std::uint64_t begin(const Begin& begin) override { return begin_all({begin}).front(); }

  std::vector<std::uint64_t> begin_all(const std::vector<Begin>& begins) override {
    std::vector<Record> records;
    for (const Begin& each : begins) records.push_back(begin_record(each));
    const auto last = append(std::move(records), Database::Safety::ON_DISK);
    std::vector<std::uint64_t> ids(begins.size());
    std::iota(ids.begin(), ids.end(), static_cast<std::uint64_t>(last) + 1 - ids.size());
    return ids;
  }

  void end(std::uint64_t id, const End& end) noexcept override try {
    Record record;
    record[KIND] = text("end");
    record[BEGAN_AT] = number(static_cast<std::int64_t>(id));
    record[CODE] = text(end.code);
    record[DURATION_MS] = number(end.duration_ms);
    if (!end.number.empty()) {
      const keys::SiteKeyPtr key = parts_.keys->number.current();
      record[NUMBER_HMAC] = text(key->id + ":" + to_hex(keys::hmac(*key, as_bytes(end.number))));
    }
    record[CHANGED_TRAITS] = text(end.changed_traits);
    // The next begin puts it on the disk: nobody waits for it here.
    append({std::move(record)}, Database::Safety::IN_FILE);
  } catch (const std::exception& failure) {  // the begin record without an end tells it, and so does the log
    spdlog::error("audit trail: the end of record {} is lost: {}", id, failure.what());
  }

 private:
  static Record begin_record(const Begin& begin) {
    Record record;
    record[KIND] = text("begin");
    record[OPERATION] = text(begin.operation);
    record[MODE] = text(begin.mode);
    record[UID] = number(begin.uid);
    record[PID] = number(begin.pid);
    record[EXECUTABLE] = text(begin.executable);
    record[UNIT] = text(begin.unit);
    record[REQUEST_ID] = text(begin.request_id);
    record[PURPOSE_ID] = text(begin.purpose_id);
    record[PROFESSIONAL] = text(begin.professional);
    record[PROFILE] = text(begin.profile);
    record[EDITOR] = text(begin.editor);
    record[MESSAGE_ID] = text(begin.message_id);
    record[ENVIRONMENT] = text(begin.environment);
    record[AUDIENCE] = text(begin.audience);
    record[CERTIFICATE_NAME] = text(begin.certificate_name);
    return record;
  }

  // All of them or none; returns the sequence of the last.
  std::int64_t append(std::vector<Record> records, Database::Safety safety) {
    const std::lock_guard lock(mutex_);
    const keys::SiteKeyPtr key = parts_.keys->journal.current();
    std::vector<StoredRecord> stored;
    std::int64_t sequence = sequence_;
    for (Record& record : records) {
      record[SEQUENCE] = number(++sequence);
      record[TIME_US] = number(
          std::chrono::duration_cast<std::chrono::microseconds>(clock_.wall().time_since_epoch()).count());
      record[HOST] = text(parts_.host);
      record[KEY_ID] = text(key->id);
      StoredRecord next{std::move(record), {}};
      next.link = link(*key, stored.empty() ? link_ : stored.back().link, next.record);
      stored.push_back(std::move(next));
    }
    database_.append(stored, safety);
    link_ = std::move(stored.back().link);
    const bool due = sequence / kCheckpointEvery > sequence_ / kCheckpointEvery;
    sequence_ = sequence;
    if (due) tell();
    return sequence_;
  }

  void tell() const {
    if (parts_.checkpoint) parts_.checkpoint({sequence_, to_hex(link_)});
  }

  const TrailParts parts_;
  const Clock& clock_;
  std::mutex mutex_;
  Database database_;
  std::int64_t sequence_ = 0;
  Bytes link_;
};

}  // namespace

std::unique_ptr<Journal> make_trail(TrailParts parts, const Clock& clock) {
  return std::make_unique<Trail>(std::move(parts), clock);
}

}  // namespace insd::journal
