// SPDX-License-Identifier: Apache-2.0
// The course of a search: which questions, in which order, how often, and what the client is told of each.
#include <deque>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/asking.h"
#include "daemon/search.h"
#include "drivers/base/error.h"

namespace insd {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class NoSigner final : public Signer {
 public:
  boost::asio::awaitable<Bytes> sign(Bytes message, std::stop_token) override { co_return message; }
  [[nodiscard]] const Bytes& certificate() const override { return certificate_; }

 private:
  Bytes certificate_;
};

class Records final : public journal::Journal {
 public:
  std::uint64_t begin(const journal::Begin& record) override {
    begins.push_back(record);
    return begins.size();
  }
  void end(std::uint64_t, const journal::End& record) noexcept override { ends.push_back(record.code); }
  std::vector<journal::Begin> begins;
  std::vector<std::string> ends;
};

class TestClock final : public Clock {
 public:
  [[nodiscard]] Steady steady() const override { return now; }
  Steady now{std::chrono::hours(1)};
};

Error fault(Code code, std::string name) {
  InsiFault fault;
  fault.subcode = "siram_40";
  fault.code = std::move(name);
  fault.label = "Libelle";
  return Error(code).with_insi_fault(std::move(fault));
}

using Step = std::variant<std::string, Error>;  // the code of an answer, or what came instead

class SearchCourse : public ::testing::Test {
 protected:
  SearchCourse() {
    config->insi.environment = InsiEnvironment::TEST;
    config->insi.endpoint = "https://insi.example/lps";
    config->editors.push_back({{"*"}, "IDAM", "urn:lps:EXEMPLE:1.0.0", "1", "uuid"});
    ProfileConfig profile;
    profile.name = "cabinet";
    profile.professional_id = "899700000017";
    config->profiles.push_back(profile);
    reading.beneficiaries.resize(1);
    reading.beneficiaries[0].given_name = "Pierre";
    reading.beneficiaries[0].birth_date = "19840517";
    reading.beneficiaries[0].nir = "180020000000237";
    parts.grant = [this](const std::string&, std::uint32_t) {
      if (signatures == 0) throw Error(Code::LEASE_INVALID);
      --signatures;
      desk::Professional who;
      who.national_id = "899700000017";
      who.card = {"reader 1", "g-1", CardKind::CPS_3, "", ""};
      return desk::ProfessionalDesk::Grant{std::make_unique<NoSigner>(), who};
    };
    parts.require_current = [](const auto&) {};
    parts.read_vitale_again = [this](desk::Selection, desk::ReaderFilter,
                                     desk::Patience) -> boost::asio::awaitable<CardReading> {
      ++readings;
      if (swapped_before_reading == readings) throw Error(Code::CARD_CHANGED);
      co_return CardReading{{"reader 2", "g-2", CardKind::VITALE_2, "", ""}, reading};
    };
    parts.ask_by_card = [this](const Searcher&, insi::CardQuery query, insi::Party, Signer*,
                               insi::Exchange::BeforeSend before,
                               std::stop_token) -> boost::asio::awaitable<insi::Reply> {
      co_await before("uuid:" + std::to_string(++sent));
      card_queries.push_back(std::move(query));
      co_return reply_of_next_step();
    };
    parts.ask_by_traits = [this](const Searcher&, insi::TraitsQuery query, insi::Party, Signer*,
                                 insi::Exchange::BeforeSend before,
                                 std::stop_token) -> boost::asio::awaitable<insi::Reply> {
      co_await before("uuid:" + std::to_string(++sent));
      names.push_back(query.given_name + (query.birth_place ? "@" + *query.birth_place : ""));
      co_return reply_of_next_step();
    };
  }

  insi::Reply reply_of_next_step() {
    if (steps.empty()) throw Error(Code::INTERNAL, "a question that the test does not expect");
    const Step step = steps.front();
    steps.pop_front();
    if (const auto* error = std::get_if<Error>(&step)) throw Error(*error);
    insi::Reply reply;
    reply.code = std::get<std::string>(step);
    reply.message_id = "uuid:" + std::to_string(sent);
    reply.result_xml = "<RESULTAT " + std::to_string(sent) + "/>";
    reply.outcome = reply.code == "00"   ? insi::Outcome::FOUND
                    : reply.code == "01" ? insi::Outcome::NOT_FOUND
                                         : insi::Outcome::SEVERAL;
    if (reply.code == "00") reply.answer = answer;
    return reply;
  }

  Searcher searcher(std::uint32_t uid = 1000) {
    Searcher made;
    made.owner.uid = uid;
    made.role = role;
    made.allowed = [](const desk::Reader&) { return true; };
    made.config = config;
    made.editor = config->editors.data();
    made.until = until;
    return made;
  }
  static SearchContext context() { return {"visit-1", {}, "lease", "", std::nullopt, "r-1"}; }

  SearchResult by_traits(std::vector<std::string> given_names, std::string place = "",
                         std::uint32_t uid = 1000) {
    TraitsSearch made;
    made.context = context();
    made.birth_name = "TCHITCHI";
    made.given_names = std::move(given_names);
    made.sex = "F";
    made.birth_date = "1936-06-21";
    made.birth_place = std::move(place);
    return run(search.by_traits(made, searcher(uid), {}));
  }
  VitaleSearch card_search() {
    VitaleSearch made;
    made.context = context();
    made.reading = CardChoice{{"", "g-2"}, 0};
    return made;
  }
  SearchResult by_card() { return run(search.by_vitale(card_search(), searcher(), {})); }

  /// Records are written on a thread of the journal's own.
  void await_records() {
    boost::asio::io_context io;
    auto written = boost::asio::co_spawn(io, writer.written(), boost::asio::use_future);
    io.run();
    written.get();
  }

  static SearchResult run(boost::asio::awaitable<SearchResult> task) {
    boost::asio::io_context io;
    auto future = boost::asio::co_spawn(io, std::move(task), boost::asio::use_future);
    io.run();
    return future.get();
  }
  template <class Search>
  static Error refusal(const Search& ask) {
    try {
      ask();
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "accepted";
    return Error(Code::INTERNAL);
  }

  TestClock clock;
  boost::asio::io_context timers;
  AnswerStore answers{timers.get_executor(), clock};
  FailedSearches failed{timers.get_executor(), clock};
  Records journal;
  std::shared_ptr<Config> config = std::make_shared<Config>();
  CallerRole role = CallerRole::DESK;
  std::optional<std::chrono::steady_clock::time_point> until;
  vitale::Reading reading;
  insi::Answer answer;
  std::deque<Step> steps;
  int signatures = 100;
  int sent = 0;
  int readings = 0;
  int swapped_before_reading = 0;
  std::vector<insi::CardQuery> card_queries;
  std::vector<std::string> names, observed;
  std::vector<std::chrono::milliseconds> pauses;
  SearchParts parts;
  journal::Writer writer{journal};
  Asking asking{asking_parts(), failed, writer, clock};
  Search search{wired(), asking, answers, clock};

 private:
  // The parts are filled by the constructor's body, after `search`.
  SearchParts wired() {
    SearchParts made;
    made.grant = [this](const auto& lease, auto uid) { return parts.grant(lease, uid); };
    made.require_current = [this](const auto& generations) { parts.require_current(generations); };
    made.read_vitale_again = [this](auto card, auto allowed, auto patience) {
      return parts.read_vitale_again(std::move(card), std::move(allowed), std::move(patience));
    };
    made.ask_by_card = [this](const auto& who, auto query, auto party, auto* signer, auto before, auto stop) {
      return parts.ask_by_card(who, std::move(query), std::move(party), signer, std::move(before), stop);
    };
    made.ask_by_traits = [this](const auto& who, auto query, auto party, auto* signer, auto before,
                                auto stop) {
      return parts.ask_by_traits(who, std::move(query), std::move(party), signer, std::move(before), stop);
    };
    return made;
  }
  AskingParts asking_parts() {
    AskingParts made;
    made.pause = [this](std::chrono::milliseconds length, std::stop_token) -> boost::asio::awaitable<void> {
      pauses.push_back(length);
      co_return;
    };
    made.observed = [this](const Searcher&, const Error* error) {
      observed.emplace_back(error == nullptr ? "answer" : error->entry().name);
    };
    return made;
  }
};

TEST_F(SearchCourse, EachGivenNameAloneThenAllOfThem) {
  steps = {"01", "01", "01", "01"};
  const auto result = by_traits({"PIERRE", "PAUL", "JACQUES"}, "63220");
  EXPECT_THAT(names, ElementsAre("PIERRE", "PAUL", "JACQUES", "PIERRE PAUL JACQUES"))
      << "the birth place tells several apart; nobody is found by it";
  EXPECT_EQ(result.reply.outcome, insi::Outcome::NOT_FOUND);
  EXPECT_THAT(result.next_steps, ElementsAre("CHECK_TRAITS", "KEEP_PROVISIONAL"));
  EXPECT_EQ(result.matched_given_name, "");
}

TEST_F(SearchCourse, StopsAtTheFirstIdentityAndSaysByWhichName) {
  answer.given_names = "CATARINA BELLA";
  steps = {"01", "00"};
  const auto result = by_traits({"OLA", "CATARINA", "BELLA"});
  EXPECT_THAT(names, ElementsAre("OLA", "CATARINA"));
  EXPECT_EQ(result.matched_given_name, "CATARINA");
  EXPECT_FALSE(result.blocked);
  EXPECT_THAT(result.next_steps, IsEmpty());
  steps = {"00"};
  answer.given_names = "OLA";
  EXPECT_EQ(by_traits({"OLA", "CATARINA"}).matched_given_name, "");
}

TEST_F(SearchCourse, AfterSeveralOnlyWhatTheCallerGaveTellsThemApart) {
  steps = {"02"};
  EXPECT_THAT(by_traits({"LEONARDO"}).next_steps,
              ElementsAre("OTHER_GIVEN_NAMES", "BIRTH_PLACE", "KEEP_PROVISIONAL"));
  EXPECT_THAT(names, ElementsAre("LEONARDO"));

  names.clear();
  steps = {"01", "02", "02", "02"};
  const auto result = by_traits({"LEO", "LEONARDO", "PIERO"}, "63220");
  EXPECT_THAT(names, ElementsAre("LEO", "LEONARDO", "LEO LEONARDO PIERO", "LEO LEONARDO PIERO@63220"));
  EXPECT_EQ(result.reply.outcome, insi::Outcome::SEVERAL);
  EXPECT_THAT(result.next_steps, ElementsAre("CHECK_TRAITS", "KEEP_PROVISIONAL"));

  names.clear();
  steps = {"02", "00"};
  answer.given_names = "LEONARDO PIERO";
  answer.birth_place = "63220";
  EXPECT_EQ(by_traits({"LEONARDO"}, "63220").reply.outcome, insi::Outcome::FOUND);
  EXPECT_THAT(names, ElementsAre("LEONARDO", "LEONARDO@63220"));
}

TEST_F(SearchCourse, SeveralStaysSeveralWhenWhatWasAddedFitsNobody) {
  steps = {"02", "01", "01"};
  const auto result = by_traits({"LEONARDO", "PIERO"}, "75056");
  EXPECT_THAT(names, ElementsAre("LEONARDO", "LEONARDO PIERO", "LEONARDO@75056"));
  EXPECT_EQ(result.reply.outcome, insi::Outcome::SEVERAL);
  EXPECT_EQ(result.reply.message_id, "uuid:1");
  EXPECT_EQ(result.sent.given_name, "LEONARDO");
  EXPECT_THAT(result.attempts, SizeIs(3));
}

TEST_F(SearchCourse, EachQuestionHasItsOwnRecordIdAndReport) {
  steps = {"01", "02", "01"};
  const auto result = by_traits({"OLA", "CATARINA"});
  ASSERT_THAT(result.attempts, SizeIs(3));
  writer.stop();
  ASSERT_THAT(journal.begins, SizeIs(3));
  EXPECT_THAT(journal.ends, ElementsAre("01", "02", "01"));
  EXPECT_EQ(signatures, 97) << "one grant, so one assertion, for each";
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string id = "uuid:" + std::to_string(i + 1);
    EXPECT_EQ(journal.begins[i].message_id, id);
    EXPECT_EQ(journal.begins[i].purpose_id, "visit-1");
    EXPECT_EQ(result.attempts[i].message_id, id);
    EXPECT_EQ(result.attempts[i].result_xml, "<RESULTAT " + std::to_string(i + 1) + "/>");
  }
  EXPECT_EQ(result.attempts[1].code, "02");
  EXPECT_EQ(result.attempts[1].sent.given_name, "CATARINA");
  EXPECT_EQ(result.attempts[2].sent.given_name, "OLA CATARINA");
}

TEST_F(SearchCourse, APassingFaultIsAskedOnceMoreAfterAWhileAsAnotherMessage) {
  steps = {fault(Code::INSI_UNAVAILABLE, "desir_1020"), "01"};
  const auto result = by_card();
  EXPECT_EQ(result.reply.outcome, insi::Outcome::NOT_FOUND);
  EXPECT_THAT(pauses, ElementsAre(seconds(2)));
  EXPECT_EQ(readings, 2) << "the card is read again before the second question too";
  EXPECT_EQ(signatures, 98);
  ASSERT_THAT(result.attempts, SizeIs(2));
  EXPECT_EQ(result.attempts[0].error, Code::INSI_UNAVAILABLE);
  EXPECT_EQ(result.attempts[0].fault->code, "desir_1020");
  EXPECT_EQ(result.attempts[0].message_id, "uuid:1");
  EXPECT_EQ(result.attempts[1].message_id, "uuid:2");
  await_records();
  EXPECT_THAT(journal.ends, ElementsAre("INSI_UNAVAILABLE", "01"));
  EXPECT_THAT(observed, ElementsAre("INSI_UNAVAILABLE", "answer"));
}

TEST_F(SearchCourse, WhatAFailedSearchSentIsKeptForTheUserWhoAsked) {
  steps = {"01", fault(Code::INSI_FAULT, "insi_777")};
  EXPECT_EQ(refusal([&] { by_traits({"OLA", "CATARINA"}); }).code(), Code::INSI_FAULT);
  const auto attempts = failed.find("r-1", 1000);
  ASSERT_THAT(attempts, SizeIs(2));
  EXPECT_EQ(attempts[0].sent.given_name, "OLA");
  EXPECT_EQ(attempts[0].code, "01");
  EXPECT_EQ(attempts[1].message_id, "uuid:2");
  EXPECT_EQ(attempts[1].error, Code::INSI_FAULT);
  EXPECT_EQ(attempts[1].fault->code, "insi_777");
  EXPECT_EQ(refusal([&] { failed.find("r-1", 1001); }).code(), Code::NOT_FOUND);

  steps = {Error(Code::INSI_NO_ANSWER)};
  EXPECT_EQ(refusal([&] { by_card(); }).code(), Code::INSI_NO_ANSWER);
  ASSERT_THAT(failed.find("r-1", 1000), SizeIs(1));
  EXPECT_EQ(failed.find("r-1", 1000)[0].error, Code::INSI_NO_ANSWER);
}

TEST_F(SearchCourse, OfASearchThatSentNothingOrSucceededNothingIsKept) {
  signatures = 0;
  EXPECT_EQ(refusal([&] { by_traits({"OLA"}); }).code(), Code::LEASE_INVALID);
  signatures = 1;
  steps = {"01"};
  by_card();
  EXPECT_EQ(failed.size(), 0U);
}

TEST_F(SearchCourse, AtMostOnceInOneSearch) {
  const Error passing(Code::INSI_UNREACHABLE);
  steps = {passing, passing};
  EXPECT_EQ(refusal([&] { by_card(); }).code(), Code::INSI_UNREACHABLE);
  EXPECT_TRUE(steps.empty());
  steps = {passing, "01", passing};
  const Error error = refusal([&] { by_traits({"OLA", "CATARINA"}); });
  EXPECT_EQ(error.code(), Code::INSI_UNREACHABLE);
  EXPECT_THAT(error.what(), HasSubstr("question 3"));
  EXPECT_THAT(pauses, SizeIs(2));
}

TEST_F(SearchCourse, T_INS_02_OnlyPassingFaultsAreAskedAgain) {
  for (const Code code : {Code::INSI_NO_ANSWER, Code::INSI_FAULT, Code::INSI_NOT_AUTHORISED,
                          Code::INSI_ANSWER_INVALID, Code::INSI_TLS_UNTRUSTED, Code::CARD_REMOVED}) {
    steps = {Error(code)};
    EXPECT_EQ(refusal([&] { by_card(); }).code(), code);
  }
  EXPECT_THAT(pauses, IsEmpty());
}

TEST_F(SearchCourse, NothingIsAskedAgainWithoutTimeOrByConfiguration) {
  steps = {Error(Code::INSI_UNAVAILABLE)};
  until = std::chrono::steady_clock::now() + seconds(1);
  EXPECT_EQ(refusal([&] { by_card(); }).code(), Code::INSI_UNAVAILABLE);
  until.reset();
  config->insi.retry_delay = seconds(0);
  steps = {Error(Code::INSI_UNAVAILABLE)};
  EXPECT_EQ(refusal([&] { by_card(); }).code(), Code::INSI_UNAVAILABLE);
  EXPECT_THAT(pauses, IsEmpty());
}

TEST_F(SearchCourse, ACardSwappedBeforeTheSecondQuestionIsNotAskedFor) {
  steps = {Error(Code::INSI_UNAVAILABLE), "01"};
  swapped_before_reading = 2;
  EXPECT_EQ(refusal([&] { by_card(); }).code(), Code::CARD_CHANGED);
  EXPECT_THAT(card_queries, SizeIs(1));
}

TEST_F(SearchCourse, SignaturesThatAreUsedUpEndTheSearchWithWhatIsKnown) {
  signatures = 1;
  steps = {"01"};
  const auto result = by_traits({"OLA", "CATARINA"});
  EXPECT_EQ(result.reply.outcome, insi::Outcome::NOT_FOUND);
  EXPECT_THAT(result.next_steps, ElementsAre("LOGIN_AGAIN", "CHECK_TRAITS", "KEEP_PROVISIONAL"));
  EXPECT_THAT(result.attempts, SizeIs(1));
  EXPECT_EQ(refusal([&] { by_traits({"OLA"}); }).code(), Code::LEASE_INVALID);
  signatures = 1;
  steps = {Error(Code::INSI_UNAVAILABLE)};
  EXPECT_EQ(refusal([&] { by_card(); }).code(), Code::INSI_UNAVAILABLE)
      << "what is told is why there is no answer";
}

TEST_F(SearchCourse, TheQualificationPlatformsFaultIsReadAsNotFoundOnlyWhereConfigured) {
  config->insi.retry_delay = seconds(0);
  steps = {fault(Code::INSI_UNAVAILABLE, "insi_102")};
  EXPECT_EQ(refusal([&] { by_traits({"OLA"}); }).code(), Code::INSI_UNAVAILABLE);
  config->insi.qualification_not_found = true;
  answer.given_names = "CATARINA";
  steps = {fault(Code::INSI_UNAVAILABLE, "insi_102"), "00"};
  const auto result = by_traits({"OLA", "CATARINA"});
  EXPECT_EQ(result.matched_given_name, "CATARINA");
  EXPECT_THAT(result.warnings, Contains("FAULT_READ_AS_NOT_FOUND"));
  EXPECT_EQ(result.attempts[0].error, Code::INSI_UNAVAILABLE);
  await_records();
  EXPECT_EQ(journal.ends[1], "INSI_UNAVAILABLE") << "the record says what came";
  steps = {fault(Code::INSI_UNAVAILABLE, "desir_1020")};
  EXPECT_EQ(refusal([&] { by_traits({"OLA"}); }).code(), Code::INSI_UNAVAILABLE) << "no other fault";
}

TEST_F(SearchCourse, TheConfigurationSaysWhatAFaultMeans) {
  config->insi.faults = {{"", "insi_100", "", FaultMeaning::UNAVAILABLE},
                         {"siram_40", "insi_300", "", FaultMeaning::FAULT}};
  steps = {fault(Code::INSI_FAULT, "insi_100"), "01"};
  EXPECT_EQ(by_card().attempts.size(), 2U);
  steps = {fault(Code::INSI_UNAVAILABLE, "insi_300")};
  const Error error = refusal([&] { by_card(); });
  EXPECT_EQ(error.code(), Code::INSI_FAULT);
  EXPECT_EQ(error.insi_fault()->label, "Libelle");
}

TEST_F(SearchCourse, OneUserAndAllUsersAskOnlySoManyTimesAMinute) {
  config->insi.searches_per_minute = 3;
  config->insi.searches_per_minute_all = 5;
  steps = {"01", "01", "01", "01", "01", "01", "01"};
  by_traits({"OLA", "CATARINA"});  // three questions
  EXPECT_EQ(refusal([&] { by_traits({"OLA"}); }).code(), Code::RATE_LIMITED);
  EXPECT_THAT(names, SizeIs(3)) << "nothing was sent";
  by_traits({"OLA", "CATARINA"}, "", 1001);  // one that has begun is finished
  EXPECT_THAT(names, SizeIs(6));
  EXPECT_EQ(refusal([&] { by_traits({"OLA"}, "", 1002); }).code(), Code::RATE_LIMITED) << "all of them";
  clock.now += std::chrono::minutes(1);
  by_traits({"OLA"}, "", 1002);
  EXPECT_THAT(names, SizeIs(7));
}

TEST_F(SearchCourse, T_INS_01_AnAnswerAboutSomebodyElseIsKeptButBlocked) {
  answer.given_names = "JEANNE";
  answer.birth_date = "1936-06-21";
  steps = {"00"};
  const auto other = by_traits({"OLA"});
  EXPECT_THAT(other.warnings, Contains("ANSWER_NOT_AS_ASKED"));
  EXPECT_TRUE(other.blocked);
  EXPECT_TRUE(answers.find(other.answer->id, 1000).blocked);
  answer.birth_date = "1984-05-17";
  steps = {"00"};
  const auto card = by_card();
  EXPECT_THAT(card.warnings, Contains("ANSWER_NOT_BENEFICIARY"));
  EXPECT_TRUE(answers.find(card.answer->id, 1000).blocked);
  answer.given_names = "PIERRE PAUL";
  steps = {"00"};
  const auto right = by_card();
  EXPECT_THAT(right.warnings, Not(Contains("ANSWER_NOT_BENEFICIARY")));
  const KeptAnswer& kept = answers.find(right.answer->id, 1000);
  EXPECT_FALSE(kept.blocked);
  EXPECT_THAT(kept.generations, ElementsAre("g-2", "g-1"));
  EXPECT_FALSE(kept.ends_with_card);
}

TEST_F(SearchCourse, AKiosksAnswerEndsWithTheCard) {
  role = CallerRole::KIOSK;
  answer.given_names = "PIERRE";
  answer.birth_date = "1984-05-17";
  steps = {"00"};
  const auto result = by_card();
  answers.card_left("g-2");
  EXPECT_THROW(answers.find(result.answer->id, 1000), Error);
}

TEST_F(SearchCourse, TheSerialOfTheCardIsNeededInProductionOrByConfiguration) {
  using Rule = VitaleSerialRule;
  struct Case {
    InsiEnvironment environment;
    Rule rule;
    bool refused;
  };
  for (const Case& each : {Case{InsiEnvironment::PRODUCTION, Rule::AUTO, true},
                           {InsiEnvironment::TEST, Rule::AUTO, false},
                           {InsiEnvironment::PRODUCTION, Rule::OPTIONAL, false},
                           {InsiEnvironment::TEST, Rule::REQUIRED, true}}) {
    config->insi.environment = each.environment;
    config->insi.vitale_serial = each.rule;
    card_queries.clear();
    steps = {"01"};
    if (each.refused) {
      EXPECT_EQ(refusal([&] { by_card(); }).code(), Code::VITALE_SERIAL_UNAVAILABLE);
      EXPECT_THAT(card_queries, IsEmpty());
    } else {
      EXPECT_EQ(by_card().reply.code, "01");
    }
  }
}

TEST_F(SearchCourse, AnIdentityOfTheApplicationCarteVitaleIsNeverSent) {
  VitaleSearch from_application = card_search();
  from_application.context.from_apcv = true;
  EXPECT_EQ(refusal([&] { run(search.by_vitale(from_application, searcher(), {})); }).code(),
            Code::APCV_IDENTITY_REFUSED);
  EXPECT_THAT(card_queries, IsEmpty());
  EXPECT_THAT(journal.begins, IsEmpty());
}

TEST_F(SearchCourse, AnOrganisationNamesWhoActsAndHowThatPersonWasRecognised) {
  config->insi.mode = InsiMode::ORGANISATION;
  config->insi.organisation.pkcs12 = "/organisation.p12";
  for (const auto& user : {std::optional<ActingUser>(), std::optional(ActingUser{"", "smartcard"}),
                           std::optional(ActingUser{"secretary-7", ""})}) {
    VitaleSearch nobody = card_search();
    nobody.context.acting_user = user;
    EXPECT_EQ(refusal([&] { run(search.by_vitale(nobody, searcher(), {})); }).code(), Code::INVALID_ARGUMENT);
  }
  EXPECT_THAT(card_queries, IsEmpty());
  EXPECT_THAT(journal.begins, IsEmpty());
}

TEST(InsiMonitor, FollowsWhatTheExchangesSay) {
  TestClock clock;
  InsiMonitor monitor(clock);
  std::vector<InsiAvailability> told;
  auto handle = monitor.watch([&](const InsiState& state) { told.push_back(state.availability); });
  monitor.answered();
  monitor.answered();
  EXPECT_TRUE(monitor.state().last_answer);
  monitor.failed(fault(Code::INSI_UNAVAILABLE, "insi_102"));
  EXPECT_EQ(monitor.state().fault->code, "insi_102");
  EXPECT_TRUE(monitor.state().last_answer) << "still known";
  monitor.failed(Error(Code::CARD_REMOVED));
  monitor.failed(Error(Code::INSI_NOT_AUTHORISED));
  monitor.failed(fault(Code::INSI_UNAVAILABLE, "desir_1020"));
  const auto since = monitor.state().since;
  monitor.failed(Error(Code::INSI_UNREACHABLE));
  EXPECT_EQ(monitor.state().since, since) << "down since the first failure";
  monitor.answered();
  monitor.reset();
  using enum InsiAvailability;
  EXPECT_THAT(told, ElementsAre(UNKNOWN, AVAILABLE, DEGRADED, DOWN, DOWN, AVAILABLE, UNKNOWN));
  handle.reset();
  monitor.answered();
  EXPECT_THAT(told, SizeIs(7));
}

TEST(InsiMonitor, TellsWhenTheClockGoesWrongAndWhenItIsRightAgain) {
  TestClock clock;
  InsiMonitor monitor(clock);
  std::vector<std::optional<seconds>> told;
  const auto handle = monitor.watch([&](const InsiState& state) { told.push_back(state.clock_skew); });
  monitor.clock_observed(seconds(3));
  monitor.clock_observed(seconds(-60));
  EXPECT_EQ(monitor.state().clock_skew, seconds(-60));
  monitor.clock_observed(seconds(-61));
  monitor.clock_observed(seconds(500));
  monitor.answered();
  monitor.failed(Error(Code::INSI_UNREACHABLE));
  EXPECT_EQ(monitor.state().clock_skew, seconds(500)) << "still known";
  monitor.clock_observed(seconds(1));
  monitor.reset();
  EXPECT_FALSE(monitor.state().clock_skew);
  EXPECT_THAT(told,
              ElementsAre(std::nullopt, seconds(-61), seconds(500), seconds(500), seconds(1), std::nullopt));
}

}  // namespace
}  // namespace insd
