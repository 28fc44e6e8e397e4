// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION  // where in our source the record was made says nothing to an auditor
#include <systemd/sd-journal.h>

#include "daemon/journal/journal.h"
#include "daemon/journal/trail.h"
#include "drivers/base/bytes.h"
#include "drivers/base/error.h"

namespace insd::journal {
namespace {

// "INSD_OPERATION=rechercherInsAvecCarteVitale", ... What callers and certificates say goes through
// printable(): nobody forges a second field or line (threats T-LOG-01).
class Fields {
 public:
  void add(std::string_view name, std::string_view value) {
    if (!value.empty()) fields_.push_back(std::string(name) + "=" + printable(value));
  }
  void add(std::string_view name, std::int64_t value) {
    fields_.push_back(std::string(name) + "=" + std::to_string(value));
  }
  [[nodiscard]] const std::vector<std::string>& all() const { return fields_; }

 private:
  std::vector<std::string> fields_;
};

int send_to_journald(const Fields& fields) {
  std::vector<iovec> parts;
  parts.reserve(fields.all().size());
  for (const std::string& field : fields.all()) {
    parts.push_back({const_cast<char*>(field.data()), field.size()});
  }
  return sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
}

// One line, one write(): lines of concurrent writers stay whole.
int send_to_stderr(const Fields& fields) {
  std::string line = "audit:";
  for (const std::string& field : fields.all()) {
    if (field.starts_with("INSD_")) line += " " + field;
  }
  line += "\n";
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = write(STDERR_FILENO, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return -errno;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

class JournaldJournal final : public Journal {
 public:
  JournaldJournal(std::filesystem::path socket, bool journald)
      : socket_(std::move(socket)), journald_(journald) {}

  std::uint64_t begin(const Begin& record) override {
    // libsystemd calls it a success when the socket has gone.
    if (journald_ && access(socket_.c_str(), W_OK) != 0) {
      throw Error(Code::JOURNAL_UNAVAILABLE, "journald has gone");
    }
    const std::uint64_t id = next_++;
    Fields fields;
    fields.add("MESSAGE", "begin " + record.operation);
    fields.add("PRIORITY", LOG_NOTICE);
    fields.add("SYSLOG_IDENTIFIER", "insd");
    fields.add("INSD_AUDIT", "begin");
    fields.add("INSD_RECORD", static_cast<std::int64_t>(id));
    fields.add("INSD_OPERATION", record.operation);
    fields.add("INSD_UID", record.uid);
    fields.add("INSD_PID", record.pid);
    fields.add("INSD_EXECUTABLE", record.executable);
    fields.add("INSD_UNIT", record.unit);
    fields.add("INSD_REQUEST_ID", record.request_id);
    fields.add("INSD_PURPOSE_ID", record.purpose_id);
    fields.add("INSD_PROFESSIONAL", record.professional);
    fields.add("INSD_PROFILE", record.profile);
    fields.add("INSD_EDITOR", record.editor);
    fields.add("INSD_MESSAGE_ID", record.message_id);
    fields.add("INSD_ENVIRONMENT", record.environment);
    fields.add("INSD_AUDIENCE", record.audience);
    fields.add("INSD_MODE", record.mode);
    fields.add("INSD_CERTIFICATE_NAME", record.certificate_name);
    const int result = send(fields);
    if (result < 0) {
      throw Error(Code::JOURNAL_UNAVAILABLE, std::string("the record was refused: ") + strerror(-result));
    }
    return id;
  }

  void end(std::uint64_t id, const End& record) noexcept override try {
    Fields fields;
    fields.add("MESSAGE", "end " + record.code);
    fields.add("PRIORITY", LOG_NOTICE);
    fields.add("SYSLOG_IDENTIFIER", "insd");
    fields.add("INSD_AUDIT", "end");
    fields.add("INSD_RECORD", static_cast<std::int64_t>(id));
    fields.add("INSD_RESULT", record.code);
    fields.add("INSD_DURATION_MS", record.duration_ms);
    static_cast<void>(send(fields));
  } catch (...) {  // out of memory: the begin record without an end tells it
  }

 private:
  [[nodiscard]] int send(const Fields& fields) const {
    return journald_ ? send_to_journald(fields) : send_to_stderr(fields);
  }

  const std::filesystem::path socket_;
  const bool journald_;
  std::atomic<std::uint64_t> next_{1};
};

}  // namespace

void tell_journald(const Checkpoint& at) {
  Fields fields;
  fields.add("MESSAGE", "audit trail at record " + std::to_string(at.sequence));
  fields.add("PRIORITY", LOG_NOTICE);
  fields.add("SYSLOG_IDENTIFIER", "insd");
  fields.add("INSD_AUDIT", "checkpoint");
  fields.add("INSD_SEQUENCE", at.sequence);
  fields.add("INSD_LINK", at.link);
  static_cast<void>(access("/run/systemd/journal/socket", W_OK) == 0 ? send_to_journald(fields)
                                                                     : send_to_stderr(fields));
}

std::unique_ptr<Journal> make_journald_journal(const std::filesystem::path& socket) {
  // Decided once: a journald that goes away later is JOURNAL_UNAVAILABLE, not a silent change of place.
  return std::make_unique<JournaldJournal>(socket, access(socket.c_str(), W_OK) == 0);
}

}  // namespace insd::journal
