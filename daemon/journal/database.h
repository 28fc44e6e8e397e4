// SPDX-License-Identifier: Apache-2.0
// The audit trail's file: an SQLite database that takes new records and gives none up.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/journal/chain.h"

struct sqlite3;
struct sqlite3_stmt;

namespace insd::journal {

/// A record as it is stored.
struct StoredRecord {
  Record record;
  Bytes link;  ///< as stored: of any length
};

/// Something that was done: its two records.
struct Operation {
  Record begin;
  std::optional<Record> end;
};

/// Which operations. All that is set must fit.
struct Filter {
  std::int64_t after = 0;  ///< sequence of a begin
  std::optional<std::int64_t> from_us, until_us;
  std::string professional;
  std::int64_t limit = 100;
};

/// One connection; one thread at a time. Every failure is JOURNAL_UNAVAILABLE with SQLite's words.
class Database {
 public:
  enum class Access : std::uint8_t { APPEND, READ };

  /// APPEND creates the file (0600) when it is not there, and gives an older one the columns it lacks.
  /// Refuses a file that is not an audit trail, or a newer one.
  Database(const std::filesystem::path& file, Access access);

  /// What must be true of a record when append() returns.
  enum class Safety : std::uint8_t {
    ON_DISK,  ///< a power cut does not take it
    IN_FILE,  ///< a kill does not take it; a power cut may, until the next record that is ON_DISK
  };

  /// All of them or, when it throws, none.
  void append(const std::vector<StoredRecord>& records, Safety safety);

  /// The newest record; of a new file one whose sequence is 0 and whose link is first_link().
  [[nodiscard]] StoredRecord newest() const;

  /// Calls `each` in the order of the sequence until it returns false. Numbers and texts that are neither are
  /// null.
  void read(const std::function<bool(const StoredRecord&)>& each) const;

  /// Oldest first.
  [[nodiscard]] std::vector<Operation> operations(const Filter& filter) const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
    void operator()(sqlite3_stmt* statement) const;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Close>;

  [[nodiscard]] Statement prepare(const std::string& sql) const;
  void run(const std::string& sql) const;
  [[nodiscard]] std::int64_t number(const std::string& sql) const;
  [[noreturn]] void fail(std::string_view what) const;
  void create() const;
  void add_certificate_name();
  [[nodiscard]] std::string columns(std::string_view table = {}) const;
  void insert(const StoredRecord& stored) const;

  std::unique_ptr<sqlite3, Close> database_;
  std::int64_t layout_ = 0;  // of the file: PRAGMA user_version
  Statement insert_;
};

}  // namespace insd::journal
