// SPDX-License-Identifier: Apache-2.0
#include "daemon/identities/revisions.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "drivers/base/descriptor.h"
#include "drivers/base/error.h"

namespace insd {
namespace {

constexpr int kBusyMilliseconds = 500;
constexpr const char* kLayout =
    "CREATE TABLE IF NOT EXISTS revisions(name BLOB PRIMARY KEY, revision INTEGER NOT NULL, "
    "expires INTEGER NOT NULL) WITHOUT ROWID";

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

Statement prepare(sqlite3* database, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(database, sql, -1, &statement, nullptr);
  return Statement(statement);
}

void bind_name(sqlite3_stmt* statement, const Bytes& name) {
  sqlite3_bind_blob(statement, 1, name.data(), static_cast<int>(name.size()), SQLITE_TRANSIENT);
}

std::int64_t seconds_of(Clock::Wall time) {
  return std::chrono::ceil<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

void Revisions::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

Revisions::Revisions(const std::filesystem::path& file, keys::SiteKeyPtr key, const Clock& clock)
    : key_(std::move(key)), clock_(clock) {
  {
    // SQLite would make it readable for others; a link in its place is not followed.
    const Descriptor made(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
    struct stat status {};
    if (!made.valid() || fstat(made.get(), &status) != 0) fail(std::strerror(errno));
    if (!S_ISREG(status.st_mode) || status.st_uid != geteuid() || (status.st_mode & 077U) != 0) {
      fail("the file is not ours alone");
    }
  }
  sqlite3* database = nullptr;
  const int opened = sqlite3_open_v2(file.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr);
  database_.reset(database);
  if (opened != SQLITE_OK) fail("it does not open");
  sqlite3_busy_timeout(database, kBusyMilliseconds);
  for (const char* sql : {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", kLayout}) run(sql);
  const auto prune = prepare(database, "DELETE FROM revisions WHERE expires < ?1");
  sqlite3_bind_int64(prune.get(), 1, seconds_of(clock_.wall()));
  if (sqlite3_step(prune.get()) != SQLITE_DONE) fail("what has ended stays");
}

Revisions::~Revisions() = default;

std::optional<Revisions::Kept> Revisions::find(const std::string& identity_id) const {
  const auto select = prepare(database_.get(), "SELECT revision, expires FROM revisions WHERE name = ?1");
  bind_name(select.get(), name_of(identity_id));
  const int step = sqlite3_step(select.get());
  if (step == SQLITE_DONE) return std::nullopt;
  if (step != SQLITE_ROW) fail("it cannot be read");
  Kept kept;
  kept.revision = static_cast<std::uint64_t>(sqlite3_column_int64(select.get(), 0));
  kept.expires = Clock::Wall(std::chrono::seconds(sqlite3_column_int64(select.get(), 1)));
  if (kept.expires < clock_.wall()) return std::nullopt;
  return kept;
}

void Revisions::raise(const std::string& identity_id, std::uint64_t revision, Clock::Wall expires) {
  const auto upsert = prepare(database_.get(),
                              "INSERT INTO revisions VALUES(?1, ?2, ?3) ON CONFLICT(name) DO UPDATE SET "
                              "revision = max(revision, ?2), expires = max(expires, ?3)");
  bind_name(upsert.get(), name_of(identity_id));
  sqlite3_bind_int64(upsert.get(), 2, static_cast<std::int64_t>(revision));
  sqlite3_bind_int64(upsert.get(), 3, seconds_of(expires));
  if (sqlite3_step(upsert.get()) != SQLITE_DONE) fail("it cannot be written");
}

Bytes Revisions::name_of(const std::string& identity_id) const {
  // A key of its own for this use.
  keys::SiteKey derived;
  const Bytes secret = keys::hmac(*key_, as_bytes("insd identity revisions"));
  derived.secret =
      SecretString(std::string_view(reinterpret_cast<const char*>(secret.data()), secret.size()));
  return keys::hmac(derived, as_bytes(identity_id));
}

void Revisions::run(const char* sql) {
  if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail("it is not usable");
}

void Revisions::fail(const char* what) const {
  std::string detail = "revisions of sealed identities: ";
  detail += what;
  if (database_) detail.append(": ").append(sqlite3_errmsg(database_.get()));
  throw Error(Code::JOURNAL_UNAVAILABLE, std::move(detail));
}

}  // namespace insd
