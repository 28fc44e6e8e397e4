// SPDX-License-Identifier: Apache-2.0
#include "daemon/journal/trail.h"

#include <array>
#include <csignal>
#include <cstdio>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/journal/database.h"
#include "drivers/base/error.h"

namespace insd::journal {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// What a program other than insd does to the file.
class OtherHand {
 public:
  explicit OtherHand(const fs::path& file) { EXPECT_EQ(sqlite3_open(file.c_str(), &database_), SQLITE_OK); }
  ~OtherHand() { sqlite3_close(database_); }
  OtherHand(const OtherHand&) = delete;
  OtherHand& operator=(const OtherHand&) = delete;
  int run(const std::string& sql) { return sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr); }

 private:
  sqlite3* database_ = nullptr;
};

class TrailTest : public ::testing::Test {
 protected:
  TrailTest() {
    std::string folder = ::testing::TempDir() + "insd-trail-XXXXXX";
    directory_ = mkdtemp(folder.data());
    file_ = directory_ / "journal.sqlite";
  }
  ~TrailTest() override { fs::remove_all(directory_); }

  std::unique_ptr<Journal> open_trail() {
    return make_trail({file_, ring(), "desk-pc", [this](const Checkpoint& at) { seen_.push_back(at); }},
                      clock_);
  }
  [[nodiscard]] std::shared_ptr<keys::SiteKeyRing> ring() const {
    return std::make_shared<keys::SiteKeyRing>(keys::KeyPlaces{directory_ / "keys"});
  }
  Verdict judge() { return verify(file_, ring()->journal, seen_); }

  static Begin search() {
    Begin begin;
    begin.operation = "rechercherInsAvecTraitsIdentite";
    begin.uid = 1000;
    begin.request_id = "r1";
    begin.professional = "899900000017";
    return begin;
  }
  /// `count` pairs of begin and end.
  void write(int count) {
    const auto trail = open_trail();
    for (int i = 0; i < count; ++i) trail->end(trail->begin(search()), {"00", 12, "1090763220834"});
  }
  void tamper(const std::string& sql) {
    OtherHand hand(file_);
    ASSERT_EQ(hand.run("DROP TRIGGER no_change; DROP TRIGGER no_removal;" + sql), SQLITE_OK);
  }
  /// What a program that shares nothing with insd says of the chain.
  [[nodiscard]] std::string verified_elsewhere() const {
    const std::string program = std::string(INSD_SOURCE_DIR) + "/tests/unit/journal/verify_trail.py";
    FILE* out = popen((program + " " + file_.string() + " " + (directory_ / "keys").string()).c_str(), "r");
    std::array<char, 256> line{};
    const std::string said = fgets(line.data(), line.size(), out) != nullptr ? line.data() : "";
    EXPECT_EQ(pclose(out), 0);
    return said;
  }
  void put_old_trail() {
    std::ifstream in(INSD_SOURCE_DIR "/tests/unit/journal/layout_1.sql");
    const std::string sql(std::istreambuf_iterator<char>(in), {});
    const std::string sign = ".key: ";
    const auto key = sql.find(sign);
    const auto name = sql.rfind(' ', key) + 1;
    ASSERT_NE(key, std::string::npos);
    const auto bytes = from_hex(sql.substr(key + sign.size(), 64));
    fs::create_directories(directory_ / "keys");
    fs::permissions(directory_ / "keys", fs::perms::owner_all);
    const fs::path key_file = directory_ / "keys" / sql.substr(name, key + 4 - name);
    std::ofstream(key_file, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), 32);
    fs::permissions(key_file, fs::perms(0600));
    ASSERT_EQ(OtherHand(file_).run(sql), SQLITE_OK);
    fs::permissions(file_, fs::perms(0600));
  }
  static std::optional<Code> refusal(Journal& trail) {
    try {
      trail.begin(search());
      return std::nullopt;
    } catch (const Error& error) {
      return error.code();
    }
  }

  Clock clock_;
  fs::path directory_, file_;
  std::vector<Checkpoint> seen_;
};

TEST_F(TrailTest, RecordsAreNumberedAcrossRestartsAndVerified) {
  write(2);
  write(1);
  const Verdict verdict = judge();
  EXPECT_EQ(verdict.records, 6);
  EXPECT_EQ(verdict.bad_sequence, std::nullopt) << verdict.reason;
}

TEST_F(TrailTest, AnEmptyTrailIsWholeAndWhereItWasSeen) {
  write(0);
  EXPECT_EQ(judge().bad_sequence, std::nullopt) << judge().reason;
}

TEST_F(TrailTest, OperationsAreFoundByTimeAndProfessionalAPageAtATime) {
  write(3);
  {
    Begin other = search();
    other.professional = "801234567890";
    open_trail()->begin(other);
  }
  const Database trail(file_, Database::Access::READ);
  const auto sequences = [&trail](const Filter& filter) {
    std::vector<std::int64_t> found;
    for (const auto& operation : trail.operations(filter)) {
      found.push_back(std::get<std::int64_t>(operation.begin[SEQUENCE]));
    }
    return found;
  };
  EXPECT_THAT(sequences({}), ElementsAre(1, 3, 5, 7));
  Filter filter;
  filter.professional = "899900000017";
  EXPECT_THAT(sequences(filter), ElementsAre(1, 3, 5));
  filter.limit = 2;
  EXPECT_THAT(sequences(filter), ElementsAre(1, 3));
  filter.after = 3;
  EXPECT_THAT(sequences(filter), ElementsAre(5));
  filter = {};
  filter.until_us = 0;
  EXPECT_THAT(sequences(filter), ElementsAre());
  filter = {};
  filter.from_us = std::get<std::int64_t>(trail.operations({}).back().begin[TIME_US]);
  EXPECT_THAT(sequences(filter), ElementsAre(7));
  EXPECT_EQ(std::get<std::string>((*trail.operations({})[0].end)[CODE]), "00");
  EXPECT_FALSE(trail.operations({}).back().end) << "it did not end";
}

TEST_F(TrailTest, CheckpointsAreToldAtTheStartTheEndAndEveryHundredRecords) {
  write(75);
  std::vector<std::int64_t> sequences;
  for (const auto& at : seen_) sequences.push_back(at.sequence);
  EXPECT_THAT(sequences, ElementsAre(0, 100, 150));
}

// The format is public: Python's own SQLite and HMAC come to the same links.
TEST_F(TrailTest, AnIndependentProgramVerifiesTheChain) {
  write(3);
  EXPECT_EQ(verified_elsewhere(), "6 records\n");
}

// layout_1.sql was written by the release before the column.
TEST_F(TrailTest, ATrailOfAnOlderLayoutIsReadVerifiedAndGoesOn) {
  put_old_trail();
  EXPECT_EQ(judge().records, 4) << "read as it is: " << judge().reason;
  EXPECT_EQ(judge().bad_sequence, std::nullopt);
  {
    const auto trail = open_trail();
    Begin begin = search();
    begin.certificate_name = "INSI-AUTO";
    trail->end(trail->begin(begin), {"00", 12, ""});
  }
  EXPECT_EQ(judge().records, 6) << judge().reason;
  EXPECT_EQ(judge().bad_sequence, std::nullopt);
  EXPECT_EQ(verified_elsewhere(), "6 records\n");
  const auto found = Database(file_, Database::Access::READ).operations({});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].begin[OPERATION], Value("login"));
  EXPECT_EQ(found[0].begin[CERTIFICATE_NAME], Value());
  EXPECT_EQ(found[2].begin[CERTIFICATE_NAME], Value("INSI-AUTO"));
  write(1);
  EXPECT_EQ(judge().records, 8) << "opened again: " << judge().reason;
}

TEST_F(TrailTest, ANameOfACertificateIsNeitherAddedNorTakenAway) {
  for (const char* change :
       {"certificate_name = 'INSI-AUTO' WHERE sequence = 3", "certificate_name = NULL WHERE sequence = 5"}) {
    put_old_trail();
    {
      const auto trail = open_trail();
      Begin begin = search();
      begin.certificate_name = "INSI-MANU";
      trail->begin(begin);
    }
    ASSERT_EQ(judge().bad_sequence, std::nullopt) << judge().reason;
    tamper(std::string("UPDATE record SET ") + change);
    EXPECT_EQ(judge().bad_sequence, std::string_view(change).back() - '0') << change;
    for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(file_.string() + suffix);
    seen_.clear();
  }
}

TEST_F(TrailTest, ATrailOfALayoutToComeIsLeftAlone) {
  write(1);
  ASSERT_EQ(OtherHand(file_).run("PRAGMA user_version=3"), SQLITE_OK);
  EXPECT_THROW(open_trail(), Error);
  EXPECT_THROW(judge(), Error);
}

TEST_F(TrailTest, AfterARotationTheTrailGoesOnWithTheNewKeyAndVerifiesWithBoth) {
  const auto keys = ring();
  const std::string old = keys->journal.current()->id;
  std::string fresh;
  {
    const auto trail = make_trail({file_, keys, "desk-pc", {}}, clock_);
    trail->begin(search());
    fresh = keys->journal.rotate()->id;
    trail->begin(search());
  }
  std::vector<std::string> used;
  Database(file_, Database::Access::READ).read([&used](const StoredRecord& stored) {
    used.push_back(std::get<std::string>(stored.record[KEY_ID]));
    return true;
  });
  EXPECT_THAT(used, ElementsAre(old, fresh));
  EXPECT_EQ(judge().bad_sequence, std::nullopt) << judge().reason;
  fs::remove(directory_ / "keys" / (old + ".key"));
  EXPECT_EQ(judge().bad_sequence, 1);
  EXPECT_THAT(judge().reason, HasSubstr("a key that is not here"));
}

TEST_F(TrailTest, NoIdentityAndNoForgedFieldIsInTheFile) {
  {
    const auto trail = open_trail();
    Begin begin = search();
    begin.request_id = "r1\nuid=0";
    trail->end(trail->begin(begin), {"00", 12, "1090763220834"});
  }
  std::string content;
  for (const char* suffix : {"", "-wal"}) {
    std::ifstream in(file_.string() + suffix, std::ios::binary);
    content.append(std::istreambuf_iterator<char>(in), {});
  }
  EXPECT_THAT(content, HasSubstr("r1?uid=0"));
  EXPECT_THAT(content, Not(HasSubstr("1090763220834")));
  EXPECT_THAT(content, HasSubstr("number-0001-"));
}

TEST_F(TrailTest, EveryChangedValueIsFoundAndLocated) {
  write(5);
  for (const char* change : {"time_us = time_us + 1", "operation = 'login'", "uid = 0", "professional = NULL",
                             "code = '01'", "kind = 'end'", "began_at = 1", "host = 'other'",
                             "key_id = 'journal-0009-00000000'", "link = x'00'"}) {
    const fs::path kept = directory_ / "kept";
    fs::copy_file(file_, kept, fs::copy_options::overwrite_existing);
    tamper(std::string("UPDATE record SET ") + change + " WHERE sequence = 7");
    const Verdict verdict = judge();
    EXPECT_EQ(verdict.records, 6) << change;
    EXPECT_EQ(verdict.bad_sequence, 7) << change;
    fs::rename(kept, file_);
    for (const char* suffix : {"-wal", "-shm"}) fs::remove(file_.string() + suffix);
  }
}

TEST_F(TrailTest, ARemovedRecordIsFound) {
  write(3);
  tamper("DELETE FROM record WHERE sequence = 3");
  EXPECT_EQ(judge().bad_sequence, 3);
}

TEST_F(TrailTest, ACutTailIsFoundByWhatWasSeen) {
  write(3);
  tamper("DELETE FROM record WHERE sequence > 4");
  EXPECT_EQ(judge().bad_sequence, 5);
  EXPECT_THAT(judge().reason, HasSubstr("cut"));
}

TEST_F(TrailTest, AChainWrittenAnewWithTheKeyIsFoundByWhatWasSeen) {
  write(3);
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(file_.string() + suffix);
  const auto seen = seen_;
  write(3);
  seen_ = seen;
  EXPECT_EQ(judge().bad_sequence, 6);
}

TEST_F(TrailTest, RecordsCannotBeChangedByAccident) {
  write(1);
  OtherHand hand(file_);
  EXPECT_NE(hand.run("UPDATE record SET uid = 0"), SQLITE_OK);
  EXPECT_NE(hand.run("DELETE FROM record"), SQLITE_OK);
}

TEST_F(TrailTest, ALockedTrailRefusesBeforeAnythingIsDone) {
  const auto trail = open_trail();
  trail->begin(search());
  OtherHand hand(file_);
  ASSERT_EQ(hand.run("BEGIN IMMEDIATE"), SQLITE_OK);
  EXPECT_EQ(refusal(*trail), Code::JOURNAL_UNAVAILABLE);
  ASSERT_EQ(hand.run("COMMIT"), SQLITE_OK);
  EXPECT_EQ(refusal(*trail), std::nullopt);
  EXPECT_EQ(judge().records, 2);
}

TEST_F(TrailTest, AFullDiskRefusesAndTheChainStaysWhole) {
  const auto trail = open_trail();
  trail->begin(search());
  // The file may not grow any more: the system's answer is what a full disk gives SQLite, a write that fails.
  rlimit unlimited{};
  getrlimit(RLIMIT_FSIZE, &unlimited);
  const rlimit full{fs::file_size(file_.string() + "-wal"), unlimited.rlim_max};
  const auto previous = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &full), 0);
  const auto refused = refusal(*trail);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
  std::signal(SIGXFSZ, previous);
  EXPECT_EQ(refused, Code::JOURNAL_UNAVAILABLE);
  EXPECT_EQ(refusal(*trail), std::nullopt);
  const Verdict verdict = judge();
  EXPECT_EQ(verdict.records, 2);
  EXPECT_EQ(verdict.bad_sequence, std::nullopt) << verdict.reason;
}

TEST_F(TrailTest, SeveralBeginTogetherOrNotAtAll) {
  const auto trail = open_trail();
  EXPECT_THAT(trail->begin_all({search(), search(), search()}), ElementsAre(1U, 2U, 3U));
  {
    OtherHand hand(file_);
    ASSERT_EQ(hand.run("CREATE TRIGGER no_fifth BEFORE INSERT ON record WHEN new.sequence = 5 "
                       "BEGIN SELECT RAISE(ABORT, 'no'); END"),
              SQLITE_OK);
    EXPECT_THROW(trail->begin_all({search(), search(), search()}), Error);
    EXPECT_EQ(judge().records, 3) << "not the fourth alone";
    ASSERT_EQ(hand.run("DROP TRIGGER no_fifth"), SQLITE_OK);
  }
  EXPECT_THAT(trail->begin_all({search(), search()}), ElementsAre(4U, 5U));
  const Verdict verdict = judge();
  EXPECT_EQ(verdict.records, 5);
  EXPECT_EQ(verdict.bad_sequence, std::nullopt) << verdict.reason;
}

TEST_F(TrailTest, AKillLosesNoAcknowledgedRecord) {
  for (int round = 0; round < 5; ++round) {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(ends[0]);
      const auto trail = open_trail();
      for (;;) {
        const std::uint64_t acknowledged = trail->begin(search());
        if (::write(ends[1], &acknowledged, sizeof acknowledged) != sizeof acknowledged) _exit(1);
      }
    }
    close(ends[1]);
    // Killed after a number of records that is different each time, in the middle of the next.
    std::uint64_t acknowledged = 0;
    for (int i = 0; i < 10 + 7 * round; ++i) {
      ASSERT_EQ(read(ends[0], &acknowledged, sizeof acknowledged), static_cast<ssize_t>(sizeof acknowledged));
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    for (std::uint64_t later = 0;
         read(ends[0], &later, sizeof later) == static_cast<ssize_t>(sizeof later);) {
      acknowledged = later;
    }
    close(ends[0]);
    const Verdict verdict = judge();
    EXPECT_EQ(verdict.bad_sequence, std::nullopt) << verdict.reason;
    EXPECT_GE(verdict.records, static_cast<std::int64_t>(acknowledged));
  }
}

TEST_F(TrailTest, AFileThatIsNotATrailIsLeftAlone) {
  {
    OtherHand hand(file_);
    ASSERT_EQ(hand.run("CREATE TABLE patients (name TEXT)"), SQLITE_OK);
  }
  fs::permissions(file_, fs::perms(0600));
  EXPECT_THROW(open_trail(), Error);
  std::ofstream(file_, std::ios::trunc)
      << "not a database at all, and longer than a header of one hundred bytes "
         "or so, so that it is read as one";
  EXPECT_THROW(open_trail(), Error);
}

TEST_F(TrailTest, AFileOpenToOthersIsRefused) {
  write(1);
  fs::permissions(file_, fs::perms(0644));
  EXPECT_THROW(open_trail(), Error);
}

}  // namespace
}  // namespace insd::journal
