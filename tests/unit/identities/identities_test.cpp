// SPDX-License-Identifier: Apache-2.0
#include "daemon/identities/identities.h"

#include <fstream>
#include <iterator>

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "daemon/identities/kiosk_visits.h"
#include "drivers/base/error.h"
#include "tests/unit/identity/people.h"

namespace insd {
namespace {

using identity::Status;
using std::chrono::hours;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TestClock : public Clock {
 public:
  [[nodiscard]] Wall wall() const override { return identity::kNow + spent; }
  [[nodiscard]] Steady steady() const override { return Steady(hours(1)) + spent; }
  seconds spent{0};
};

class TestJournal : public journal::Journal {
 public:
  std::uint64_t begin(const journal::Begin& record) override {
    if (full) throw Error(Code::JOURNAL_UNAVAILABLE);
    begins.push_back(record);
    return begins.size();
  }
  void end(std::uint64_t, const journal::End& record) noexcept override { ends.push_back(record); }
  std::vector<journal::Begin> begins;
  std::vector<journal::End> ends;
  bool full = false;
};

class IdentitiesTest : public ::testing::Test {
 protected:
  IdentitiesTest() {
    std::string folder = ::testing::TempDir() + "insd-identities-XXXXXX";
    directory_ = mkdtemp(folder.data());
    key_ =
        std::make_shared<keys::SiteKey>(keys::SiteKey{"seal-1-0", SecretString(std::string(32, 'k')), false});
    start();
  }
  ~IdentitiesTest() override { std::filesystem::remove_all(directory_); }

  void start() {
    identities_.reset();
    revisions_.reset();
    revisions_.emplace(directory_ / "identities.sqlite", key_, clock_);
    identities_.emplace(io_.get_executor(), *revisions_, journal_, clock_);
  }

  static Deed deed(std::uint32_t uid, std::string operation = "identity.demote") {
    return {uid, 7, "his.service", std::move(operation), "secretary-1", "visit-1", "request-1"};
  }
  std::string add(std::uint32_t uid, identity::Identity identity = identity::qualified_identity()) {
    identity.id.clear();
    return identities_->add(deed(uid, "identity.create"), std::move(identity), kTtl).identity.id;
  }
  Code refusal(const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      return error.code();
    }
    ADD_FAILURE() << "it is not refused";
    return Code::INTERNAL;
  }
  void demote(const std::string& id, std::uint32_t uid, std::uint64_t expected = 0) {
    identities_->change(deed(uid), id, expected, kTtl, [](identity::Identity& identity) {
      identity::demote(identity, identity::Demotion::ACCEPTANCE);
      return std::vector<identity::TraitName>{};
    });
  }

  static constexpr seconds kTtl{60};
  std::filesystem::path directory_;
  keys::SiteKeyPtr key_;
  TestClock clock_;
  TestJournal journal_;
  boost::asio::io_context io_;
  std::optional<Revisions> revisions_;
  std::optional<Identities> identities_;
};

TEST_F(IdentitiesTest, AnIdentityBelongsToWhoMadeIt) {
  const auto id = add(1);
  EXPECT_EQ(id.size(), 32U);
  EXPECT_EQ(identities_->find(id, 1).identity.traits.birth_name, "HOUILLES");
  EXPECT_EQ(refusal([&] { identities_->find(id, 2); }), Code::NOT_FOUND);
  EXPECT_EQ(refusal([&] { demote(id, 2); }), Code::NOT_FOUND);
  identities_->forget(id, 2);
  EXPECT_EQ(identities_->size(), 1U);
  identities_->forget(id, 1);
  EXPECT_EQ(refusal([&] { identities_->find(id, 1); }), Code::NOT_FOUND);
}

TEST_F(IdentitiesTest, EndsWithItsTimeWhichAChangeProlongs) {
  const auto id = add(1);
  clock_.spent += seconds(59);
  demote(id, 1);
  clock_.spent += seconds(59);
  EXPECT_NO_THROW(identities_->find(id, 1));
  clock_.spent += seconds(1);
  EXPECT_EQ(refusal([&] { identities_->find(id, 1); }), Code::NOT_FOUND);
  EXPECT_EQ(identities_->size(), 0U);
}

TEST_F(IdentitiesTest, IsForgottenWithoutBeingAskedFor) {
  identities_->add(deed(1), identity::Identity{}, seconds(1));
  clock_.spent += seconds(1);
  io_.run_for(seconds(20));  // until nothing is left to wait for
  EXPECT_EQ(identities_->size(), 0U);
}

TEST_F(IdentitiesTest, OneUserCannotPushOutAnother) {
  const auto mine = add(1);
  for (int i = 0; i < 300; ++i) add(2);
  EXPECT_NO_THROW(identities_->find(mine, 1));
  EXPECT_EQ(identities_->size(), 257U);
}

TEST_F(IdentitiesTest, AKiosksIdentityGoesWithTheCard) {
  identities_->add(deed(3), identity::Identity{}, kTtl, {"run-7"});
  const auto desk = add(1);
  identities_->card_left("run-6");
  EXPECT_EQ(identities_->size(), 2U);
  identities_->card_left("run-7");
  EXPECT_EQ(identities_->size(), 1U);
  EXPECT_NO_THROW(identities_->find(desk, 1));
}

TEST_F(IdentitiesTest, EveryTransitionIsJournaledWithoutThePatient) {
  const auto id = add(1);
  demote(id, 1);
  ASSERT_EQ(journal_.begins.size(), 2U);
  EXPECT_EQ(journal_.begins[1].operation, "identity.demote");
  EXPECT_EQ(journal_.begins[1].professional, "secretary-1");
  EXPECT_EQ(journal_.begins[1].purpose_id, "visit-1");
  EXPECT_EQ(journal_.ends[0].code, "QUALIFIED");
  EXPECT_EQ(journal_.ends[1].code, "VALIDATED");
  EXPECT_EQ(journal_.ends[0].number, "1090763220834");  // the trail keeps an HMAC of it
}

TEST_F(IdentitiesTest, WithoutATrailNothingChanges) {
  const auto id = add(1);
  journal_.full = true;
  EXPECT_EQ(refusal([&] { demote(id, 1); }), Code::JOURNAL_UNAVAILABLE);
  EXPECT_EQ(status_of(identities_->find(id, 1).identity), Status::QUALIFIED);
  EXPECT_EQ(refusal([&] { add(1); }), Code::JOURNAL_UNAVAILABLE);
  EXPECT_EQ(identities_->size(), 1U);
}

TEST_F(IdentitiesTest, WhatIsRefusedIsNotHalfDone) {
  const auto id = add(1);
  const auto before = identities_->find(id, 1).identity;
  EXPECT_EQ(refusal([&] {
              identities_->change(deed(1), id, 0, kTtl,
                                  [](identity::Identity& identity) -> std::vector<identity::TraitName> {
                                    identity.number.reset();
                                    throw Error(Code::IDENTITY_STATE);
                                  });
            }),
            Code::IDENTITY_STATE);
  EXPECT_EQ(identities_->find(id, 1).identity, before);
  EXPECT_EQ(journal_.begins.size(), 1U);
}

TEST_F(IdentitiesTest, AnotherRevisionThanTheOneShownIsStale) {
  const auto id = add(1);
  const auto revision = identities_->find(id, 1).identity.revision;
  EXPECT_EQ(refusal([&] { demote(id, 1, revision + 1); }), Code::IDENTITY_STALE);
  demote(id, 1, revision);
  EXPECT_EQ(refusal([&] { demote(id, 1, revision); }), Code::IDENTITY_STALE);
}

TEST_F(IdentitiesTest, ADemotionIsNotUndoneByAnOlderToken) {
  const auto id = add(1);
  const auto in_token = identities_->find(id, 1).identity;
  identities_->sealed(deed(1), id, clock_.wall() + hours(4));
  demote(id, 1);
  EXPECT_EQ(refusal([&] { identities_->add(deed(1), in_token, kTtl); }), Code::IDENTITY_STALE);
  // Not by another user, and not after a restart of the daemon.
  EXPECT_EQ(refusal([&] { identities_->add(deed(2), in_token, kTtl); }), Code::IDENTITY_STALE);
  start();
  EXPECT_EQ(refusal([&] { identities_->add(deed(1), in_token, kTtl); }), Code::IDENTITY_STALE);
  // Nothing of a patient is in the file.
  std::string bytes;
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    std::ifstream file(entry.path(), std::ios::binary);
    bytes.append(std::istreambuf_iterator<char>(file), {});
  }
  EXPECT_NE(bytes.find("revisions"), std::string::npos);
  for (const std::string& datum : {id, std::string("HOUILLES"), std::string("1090763220834")}) {
    EXPECT_EQ(bytes.find(datum), std::string::npos);
  }
}

TEST_F(IdentitiesTest, TheNewestTokenIsTakenBackAfterARestart) {
  const auto id = add(1);
  const auto in_token = identities_->find(id, 1).identity;
  identities_->sealed(deed(1), id, clock_.wall() + hours(4));
  start();
  EXPECT_EQ(identities_->add(deed(1), in_token, kTtl).identity, in_token);
  demote(id, 1, in_token.revision);
}

TEST_F(IdentitiesTest, OfTwoCopiesTheOneChangedFirstIsTheOneThatStays) {
  const auto id = add(1);
  const auto in_token = identities_->find(id, 1).identity;
  identities_->sealed(deed(1), id, clock_.wall() + hours(4));
  identities_->add(deed(2), in_token, kTtl);
  demote(id, 2);
  EXPECT_EQ(refusal([&] { demote(id, 1); }), Code::IDENTITY_STALE);
  EXPECT_EQ(refusal([&] { identities_->sealed(deed(1), id, clock_.wall() + hours(4)); }),
            Code::IDENTITY_STALE);
}

TEST_F(IdentitiesTest, RevisionsAreForgottenWithTheirTokens) {
  const auto id = add(1);
  identities_->sealed(deed(1), id, clock_.wall() + hours(4));
  EXPECT_TRUE(revisions_->find(id));
  clock_.spent += hours(4) + seconds(2);
  EXPECT_FALSE(revisions_->find(id));
  start();
  EXPECT_FALSE(revisions_->find(id));
}

TEST_F(IdentitiesTest, RevisionsNeverGoDown) {
  revisions_->raise("a", 7, clock_.wall() + hours(2));
  revisions_->raise("a", 5, clock_.wall() + hours(1));
  EXPECT_EQ(revisions_->find("a")->revision, 7U);
  EXPECT_GE(revisions_->find("a")->expires, clock_.wall() + hours(2));
  EXPECT_FALSE(revisions_->find("b"));
}

TEST_F(IdentitiesTest, TheFileOfRevisionsIsOursAlone) {
  const auto file = directory_ / "other.sqlite";
  std::ofstream(file) << "";
  std::filesystem::permissions(file, std::filesystem::perms(0644));
  EXPECT_EQ(refusal([&] { Revisions(file, key_, clock_); }), Code::JOURNAL_UNAVAILABLE);
  std::filesystem::permissions(file, std::filesystem::perms(0600));
  std::ofstream(file) << std::string(5000, 'x');
  EXPECT_EQ(refusal([&] { Revisions(file, key_, clock_); }), Code::JOURNAL_UNAVAILABLE);
  std::filesystem::create_symlink(file, directory_ / "link.sqlite");
  EXPECT_EQ(refusal([&] { Revisions(directory_ / "link.sqlite", key_, clock_); }), Code::JOURNAL_UNAVAILABLE);
}

TEST(KioskVisits, LastAsLongAsTheCard) {
  KioskVisits visits;
  visits.begin(5, {"run-1", 0, "PIERRE"});
  visits.begin(6, {"run-2", 1, "ZOE"});
  EXPECT_EQ(visits.find(5)->given_name, "PIERRE");
  EXPECT_THAT(visits.end("run-3"), IsEmpty());
  EXPECT_THAT(visits.end("run-1"), ElementsAre(5));
  EXPECT_EQ(visits.find(5), nullptr);
  visits.begin(6, {"run-4", 0, "RUTH"});
  EXPECT_THAT(visits.end("run-2"), IsEmpty());
  EXPECT_EQ(visits.find(6)->given_name, "RUTH");
}

}  // namespace
}  // namespace insd
