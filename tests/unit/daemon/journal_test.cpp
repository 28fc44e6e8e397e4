// SPDX-License-Identifier: Apache-2.0
#include "daemon/journal/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "drivers/base/error.h"

namespace insd::journal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

bool journald_is_here() {
  return access("/run/systemd/journal/socket", W_OK) == 0;
}

TEST(Journal, WithoutJournaldEachRecordIsOneLine) {
  if (journald_is_here()) GTEST_SKIP() << "a journald is running: records go there";
  ::testing::internal::CaptureStderr();
  const auto journal = make_journald_journal();
  Begin record;
  record.operation = "rechercherInsAvecCarteVitale";
  record.uid = 1000;
  record.request_id = "r1\nINSD_UID=0";  // T-LOG-01: a caller tries to forge a line
  const auto id = journal->begin(record);
  journal->end(id, {"00", 12});
  const std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_THAT(text, HasSubstr("INSD_AUDIT=begin"));
  EXPECT_THAT(text, HasSubstr("INSD_UID=1000"));
  EXPECT_THAT(text, HasSubstr("INSD_REQUEST_ID=r1?INSD_UID=0"));
  EXPECT_THAT(text, HasSubstr("INSD_RESULT=00 INSD_DURATION_MS=12"));
}

TEST(Journal, RecordsHaveDifferentIds) {
  ::testing::internal::CaptureStderr();
  const auto journal = make_journald_journal();
  EXPECT_NE(journal->begin({}), journal->begin({}));
  ::testing::internal::GetCapturedStderr();
}

TEST(Journal, ClosedPlaceIsAnError) {
  if (journald_is_here()) GTEST_SKIP() << "a journald is running: records go there";
  const auto journal = make_journald_journal();
  const int kept = dup(STDERR_FILENO);
  close(STDERR_FILENO);
  try {
    journal->begin({});
    dup2(kept, STDERR_FILENO);
    FAIL() << "accepted";
  } catch (const Error& error) {
    dup2(kept, STDERR_FILENO);
    EXPECT_EQ(error.code(), Code::JOURNAL_UNAVAILABLE);
  }
  close(kept);
}

TEST(Journal, AJournaldThatHasGoneIsAnError) {
  std::string socket = ::testing::TempDir() + "insd-journal-XXXXXX";
  close(mkstemp(socket.data()));
  const auto journal = make_journald_journal(socket);
  ASSERT_EQ(unlink(socket.c_str()), 0);
  try {
    journal->begin({});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::JOURNAL_UNAVAILABLE);
  }
  journal->end(1, {"00", 1});  // says nothing
}

}  // namespace
}  // namespace insd::journal
