// SPDX-License-Identifier: Apache-2.0
#include "daemon/verification.h"

#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/asking.h"
#include "tests/unit/daemon/asking_support.h"

namespace insd {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class VerificationTest : public ::testing::Test, protected test::Asking {
 protected:
  VerificationTest() {
    add_profile("practice", card.national_id);
    asked.context = context();
    asked.number = "2751263220749";
    asked.key = "74";
    asked.oid = "1.2.250.1.213.1.4.8";
    asked.birth_name = "Adrün";
    asked.given_names = {"Zoé", "Anne-Marie"};
    asked.sex = "F";
    asked.birth_date = "1975-12-31";
    verdict.consistent = true;
    verdict.code = "00";
    verdict.contract_verified = true;
  }

  VerificationResult run() {
    VerificationParts parts;
    fill(parts);
    parts.ask = [this](const Searcher&, insi::VerificationQuery query, insi::Party party, Signer*,
                       insi::Exchange::BeforeSend before,
                       std::stop_token) -> boost::asio::awaitable<insi::Verdict> {
      co_await before("uuid:m");
      queries.push_back(query);
      parties.push_back(party);
      if (!failures.empty()) {
        const Error failure = failures.front();
        failures.pop_front();
        throw Error(failure);
      }
      co_return verdict;
    };
    journal::Writer writer(journal);
    insd::Asking asking(asking_parts(), failed, writer, clock);
    Verification verification(std::move(parts), asking);
    return test::run_to_end(verification.verify(asked, searcher(), {}));
  }
  AskingParts asking_parts() {
    AskingParts parts;
    parts.pause = [this](std::chrono::milliseconds length, std::stop_token) -> boost::asio::awaitable<void> {
      pauses.push_back(length);
      co_return;
    };
    parts.observed = [this](const Searcher&, const Error* error) {
      observed.emplace_back(error == nullptr ? "answer" : error->entry().name);
    };
    return parts;
  }
  Code refused() {
    try {
      run();
    } catch (const Error& error) {
      fields.clear();
      for (const auto& each : error.fields()) fields.push_back(each.path);
      EXPECT_THAT(queries, IsEmpty());
      EXPECT_THAT(journal.begins, IsEmpty());
      return error.code();
    }
    ADD_FAILURE() << "accepted";
    return Code::INTERNAL;
  }

  Clock clock;
  test::MemoryJournal journal;
  IdentityVerification asked;
  insi::Verdict verdict;
  std::deque<Error> failures;  // the first questions end so
  std::vector<std::chrono::milliseconds> pauses;
  std::vector<std::string> observed;
  boost::asio::io_context timers;
  FailedSearches failed{timers.get_executor(), clock};
  std::vector<insi::VerificationQuery> queries;
  std::vector<insi::Party> parties;
  std::vector<std::string> fields;
};

TEST_F(VerificationTest, SendsTheIdentityNormalisedAndRecordsIt) {
  const VerificationResult result = run();
  ASSERT_EQ(queries.size(), 1U);
  EXPECT_EQ(queries[0].birth_name, "ADRUN");
  EXPECT_EQ(queries[0].given_names, "ZOE ANNE-MARIE");
  EXPECT_EQ(queries[0].first_given_name, "");  // never computed from the list
  EXPECT_EQ(queries[0].number, "2751263220749");
  EXPECT_THAT(result.given_names_sent, ElementsAre("ZOE", "ANNE-MARIE"));
  EXPECT_THAT(result.generations, ElementsAre("g-1"));
  EXPECT_THAT(result.warnings, IsEmpty());
  ASSERT_EQ(journal.begins.size(), 1U);
  EXPECT_EQ(journal.begins[0].operation, "verification");
  EXPECT_EQ(journal.begins[0].profile, "practice");
  EXPECT_EQ(journal.begins[0].editor, "urn:lps:EXEMPLE:1.0.0");
  EXPECT_EQ(journal.begins[0].professional, card.national_id);
  ASSERT_EQ(journal.ends.size(), 1U);
  EXPECT_EQ(journal.ends[0].code, "00");
  EXPECT_EQ(journal.ends[0].number, "2751263220749");
}

TEST_F(VerificationTest, WhoKeepsNoIdentitiesMayVerify) {
  role = CallerRole::NON_REPOSITORY;
  EXPECT_TRUE(run().verdict.consistent);
  queries.clear();
  journal.begins.clear();
  role = CallerRole::NONE;
  EXPECT_EQ(refused(), Code::PERMISSION_DENIED);
}

TEST_F(VerificationTest, HasTheGatesOfASearch) {
  asked.context.attributes = {IdentityAttribute::DOUBTFUL};
  EXPECT_EQ(refused(), Code::IDENTITY_FORBIDS_CALL);
  asked.context.attributes = {};
  asked.expected_generations = {"stale"};
  EXPECT_EQ(refused(), Code::CARD_CHANGED);
  asked.expected_generations = {};
  config->profiles.clear();
  EXPECT_EQ(refused(), Code::PROFILE_REQUIRED);
  config->editors.clear();
  EXPECT_EQ(refused(), Code::EDITOR_NOT_CONFIGURED);
  config->insi.environment = InsiEnvironment::UNSET;
  EXPECT_EQ(refused(), Code::INSI_NOT_CONFIGURED);
}

TEST_F(VerificationTest, EveryWrongFieldIsNamedAtOnce) {
  asked.number = "275126322074";
  asked.key = "7";
  asked.oid = "1.2.3";
  asked.birth_date = "31/12/1975";
  asked.first_given_name = "Zo3";
  EXPECT_EQ(refused(), Code::TRAITS_INVALID);
  EXPECT_THAT(fields, Contains("identity.number"));
  EXPECT_THAT(fields, Contains("identity.key"));
  EXPECT_THAT(fields, Contains("identity.oid"));
  EXPECT_THAT(fields, Contains("identity.birth_date"));
  EXPECT_THAT(fields, Contains("identity.first_given_name"));
}

TEST_F(VerificationTest, ATestNumberIsNotSentToProduction) {
  asked.oid = "1.2.250.1.213.1.4.10";
  EXPECT_TRUE(run().verdict.consistent);
  queries.clear();
  journal.begins.clear();
  config->insi.environment = InsiEnvironment::PRODUCTION;
  EXPECT_EQ(refused(), Code::TRAITS_INVALID);
  EXPECT_THAT(fields, ElementsAre("identity.oid"));
}

TEST_F(VerificationTest, AWrongKeyIsSentAndSaid) {
  asked.key = "75";
  verdict.contract_verified = false;
  EXPECT_THAT(run().warnings, ElementsAre("SENT_KEY_INVALID", "CONTRACT_UNVERIFIED"));
}

TEST_F(VerificationTest, AFailureIsRecordedByItsCodeAndAFullJournalSendsNothing) {
  failures = {Error(Code::INSI_FAULT)};
  EXPECT_THROW(run(), Error);
  ASSERT_EQ(journal.ends.size(), 1U);
  EXPECT_EQ(journal.ends[0].code, "INSI_FAULT");
  EXPECT_EQ(journal.ends[0].number, "");
  queries.clear();
  journal.begins.clear();
  journal.full = true;
  EXPECT_EQ(refused(), Code::JOURNAL_UNAVAILABLE);
}

TEST_F(VerificationTest, APassingFaultIsAskedOnceMoreAndBothAreTold) {
  failures = {Error(Code::INSI_UNAVAILABLE)};
  const VerificationResult result = run();
  EXPECT_TRUE(result.verdict.consistent);
  EXPECT_THAT(pauses, ElementsAre(config->insi.retry_delay));
  EXPECT_EQ(grants, 2) << "the lease of each moment";
  ASSERT_EQ(result.attempts.size(), 2U);
  EXPECT_EQ(result.attempts[0].error, Code::INSI_UNAVAILABLE);
  EXPECT_EQ(result.attempts[1].code, "00");
  EXPECT_EQ(result.attempts[1].sent.birth_name, "ADRUN");
  EXPECT_EQ(result.attempts[1].sent.given_name, "ZOE ANNE-MARIE");
  EXPECT_THAT(observed, ElementsAre("INSI_UNAVAILABLE", "answer")) << "it says how INSi does, as a search";
  EXPECT_EQ(failed.size(), 0U);
}

TEST_F(VerificationTest, WhatAFailedOneSentIsKept) {
  failures = {Error(Code::INSI_NO_ANSWER)};
  role = CallerRole::ADMIN;
  asked.context.return_messages = true;
  EXPECT_THROW(run(), Error);
  const auto& attempts = failed.find("r-1", 1000);
  ASSERT_EQ(attempts.size(), 1U);
  EXPECT_EQ(attempts[0].message_id, "uuid:m");
  EXPECT_EQ(attempts[0].error, Code::INSI_NO_ANSWER);
  EXPECT_TRUE(attempts[0].messages);
  EXPECT_THAT(pauses, IsEmpty());
}

TEST_F(VerificationTest, TheConfigurationSaysWhatAFaultMeans) {
  InsiFault fault;
  fault.code = "insi_100";
  config->insi.faults = {{"", "insi_100", "", FaultMeaning::NOT_AUTHORISED}};
  failures = {Error(Code::INSI_FAULT).with_insi_fault(fault)};
  EXPECT_THROW(run(), Error);
  EXPECT_EQ(journal.ends[0].code, "INSI_NOT_AUTHORISED");
}

TEST_F(VerificationTest, CountsAsASearch) {
  config->insi.searches_per_minute = 0;
  EXPECT_EQ(refused(), Code::RATE_LIMITED);
}

}  // namespace
}  // namespace insd
