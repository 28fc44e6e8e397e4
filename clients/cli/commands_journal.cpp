// SPDX-License-Identifier: Apache-2.0
// `insctl journal`: the audit trail, for administrators.
#include <ostream>

#include <google/protobuf/util/time_util.h>

#include "clients/cli/checkpoints.h"
#include "clients/cli/commands.h"
#include "clients/cli/json.h"
#include "clients/cli/text.h"

namespace insd::cli {
namespace {

// RFC 3339; a day alone begins at midnight UTC.
google::protobuf::Timestamp time_of(const Session& session, const std::string& text) {
  google::protobuf::Timestamp time;
  const bool day = text.find('T') == std::string::npos;
  if (!google::protobuf::util::TimeUtil::FromString(day ? text + "T00:00:00Z" : text, &time)) {
    throw UsageError(session.say(Word::USAGE_VALUE, {printable(text)}));
  }
  return time;
}

}  // namespace

int run_journal_verify(Session& session) {
  v1::VerifyJournalRequest request;
  add_checkpoints(request);
  const auto response = session.client.verify_journal(request);
  const bool whole = response.bad_sequence() == 0;
  if (session.options.json) {
    session.io.out << to_json(response) << '\n';
  } else if (whole) {
    session.io.out << session.say(Word::JOURNAL_WHOLE, {std::to_string(response.record_count()),
                                                        std::to_string(request.checkpoints_size())})
                   << '\n';
  } else {
    session.io.out << session.say(Word::JOURNAL_BROKEN, {std::to_string(response.bad_sequence())}) << '\n';
    if (session.options.verbose) session.io.out << printable(response.reason()) << '\n';
  }
  return whole ? EXIT_OK : EXIT_NEGATIVE;
}

int run_journal_export(Session& session) {
  v1::ListJournalRecordsRequest request;
  const std::string& from = session.options.from;
  const std::string& until = session.options.until;
  if (!from.empty()) *request.mutable_start_time() = time_of(session, from);
  if (!until.empty()) *request.mutable_end_time() = time_of(session, until);
  request.set_professional(session.options.professional);
  request.set_page_size(1000);
  // A line a record, as it comes: a trail is longer than a memory.
  do {
    const auto response = session.client.list_journal_records(request);
    for (const auto& record : response.records()) session.io.out << to_json(record) << '\n';
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return EXIT_OK;
}

}  // namespace insd::cli
