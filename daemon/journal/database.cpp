// SPDX-License-Identifier: Apache-2.0
#include "daemon/journal/database.h"

#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "drivers/base/descriptor.h"
#include "drivers/base/error.h"

namespace insd::journal {
namespace {

constexpr std::int64_t kApplicationId = 0x696E7364;  // "insd"
constexpr std::int64_t kLayout = 2;                  // 1: without the column certificate_name
constexpr int kBusyMilliseconds = 500;               // an export or a backup at work
constexpr int kLongestValue = 64 * 1024;

bool is_number(std::size_t column) {
  return column == TIME_US || column == BEGAN_AT || column == UID || column == PID || column == DURATION_MS;
}

void bind_value(sqlite3_stmt* statement, int at, const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    sqlite3_bind_int64(statement, at, *number);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    sqlite3_bind_text(statement, at, text->data(), static_cast<int>(text->size()), SQLITE_TRANSIENT);
  } else {
    sqlite3_bind_null(statement, at);
  }
}

Value column(sqlite3_stmt* statement, int at) {
  switch (sqlite3_column_type(statement, at)) {
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_column_int64(statement, at)};
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, at));
      return std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, at)));
    }
    default:
      return {};
  }
}

Record record_at(sqlite3_stmt* statement, int first) {
  Record record;
  for (int at = 0; at < COLUMNS; ++at) record[static_cast<std::size_t>(at)] = column(statement, first + at);
  return record;
}

StoredRecord stored_record(sqlite3_stmt* statement) {
  StoredRecord stored{record_at(statement, 0), {}};
  const auto* link = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, COLUMNS));
  stored.link.assign(link, link + sqlite3_column_bytes(statement, COLUMNS));
  return stored;
}

}  // namespace

void Database::Close::operator()(sqlite3* database) const {
  sqlite3_close(database);
}

void Database::Close::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Database::Database(const std::filesystem::path& file, Access access) {
  if (access == Access::APPEND) {
    // SQLite would create it with the process's umask; the WAL beside it takes this file's mode.
    const Descriptor made(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    struct stat facts {};
    if (!made.valid() || fstat(made.get(), &facts) != 0) {
      throw Error(Code::JOURNAL_UNAVAILABLE, file.string() + ": " + std::strerror(errno));
    }
    if (!S_ISREG(facts.st_mode) || (facts.st_mode & 0077) != 0) {
      throw Error(Code::JOURNAL_UNAVAILABLE, file.string() + ": not a plain file of mode 600");
    }
  }
  sqlite3* opened = nullptr;
  const int flags =
      (access == Access::APPEND ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOFOLLOW;
  const int result = sqlite3_open_v2(file.c_str(), &opened, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  database_.reset(opened);
  if (result != SQLITE_OK) fail("open");
  sqlite3_busy_timeout(opened, kBusyMilliseconds);
  // The file may have been in other hands: nothing in its schema runs, no value is endless.
  sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_limit(opened, SQLITE_LIMIT_LENGTH, kLongestValue);
  if (access == Access::APPEND) {
    run("PRAGMA journal_mode=WAL");
    if (number("PRAGMA application_id") == 0 && number("SELECT count(*) FROM sqlite_schema") == 0) create();
  }
  layout_ = number("PRAGMA user_version");
  if (number("PRAGMA application_id") != kApplicationId || layout_ < 1 || layout_ > kLayout) {
    throw Error(Code::JOURNAL_UNAVAILABLE, file.string() + ": not an audit trail of this version");
  }
  if (access == Access::APPEND) {
    if (layout_ == 1) add_certificate_name();
    std::string marks = "?";
    for (int at = 0; at < COLUMNS; ++at) marks += ",?";
    insert_ = prepare("INSERT INTO record (" + columns() + "link) VALUES (" + marks + ")");
  }
}

void Database::create() const {
  std::string table = "CREATE TABLE record (sequence INTEGER PRIMARY KEY";
  for (std::size_t at = 1; at < COLUMNS; ++at) {
    table.append(", ").append(kColumnNames[at]).append(is_number(at) ? " INTEGER" : " TEXT");
  }
  run("BEGIN IMMEDIATE;" + table + ", link BLOB NOT NULL) STRICT;" +
      "CREATE INDEX ends ON record (began_at);"
      "CREATE TRIGGER no_change BEFORE UPDATE ON record BEGIN SELECT RAISE(ABORT, 'append only'); END;"
      "CREATE TRIGGER no_removal BEFORE DELETE ON record BEGIN SELECT RAISE(ABORT, 'append only'); END;"
      "PRAGMA application_id=" +
      std::to_string(kApplicationId) + ";PRAGMA user_version=" + std::to_string(kLayout) + ";COMMIT");
}

// Old records stay byte for byte, and so do their links: what is null at the end is not in them.
void Database::add_certificate_name() {
  run("BEGIN IMMEDIATE;ALTER TABLE record ADD COLUMN certificate_name TEXT;PRAGMA user_version=2;COMMIT");
  layout_ = 2;
}

// Each name followed by a comma; null for a column that the file does not have.
std::string Database::columns(std::string_view table) const {
  std::string names;
  for (std::size_t at = 0; at < COLUMNS; ++at) {
    if (at == CERTIFICATE_NAME && layout_ == 1) {
      names.append("NULL, ");
    } else {
      names.append(table).append(kColumnNames[at]).append(", ");
    }
  }
  return names;
}

void Database::append(const std::vector<StoredRecord>& records, Safety safety) {
  run(safety == Safety::ON_DISK ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  if (records.size() == 1) return insert(records.front());
  run("BEGIN IMMEDIATE");
  try {
    for (const auto& each : records) insert(each);
    run("COMMIT");
  } catch (const Error&) {
    // What SQLite has rolled back by itself it refuses to roll back.
    sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
}

void Database::insert(const StoredRecord& stored) const {
  for (std::size_t at = 0; at < COLUMNS; ++at)
    bind_value(insert_.get(), static_cast<int>(at) + 1, stored.record[at]);
  sqlite3_bind_blob(insert_.get(), COLUMNS + 1, stored.link.data(), static_cast<int>(stored.link.size()),
                    SQLITE_TRANSIENT);
  const int result = sqlite3_step(insert_.get());
  sqlite3_reset(insert_.get());
  sqlite3_clear_bindings(insert_.get());
  if (result != SQLITE_DONE) fail("append");
}

StoredRecord Database::newest() const {
  const Statement select =
      prepare("SELECT " + columns() + "link FROM record WHERE sequence = (SELECT max(sequence) FROM record)");
  switch (sqlite3_step(select.get())) {
    case SQLITE_ROW:
      return stored_record(select.get());
    case SQLITE_DONE: {
      StoredRecord none;
      none.record[SEQUENCE] = std::int64_t{0};
      none.link = first_link();
      return none;
    }
    default:
      fail("read");
  }
}

void Database::read(const std::function<bool(const StoredRecord&)>& each) const {
  const Statement select = prepare("SELECT " + columns() + "link FROM record ORDER BY sequence");
  for (;;) {
    const int result = sqlite3_step(select.get());
    if (result == SQLITE_DONE) return;
    if (result != SQLITE_ROW) fail("read");
    if (!each(stored_record(select.get()))) return;
  }
}

std::vector<Operation> Database::operations(const Filter& filter) const {
  std::string ends = columns("e.");
  ends.resize(ends.size() - 2);
  const Statement select = prepare(
      "SELECT " + columns("b.") + ends +
      " FROM record b LEFT JOIN record e ON e.began_at = b.sequence AND e.kind = 'end' WHERE b.kind = 'begin'"
      " AND b.sequence > ?1 AND b.time_us >= ?2 AND b.time_us < ?3 AND (?4 = '' OR b.professional = ?4)"
      " ORDER BY b.sequence LIMIT ?5");
  bind_value(select.get(), 1, filter.after);
  bind_value(select.get(), 2, filter.from_us.value_or(std::numeric_limits<std::int64_t>::min()));
  bind_value(select.get(), 3, filter.until_us.value_or(std::numeric_limits<std::int64_t>::max()));
  bind_value(select.get(), 4, filter.professional);
  bind_value(select.get(), 5, filter.limit);
  std::vector<Operation> found;
  for (;;) {
    const int result = sqlite3_step(select.get());
    if (result == SQLITE_DONE) return found;
    if (result != SQLITE_ROW) fail("read");
    Operation operation{record_at(select.get(), 0), record_at(select.get(), COLUMNS)};
    if (std::holds_alternative<std::monostate>((*operation.end)[SEQUENCE])) operation.end.reset();
    found.push_back(std::move(operation));
  }
}

Database::Statement Database::prepare(const std::string& sql) const {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database_.get(), sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) fail("prepare");
  return Statement(statement);
}

void Database::run(const std::string& sql) const {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail("set up");
}

std::int64_t Database::number(const std::string& sql) const {
  const Statement select = prepare(sql);
  if (sqlite3_step(select.get()) != SQLITE_ROW) fail("read");
  return sqlite3_column_int64(select.get(), 0);
}

void Database::fail(std::string_view what) const {
  throw Error(Code::JOURNAL_UNAVAILABLE, std::string(what) + ": " + sqlite3_errmsg(database_.get()));
}

}  // namespace insd::journal
