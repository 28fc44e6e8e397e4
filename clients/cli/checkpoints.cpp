// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/checkpoints.h"

#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <systemd/sd-journal.h>

namespace insd::cli {
namespace {

constexpr int kMost = 10'000;

struct Close {
  void operator()(sd_journal* journal) const { sd_journal_close(journal); }
};

// What follows "NAME=" of the present entry.
std::optional<std::string> field(sd_journal* journal, const std::string& name) {
  const void* data = nullptr;
  std::size_t size = 0;
  if (sd_journal_get_data(journal, name.c_str(), &data, &size) < 0 || size <= name.size())
    return std::nullopt;
  return std::string(static_cast<const char*>(data), size).substr(name.size() + 1);
}

}  // namespace

void add_checkpoints(v1::VerifyJournalRequest& request) {
  sd_journal* opened = nullptr;
  if (sd_journal_open(&opened, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM) < 0) return;
  const std::unique_ptr<sd_journal, Close> journal(opened);
  for (const char* match : {"INSD_AUDIT=checkpoint", "_SYSTEMD_UNIT=insd.service"}) {
    if (sd_journal_add_match(opened, match, 0) < 0) return;
  }
  sd_journal_seek_tail(opened);
  while (request.checkpoints_size() < kMost && sd_journal_previous(opened) > 0) {
    const auto sequence = field(opened, "INSD_SEQUENCE");
    const auto link = field(opened, "INSD_LINK");
    std::int64_t number = 0;
    if (!sequence || !link ||
        std::from_chars(sequence->data(), sequence->data() + sequence->size(), number).ec != std::errc()) {
      continue;
    }
    auto& at = *request.add_checkpoints();
    at.set_sequence(number);
    at.set_link(*link);
  }
}

}  // namespace insd::cli
