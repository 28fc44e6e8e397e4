// SPDX-License-Identifier: Apache-2.0
#include "daemon/search.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/asking.h"
#include "daemon/search_rules.h"
#include "drivers/base/error.h"

namespace insd {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class FakeSigner final : public Signer {
 public:
  boost::asio::awaitable<Bytes> sign(Bytes message, std::stop_token) override { co_return message; }
  [[nodiscard]] const Bytes& certificate() const override { return certificate_; }

 private:
  Bytes certificate_;
};

class FakeJournal final : public journal::Journal {
 public:
  std::uint64_t begin(const journal::Begin& record) override {
    if (full) throw Error(Code::JOURNAL_UNAVAILABLE);
    begins.push_back(record);
    return begins.size();
  }
  void end(std::uint64_t id, const journal::End& record) noexcept override {
    ends.emplace_back(id, record.code);
  }
  bool full = false;
  std::vector<journal::Begin> begins;
  std::vector<std::pair<std::uint64_t, std::string>> ends;
};

vitale::Beneficiary person(std::string given_name, std::string birth_date, std::optional<std::string> nir) {
  vitale::Beneficiary made;
  made.usual_name = "USAGE";
  made.given_name = std::move(given_name);
  made.birth_date = std::move(birth_date);
  made.nir = std::move(nir);
  return made;
}

class SearchTest : public ::testing::Test {
 protected:
  SearchTest() {
    config->insi.environment = InsiEnvironment::TEST;
    config->insi.endpoint = "https://insi.example/lps";
    config->insi.trust_store = "/trust.pem";
    config->editors.push_back({{"*"}, "IDAM", "urn:lps:EXEMPLE:1.0.0", "1", "uuid"});
    ProfileConfig profile;
    profile.name = "cabinet";
    profile.professional_id = "899700000017";
    config->profiles.push_back(profile);
    professional.national_id = "899700000017";
    professional.card = {"reader 1", "g-1", CardKind::CPS_3, "desk-1-cps", "desk-1"};
    vitale_card = {"reader 2", "g-2", CardKind::VITALE_2, "desk-1-vitale", "desk-1"};
    reading.beneficiaries = {person("Pierre", "19840517", "180020000000237"),
                             person("Anne-Sophie", "20100203", "180020000000237")};
    reply.outcome = insi::Outcome::NOT_FOUND;
    reply.code = "01";
  }

  SearchParts parts() {
    SearchParts made;
    made.grant = [this](const std::string& lease, std::uint32_t uid) {
      ++grants;
      if (lease != "lease" || uid != 1000) throw Error(Code::LEASE_INVALID);
      return desk::ProfessionalDesk::Grant{std::make_unique<FakeSigner>(), professional};
    };
    made.require_current = [this](const std::vector<std::string>& generations) {
      for (const auto& each : generations) {
        if (each == stale) throw Error(Code::CARD_CHANGED);
      }
    };
    made.read_vitale_again = [this](desk::Selection card, desk::ReaderFilter,
                                    desk::Patience) -> boost::asio::awaitable<CardReading> {
      if (card.generation != "g-2") throw Error(Code::CARD_CHANGED);
      co_return CardReading{vitale_card, reading};
    };
    made.ask_by_card = [this](const Searcher&, insi::CardQuery query, insi::Party party, Signer*,
                              insi::Exchange::BeforeSend before,
                              std::stop_token) -> boost::asio::awaitable<insi::Reply> {
      co_await before("urn:uuid:m");
      card_queries.push_back(query);
      parties.push_back(party);
      if (failure) throw Error(*failure);
      co_return reply;
    };
    made.ask_by_traits = [this](const Searcher&, insi::TraitsQuery query, insi::Party party, Signer* signer,
                                insi::Exchange::BeforeSend before,
                                std::stop_token) -> boost::asio::awaitable<insi::Reply> {
      co_await before("urn:uuid:m");
      traits_queries.push_back(query);
      signed_by_card = signer != nullptr;
      parties.push_back(party);
      co_return reply;
    };
    return made;
  }

  Searcher searcher() {
    Searcher made;
    made.owner.uid = 1000;
    made.role = role;
    made.allowed = [](const desk::Reader&) { return true; };
    made.config = config;
    made.editor = with_editor ? config->editors.data() : nullptr;
    made.organisation_ids = {organisation_id};
    return made;
  }

  static SearchContext context() { return {"visit-1", {}, "lease", "", std::nullopt, "r-1"}; }

  static VitaleSearch vitale_search(std::size_t index = 0) {
    VitaleSearch made;
    made.context = context();
    made.reading = CardChoice{{"", "g-2"}, index};
    return made;
  }

  static TraitsSearch traits_search() {
    TraitsSearch made;
    made.context = context();
    made.birth_name = "d'Île-Œuvre";
    made.given_names = {"Zoé", "Marie"};
    made.sex = "F";
    made.birth_date = "1975-12-31";
    return made;
  }

  template <class T>
  SearchResult run(boost::asio::awaitable<T> task) {
    boost::asio::io_context io;
    auto future = boost::asio::co_spawn(io, std::move(task), boost::asio::use_future);
    io.run();
    return future.get();
  }
  SearchResult run(const VitaleSearch& search) {
    journal::Writer writer(journal);
    Asking asking({}, failed, writer, clock);
    Search made(parts(), asking, answers, clock);
    return run(made.by_vitale(search, searcher(), {}));
  }
  SearchResult run(const TraitsSearch& search) {
    journal::Writer writer(journal);
    Asking asking({}, failed, writer, clock);
    Search made(parts(), asking, answers, clock);
    return run(made.by_traits(search, searcher(), {}));
  }
  template <class S>
  Code refused(const S& search) {
    try {
      run(search);
    } catch (const Error& error) {
      fields = error.fields();
      EXPECT_THAT(card_queries, IsEmpty());
      EXPECT_THAT(traits_queries, IsEmpty());
      EXPECT_THAT(journal.begins, IsEmpty());
      return error.code();
    }
    ADD_FAILURE() << "accepted";
    return Code::INTERNAL;
  }
  void found(std::string given_names, std::string birth_date) {
    reply.outcome = insi::Outcome::FOUND;
    reply.code = "00";
    reply.answer.emplace();
    reply.answer->given_names = std::move(given_names);
    reply.answer->birth_date = std::move(birth_date);
  }

  Clock clock;
  boost::asio::io_context timers;
  AnswerStore answers{timers.get_executor(), clock};
  FailedSearches failed{timers.get_executor(), clock};
  FakeJournal journal;
  std::shared_ptr<Config> config = std::make_shared<Config>();
  desk::Professional professional;
  vitale::Reading reading;
  desk::Chosen vitale_card;
  insi::Reply reply;
  CallerRole role = CallerRole::DESK;
  bool with_editor = true;
  std::string organisation_id;
  bool signed_by_card = false;
  std::string stale = "none";
  std::optional<Code> failure;
  int grants = 0;
  std::vector<insi::CardQuery> card_queries;
  std::vector<insi::TraitsQuery> traits_queries;
  std::vector<insi::Party> parties;
  std::vector<FieldViolation> fields;
};

TEST_F(SearchTest, CardQueryIsMadeOfTheReading) {
  const SearchResult result = run(vitale_search(1));
  ASSERT_EQ(card_queries.size(), 1U);
  EXPECT_EQ(card_queries[0].insured_nir, "1800200000002");
  EXPECT_EQ(card_queries[0].birth_date, "2010-02-03");
  EXPECT_EQ(card_queries[0].birth_rank, 1U);
  EXPECT_EQ(card_queries[0].birth_name, std::nullopt);  // the card has a usual name only
  EXPECT_EQ(card_queries[0].beneficiary_nir, std::nullopt);
  EXPECT_EQ(parties[0].profile.name, "cabinet");
  EXPECT_EQ(parties[0].editor.idam, "IDAM");
  EXPECT_THAT(result.warnings, ElementsAre("BIRTH_RANK_ASSUMED"));
  EXPECT_TRUE(result.sent.birth_rank_assumed);
  EXPECT_THAT(result.generations, ElementsAre("g-2", "g-1"));
  EXPECT_EQ(result.environment, InsiEnvironment::TEST);
  EXPECT_FALSE(result.answer);
  EXPECT_THAT(result.missing_for_qualification, IsEmpty());
}

TEST_F(SearchTest, TheAnswerSaysWhichCardsInWhichReaders) {
  const SearchResult by_card = run(vitale_search());
  EXPECT_EQ(by_card.professional_card->alias, "desk-1-cps");
  ASSERT_TRUE(by_card.vitale_card);
  EXPECT_EQ(by_card.vitale_card->alias, "desk-1-vitale");
  EXPECT_EQ(run(traits_search()).vitale_card, std::nullopt);
}

TEST_F(SearchTest, CardsOfTwoDesksAreNotCombined) {
  vitale_card.desk = "desk-2";
  EXPECT_EQ(refused(vitale_search()), Code::DESK_MISMATCH);
  EXPECT_THAT(card_queries, IsEmpty());
  vitale_card.desk = "";
  EXPECT_EQ(run(vitale_search()).reply.code, "01") << "a reader without a desk belongs to all of them";
}

TEST_F(SearchTest, TheJournalHasOneRecordBeforeAndOneAfter) {
  run(vitale_search());
  ASSERT_EQ(journal.begins.size(), 1U);
  const journal::Begin& begin = journal.begins[0];
  EXPECT_EQ(begin.operation, "rechercherInsAvecCarteVitale");
  EXPECT_EQ(begin.uid, 1000U);
  EXPECT_EQ(begin.request_id, "r-1");
  EXPECT_EQ(begin.purpose_id, "visit-1");
  EXPECT_EQ(begin.professional, "899700000017");
  EXPECT_EQ(begin.message_id, "urn:uuid:m");
  EXPECT_EQ(begin.environment, "test");
  EXPECT_THAT(journal.ends, ElementsAre(std::pair<std::uint64_t, std::string>(1, "01")));
}

TEST_F(SearchTest, AFailureAfterSendingIsJournalledToo) {
  failure = Code::INSI_NO_ANSWER;
  EXPECT_THROW(run(vitale_search()), Error);
  EXPECT_THAT(journal.ends, ElementsAre(std::pair<std::uint64_t, std::string>(1, "INSI_NO_ANSWER")));
}

TEST_F(SearchTest, NothingIsSentWithoutAJournal) {
  journal.full = true;
  EXPECT_EQ(refused(vitale_search()), Code::JOURNAL_UNAVAILABLE);
  EXPECT_THAT(journal.ends, IsEmpty());
}

TEST_F(SearchTest, DoubtfulAndFictitiousIdentitiesAreNeverSent) {
  for (const auto attribute : {IdentityAttribute::DOUBTFUL, IdentityAttribute::FICTITIOUS}) {
    VitaleSearch by_card = vitale_search();
    by_card.context.attributes = {IdentityAttribute::HOMONYM, attribute};
    EXPECT_EQ(refused(by_card), Code::IDENTITY_FORBIDS_CALL);
    TraitsSearch by_traits = traits_search();
    by_traits.context.attributes = {attribute};
    by_traits.birth_name = "1";  // the gate comes before anything else
    EXPECT_EQ(refused(by_traits), Code::IDENTITY_FORBIDS_CALL);
  }
  EXPECT_EQ(grants, 0);
  VitaleSearch homonym = vitale_search();
  homonym.context.attributes = {IdentityAttribute::HOMONYM};
  EXPECT_EQ(run(homonym).reply.code, "01");
}

TEST_F(SearchTest, MessagesAreGivenToAnAdministratorOfATestServiceOnly) {
  TraitsSearch search = traits_search();
  search.context.return_messages = true;
  EXPECT_EQ(refused(search), Code::PERMISSION_DENIED) << "a desk";
  role = CallerRole::ADMIN;
  config->insi.environment = InsiEnvironment::PRODUCTION;
  EXPECT_EQ(refused(search), Code::PERMISSION_DENIED) << "production";
  config->insi.environment = InsiEnvironment::TEST;
  EXPECT_NE(run(search).attempts.at(0).messages, nullptr);
  search.context.return_messages = false;
  EXPECT_EQ(run(search).attempts.at(0).messages, nullptr);
}

TEST_F(SearchTest, GatesComeInTheirOrder) {
  config->insi.environment = InsiEnvironment::UNSET;
  role = CallerRole::NON_REPOSITORY;
  config->insi.mode = InsiMode::ORGANISATION;
  with_editor = false;
  EXPECT_EQ(refused(vitale_search()), Code::INSI_NOT_CONFIGURED);
  config->insi.environment = InsiEnvironment::PRODUCTION;
  EXPECT_EQ(refused(vitale_search()), Code::INSI_NOT_CONFIGURED);  // no certificate
  config->insi.mode = InsiMode::CPS;
  EXPECT_EQ(refused(vitale_search()), Code::PERMISSION_DENIED);
  role = CallerRole::DESK;
  EXPECT_EQ(refused(vitale_search()), Code::EDITOR_NOT_CONFIGURED);
  EXPECT_EQ(grants, 0);
  with_editor = true;
  professional.test_pki = true;
  EXPECT_EQ(refused(vitale_search()), Code::TEST_CARD_REFUSED);
}

class OrganisationSearchTest : public SearchTest {
 protected:
  OrganisationSearchTest() {
    config->insi.mode = InsiMode::ORGANISATION;
    config->insi.organisation.pkcs12 = "/organisation.p12";
    ProfileConfig structure;
    structure.name = "centre";
    structure.structure_id = "300000001820687";
    config->profiles.push_back(structure);
    search_.context.lease.clear();
    search_.context.acting_user = ActingUser{"secretary-7", "smartcard"};
  }
  TraitsSearch search_ = traits_search();
};

TEST_F(OrganisationSearchTest, NeedsNoCardAndTheJournalNamesWhoActs) {
  organisation_id = "300000001820687";
  reply.outcome = insi::Outcome::FOUND;
  reply.answer.emplace();
  const SearchResult result = run(search_);
  EXPECT_EQ(grants, 0);
  EXPECT_FALSE(signed_by_card);
  EXPECT_FALSE(result.professional_card);
  EXPECT_THAT(result.generations, IsEmpty());
  EXPECT_EQ(result.profile, "centre");
  ASSERT_EQ(journal.begins.size(), 1U);
  EXPECT_EQ(journal.begins[0].professional, "secretary-7");
}

TEST_F(OrganisationSearchTest, TheProfileIsThatOfTheCertificatesStructure) {
  organisation_id = "another";
  EXPECT_EQ(refused(search_), Code::PROFILE_REQUIRED);
  search_.context.profile = "cabinet";  // a professional's
  organisation_id = "300000001820687";
  EXPECT_EQ(refused(search_), Code::PROFILE_UNKNOWN);
}

TEST_F(OrganisationSearchTest, ReadsThePatientsCardAtAnyDesk) {
  organisation_id = "300000001820687";
  vitale_card.desk = "desk-2";
  VitaleSearch search = vitale_search();
  search.context = search_.context;
  EXPECT_EQ(run(search).vitale_card->desk, "desk-2");
}

TEST_F(SearchTest, ALeaseOfAnotherUserIsRefused) {
  VitaleSearch search = vitale_search();
  search.context.lease = "other";
  EXPECT_EQ(refused(search), Code::LEASE_INVALID);
}

TEST_F(SearchTest, ProfileIsTheNamedOrTheOnlyOneOfTheCard) {
  ProfileConfig second = config->profiles[0];
  second.name = "remplacement";
  config->profiles.push_back(second);
  ProfileConfig foreign;
  foreign.name = "autre";
  foreign.professional_id = "8000";
  config->profiles.push_back(foreign);

  EXPECT_EQ(refused(vitale_search()), Code::PROFILE_REQUIRED);
  VitaleSearch named = vitale_search();
  named.context.profile = "autre";
  EXPECT_EQ(refused(named), Code::PROFILE_UNKNOWN);
  named.context.profile = "absent";
  EXPECT_EQ(refused(named), Code::PROFILE_UNKNOWN);
  named.context.profile = "remplacement";
  EXPECT_EQ(run(named).profile, "remplacement");
}

TEST_F(SearchTest, NoProfileForTheCardIsRefused) {
  professional.national_id = "899700000099";
  EXPECT_EQ(refused(vitale_search()), Code::PROFILE_REQUIRED);
}

TEST_F(SearchTest, StaffCardMatchesByItsStructure) {
  config->profiles[0].professional_id.clear();
  config->profiles[0].structure_id = "1750000001";
  EXPECT_EQ(refused(vitale_search()), Code::PROFILE_REQUIRED);
  professional.organisation_id = "1750000001";
  EXPECT_EQ(run(vitale_search()).profile, "cabinet");
}

TEST_F(SearchTest, TheCardMustBeTheOneChosen) {
  VitaleSearch search = vitale_search();
  search.reading = CardChoice{{"", ""}, 0};
  EXPECT_EQ(refused(search), Code::INVALID_ARGUMENT);
  ASSERT_EQ(fields.size(), 1U);
  EXPECT_EQ(fields[0].path, "card.card.generation");
  search.reading = CardChoice{{"", "g-1"}, 0};
  EXPECT_EQ(refused(search), Code::CARD_CHANGED);
  VitaleSearch expected = vitale_search();
  expected.expected_generations = {"g-1"};
  stale = "g-1";
  EXPECT_EQ(refused(expected), Code::CARD_CHANGED);
}

TEST_F(SearchTest, ACardThatLeavesDuringTheReadingIsNoticed) {
  stale = "g-2";
  EXPECT_EQ(refused(vitale_search()), Code::CARD_CHANGED);
}

TEST_F(SearchTest, T_CARD_08_ACardWithANumberThatIsNobodysIsRefusedInProduction) {
  // The other person's number tells what the card is.
  reading.beneficiaries[0].nir = "1800200ABC00272";
  EXPECT_EQ(card_nature(reading), CardNature::TEST);
  config->insi.environment = InsiEnvironment::PRODUCTION;
  EXPECT_EQ(refused(vitale_search(1)), Code::TEST_CARD_REFUSED);
  config->insi.environment = InsiEnvironment::TEST;
  EXPECT_EQ(run(vitale_search(1)).reply.code, "01");
  card_queries.clear();
  journal.begins.clear();
  EXPECT_EQ(refused(vitale_search(0)), Code::CARD_DATA_INVALID)
      << "such a number has no place in the message";
}

TEST_F(SearchTest, T_CARD_08_CorsicaAndAWrongKeyAreNoTestCard) {
  for (const char* nir : {"180022A00000211", "180022B00000211", "180020000000299"}) {
    reading.beneficiaries[0].nir = nir;
    EXPECT_EQ(card_nature(reading), CardNature::UNKNOWN) << nir;
  }
  reading.beneficiaries[0].nir.reset();
  EXPECT_EQ(card_nature(reading), CardNature::UNKNOWN);
}

TEST_F(SearchTest, T_CARD_08_AWrongKeyOnTheCardIsSaid) {
  EXPECT_THAT(run(vitale_search()).warnings, Not(Contains("CARD_KEY_INVALID")));
  reading.beneficiaries[0].nir = "180020000000273";
  EXPECT_THAT(run(vitale_search()).warnings, Contains("CARD_KEY_INVALID"));
}

TEST_F(SearchTest, ASuppliedReadingOfATestCardIsRefusedInProduction) {
  VitaleSearch search = vitale_search();
  SuppliedCard supplied{"", "1800200000002", "", "", "1984-05-17", clock.wall()};
  for (const auto nature : {CardNature::TEST, CardNature::DEMONSTRATION}) {
    supplied.nature = nature;
    search.reading = supplied;
    config->insi.environment = InsiEnvironment::PRODUCTION;
    EXPECT_EQ(refused(search), Code::TEST_CARD_REFUSED);
    config->insi.environment = InsiEnvironment::TEST;
    EXPECT_EQ(run(search).reply.code, "01");
    card_queries.clear();
    journal.begins.clear();
  }
  config->insi.environment = InsiEnvironment::PRODUCTION;
  supplied.nature = CardNature::REAL;
  supplied.serial = "123";
  search.reading = supplied;
  EXPECT_EQ(run(search).reply.code, "01");
}

TEST_F(SearchTest, BeneficiaryNumberAndRankAreChecked) {
  EXPECT_EQ(refused(vitale_search(2)), Code::BENEFICIARY_NOT_FOUND);
  reading.beneficiaries[0].nir.reset();
  EXPECT_EQ(refused(vitale_search(0)), Code::NIR_MISSING);
  reading.beneficiaries[0].nir = "18002000000";
  EXPECT_EQ(refused(vitale_search(0)), Code::CARD_DATA_INVALID);
  reading.beneficiaries.push_back(person("Paul", "20100203", "180020000000237"));
  EXPECT_EQ(refused(vitale_search(1)), Code::BIRTH_RANK_REQUIRED);
  VitaleSearch ranked = vitale_search(1);
  ranked.birth_rank = 10;
  EXPECT_EQ(refused(ranked), Code::INVALID_ARGUMENT);
  ranked.birth_rank = 2;
  const SearchResult result = run(ranked);
  EXPECT_EQ(card_queries.back().birth_rank, 2U);
  EXPECT_THAT(result.warnings, IsEmpty());
}

TEST_F(SearchTest, LunarDatesStayAsTheyAre) {
  reading.beneficiaries[0].birth_date = "19501300";
  run(vitale_search(0));
  EXPECT_EQ(card_queries[0].birth_date, "1950-13-00");
}

TEST_F(SearchTest, FoundAnswerIsKeptForTheUserAndNotQualified) {
  found("ANNE SOPHIE MARIE", "2010-02-03");
  const SearchResult result = run(vitale_search(1));
  ASSERT_TRUE(result.answer);
  EXPECT_EQ(answers.find(result.answer->id, 1000).answer.given_names, "ANNE SOPHIE MARIE");
  EXPECT_THROW(answers.find(result.answer->id, 1001), Error);
  EXPECT_THAT(result.missing_for_qualification, ElementsAre("ACCEPTANCE", "DOCUMENT_CHECK"));
  EXPECT_THAT(result.warnings, Not(Contains("ANSWER_NOT_BENEFICIARY")));
}

TEST_F(SearchTest, AnAnswerAboutSomebodyElseIsMarked) {
  found("PIERRE", "2010-02-03");
  EXPECT_THAT(run(vitale_search(1)).warnings, Contains("ANSWER_NOT_BENEFICIARY"));
  found("ANNE SOPHIE", "1984-05-17");
  EXPECT_THAT(run(vitale_search(1)).warnings, Contains("ANSWER_NOT_BENEFICIARY"));
  found("ANNE", "2010-02-03");
  EXPECT_THAT(run(vitale_search(1)).warnings, Contains("ANSWER_NOT_BENEFICIARY"));
}

TEST_F(SearchTest, T_INS_01_AnAnswerThatIsNotWhatWasAskedIsMarked) {
  found("ZOE MARIE", "1975-12-31");
  EXPECT_THAT(run(traits_search()).warnings, Not(Contains("ANSWER_NOT_AS_ASKED")));
  reply.answer->sex = "M";
  EXPECT_THAT(run(traits_search()).warnings, Contains("ANSWER_NOT_AS_ASKED"));
  found("ZOE MARIE", "1975-12-30");
  EXPECT_THAT(run(traits_search()).warnings, Contains("ANSWER_NOT_AS_ASKED"));
  found("MARIE", "1975-12-31");
  EXPECT_THAT(run(traits_search()).warnings, Contains("ANSWER_NOT_AS_ASKED"));
  found("ZOE", "1975-12-31");
  reply.answer->birth_name = "DUPONT";
  EXPECT_THAT(run(traits_search()).warnings, Contains("ANSWER_NOT_AS_ASKED"));
}

TEST_F(SearchTest, TraitsAreNormalisedAndShownAsSent) {
  const SearchResult result = run(traits_search());
  ASSERT_EQ(traits_queries.size(), 3U);
  EXPECT_EQ(traits_queries[0].birth_name, "D'ILE-OEUVRE");
  EXPECT_EQ(traits_queries[0].given_name, "ZOE");
  EXPECT_EQ(traits_queries[0].sex, "F");
  EXPECT_EQ(traits_queries[0].birth_place, std::nullopt);
  EXPECT_EQ(result.sent.birth_name, "D'ILE-OEUVRE");
  EXPECT_EQ(journal.begins.at(0).operation, "rechercherInsAvecTraitsIdentite");
}

TEST_F(SearchTest, TraitsThatCannotBeSentAreRefusedByPath) {
  TraitsSearch search = traits_search();
  search.birth_name = "DUPONT2";
  search.given_names = {"ZOE", "M4RIE"};
  search.sex = "X";
  search.birth_date = "31/12/1975";
  search.birth_place = "9999";
  EXPECT_EQ(refused(search), Code::TRAITS_INVALID);
  std::vector<std::string> paths;
  for (const auto& field : fields) paths.push_back(field.path);
  EXPECT_THAT(paths,
              ::testing::UnorderedElementsAre("traits.birth_name", "traits.given_names[1]", "traits.sex",
                                              "traits.birth_date", "traits.birth_place"));
  EXPECT_EQ(grants, 0);
}

TEST_F(SearchTest, SuppliedReadingIsCheckedWhole) {
  VitaleSearch search = vitale_search();
  search.reading = SuppliedCard{"123456789012345678901", "18002000000", "x", "DUP0NT", "1984", std::nullopt};
  search.birth_rank = 0;
  EXPECT_EQ(refused(search), Code::INVALID_ARGUMENT);
  std::vector<std::string> paths;
  for (const auto& field : fields) paths.push_back(field.path);
  EXPECT_THAT(paths, ::testing::UnorderedElementsAre("birth_rank", "supplied.serial", "supplied.insured_nir",
                                                     "supplied.beneficiary_nir", "supplied.birth_name",
                                                     "supplied.birth_date", "supplied.read_time"));
  search.reading = SuppliedCard{"123",    "1800200000002", "2800200000002",
                                "Dupont", "1984-05-17",    clock.wall() - std::chrono::minutes(21)};
  search.birth_rank = 1;
  EXPECT_EQ(refused(search), Code::INVALID_ARGUMENT) << "read too long ago";
  std::get<SuppliedCard>(search.reading).read_at = clock.wall();
  const SearchResult result = run(search);
  ASSERT_EQ(card_queries.size(), 1U);
  EXPECT_EQ(card_queries[0].beneficiary_nir, "2800200000002");
  EXPECT_EQ(card_queries[0].birth_name, "DUPONT");
  EXPECT_EQ(card_queries[0].vitale_serial, "123");
  EXPECT_TRUE(result.card_supplied);
  EXPECT_THAT(result.generations, ElementsAre("g-1"));
  EXPECT_THAT(result.warnings, IsEmpty());
}

}  // namespace
}  // namespace insd
