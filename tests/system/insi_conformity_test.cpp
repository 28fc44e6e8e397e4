// SPDX-License-Identifier: Apache-2.0
// The public identities of INSi's qualification platform and conformity tests (specs: insi 6, ins-rules 8),
// each through the whole product: what the client is told. What the platform injects, the simulator injects.
// The table that names these tests is docs/conformity.md.
#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/system/insi_desk.h"

namespace insd::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kNir = "1.2.250.1.213.1.4.8";
constexpr const char* kNia = "1.2.250.1.213.1.4.9";

struct Expected {
  std::string number, key, oid, given_names, birth_place;
  int history = 0;
};

class InsiConformityTest : public InsiDesk {
 protected:
  using InsiDesk::InsiDesk;
  // A request that the simulator refused was no conforming request, whatever the client was told.
  void TearDown() override {
    for (const auto& line : world_.insi().lines()) EXPECT_THAT(line, Not(HasSubstr("REFUSED")));
  }

  v1::SearchResult search(const Asked& who) { return expect_value(ask(who)); }
  [[nodiscard]] v1::SearchByVitaleRequest supplied(std::chrono::minutes age) const {
    v1::SearchByVitaleRequest request;
    *request.mutable_context() = DeskClient::context(lease_->lease());
    auto* reading = request.mutable_supplied();
    reading->set_serial("12345678901234567890");
    reading->set_insured_nir("2770763220844");
    reading->set_birth_date("1977-07-14");
    const auto read_at = std::chrono::system_clock::now() - age;
    reading->mutable_read_time()->set_seconds(std::chrono::system_clock::to_time_t(read_at));
    return request;
  }

  void expect_found(const Asked& who, const Expected& expected) {
    SCOPED_TRACE(who.birth_name);
    const auto result = search(who);
    expect_answer(result, expected);
    EXPECT_EQ(result.answer().traits().birth_name(), who.birth_name);
    EXPECT_EQ(result.answer().traits().sex(), who.sex);
    EXPECT_EQ(result.answer().traits().birth_date(), who.birth_date);
  }
  static void expect_answer(const v1::SearchResult& result, const Expected& expected) {
    ASSERT_EQ(result.outcome(), v1::SEARCH_OUTCOME_FOUND);
    const auto& answer = result.answer();
    EXPECT_EQ(answer.number().number(), expected.number);
    EXPECT_EQ(answer.number().key(), expected.key);
    EXPECT_EQ(answer.number().oid(), expected.oid);
    EXPECT_EQ(answer.traits().given_names(), expected.given_names);
    EXPECT_EQ(answer.traits().birth_place(), expected.birth_place);
    EXPECT_EQ(answer.history_size(), expected.history);
    EXPECT_FALSE(result.answer_id().empty());
    EXPECT_EQ(result.environment(), v1::ENVIRONMENT_TEST);
    // The application's own record gets the very bytes.
    EXPECT_THAT(result.trace().result_xml(), HasSubstr("NumIdentifiant>" + expected.number));
  }
};

// The conformity tests on the Vitale card: the assertion, its age, the card that is no longer the same.
TEST_F(InsiConformityTest, CNDA_1_01_1_02_1_03_TheVitaleAssertionItsAgeAndItsCard) {
  // 1.01: Ruth, read by the application through the official interface, which alone knows the card's serial.
  expect_answer(expect_value(client_->search(supplied(std::chrono::minutes(1)))),
                {"2770763220844", "92", kNir, "RUTH", "63220"});
  world_.insi().wait_for_line("#1 assertion Vitale ok");
  // 1.02: more than twenty minutes later the reading is refused, and nothing is sent.
  const auto old = client_->search(supplied(std::chrono::minutes(21)));
  ASSERT_EQ(code_of(old), "INVALID_ARGUMENT");
  EXPECT_THAT(std::get<Failure>(old).detail.ShortDebugString(), HasSubstr("supplied.read_time"));
  // 1.03: chosen on one card, asked when another is in the reader.
  const auto reading = expect_value(client_->vitale());
  vitale_->swap(world::World::profile("vitale-family"));
  EXPECT_THAT(code_of(client_->search(by_card(reading, 1))),
              ::testing::AnyOf("CARD_CHANGED", "CARD_REMOVED"));
  for (const auto& line : world_.insi().lines()) EXPECT_THAT(line, Not(HasSubstr("#2 ")));
}

TEST_F(InsiConformityTest, CNDA_2_03_NamesWithEverySign) {
  expect_found({"D'ARTAGNAN DE L'HERAULT", {"PIERRE-ALAIN"}, "M", "2001-06-17", "63220"},
               {"1010663220754", "60", kNir, "PIERRE-ALAIN GUNTHER", "63220"});
  expect_found({"ADRTROIS", {"TOUSSAINT"}, "M", "1960-01-01", "2B020"},
               {"160012B020777", "13", kNir, "TOUSSAINT", "2B020"});
  // Case 3: ligatures are not of the national alphabet; what is sent is, and is shown.
  const auto result = search({"d\u2019\u00C6ion", {"C\u0153ur"}, "M", "1987-01-01", "2B020"});
  EXPECT_EQ(result.outcome(), v1::SEARCH_OUTCOME_NOT_FOUND);
  EXPECT_EQ(result.trace().traits_sent().birth_name(), "D'AEION");
  EXPECT_EQ(result.trace().traits_sent().given_name(), "COEUR");
}

TEST_F(InsiConformityTest, CNDA_2_04_2_05_2_08_HistoriesAndNumbersAreKeptAsReceived) {
  const auto result = search({"ECETINSI", {"PIERRE-ALAIN"}, "M", "2009-07-14", ""});
  expect_answer(result, {"1090763220834", "89", kNir, "PIERRE-ALAIN MURIEL FLORIANT", "63220", 2});
  EXPECT_EQ(result.answer().history(0).number(), "2090763220834");
  EXPECT_EQ(result.answer().history(0).start_date(), "2019-03-01");
  EXPECT_EQ(result.answer().history(0).end_date(), "2019-02-28") << "backwards, as received";
  EXPECT_EQ(result.answer().history(1).number(), "2090663220123");
  EXPECT_EQ(result.answer().history(1).start_date(), "");
  // 2.05: only the OID tells that it is an NIA.
  expect_found({"PROVISOIRE", {"MATRICULE"}, "M", "2009-07-01", ""},
               {"1090763220888", "35", kNia, "MATRICULE", "63220"});
  // 2.08 case 1: the history repeats the active number.
  expect_found({"CORSE", {"ANTHONY"}, "M", "1980-03-02", "2B020"},
               {"180032B020401", "23", kNir, "ANTHONY", "2B020", 1});
  // 2.08 case 2: wrong keys, in both public writings of the fixture.
  expect_found({"HERMAN", {"GATIEN"}, "M", "1981-03-24", ""},
               {"1810363220456", "76", kNir, "GATIEN", "63220", 2});
  const auto hermann = search({"HERMANN", {"GATIEN"}, "M", "1981-03-24", ""});
  expect_answer(hermann, {"1810363220456", "60", kNir, "GATIEN", "63220", 2});
  EXPECT_FALSE(hermann.answer().number().key_valid());
  EXPECT_EQ(hermann.answer().history(1).key(), "10");
  EXPECT_THAT(hermann.warnings(), Contains("RETURNED_KEY_INVALID"));
}

TEST_F(InsiConformityTest, CNDA_2_06_SeveralPeopleUntilTheBirthPlaceIsAsked) {
  const auto several = search({"DE VINCI", {"LEONARDO"}, "M", "2014-02-01", ""});
  EXPECT_EQ(several.outcome(), v1::SEARCH_OUTCOME_SEVERAL);
  EXPECT_FALSE(several.has_answer());
  expect_found({"DE VINCI", {"LEONARDO"}, "M", "2014-02-01", "63220"},
               {"1140263220833", "56", kNir, "LEONARDO PIERO", "63220"});
}

TEST_F(InsiConformityTest, CNDA_2_07_EachGivenNameOnItsOwn) {
  EXPECT_EQ(search({"TCHITCHI", {"OLA"}, "F", "1936-06-21", ""}).outcome(), v1::SEARCH_OUTCOME_NOT_FOUND);
  expect_found({"TCHITCHI", {"CATARINA"}, "F", "1936-06-21", ""},
               {"2360663220836", "56", kNir, "CATARINA BELLA", "63220"});
  for (const std::string name : {"PIERRE", "PAUL", "JACQUES"}) {
    EXPECT_EQ(search({"HOUILLES", {name}, "M", "1993-01-27", ""}).outcome(), v1::SEARCH_OUTCOME_NOT_FOUND);
  }
  EXPECT_EQ(search({"HOUILLES", {"PIERRE", "PAUL", "JACQUES"}, "M", "1993-01-27", ""}).outcome(),
            v1::SEARCH_OUTCOME_NOT_FOUND);
}

TEST_F(InsiConformityTest, CNDA_2_07_EveryGivenNameInTurnThenAllOfThem) {
  const auto second = search({"TCHITCHI", {"OLA", "CATARINA", "BELLA"}, "F", "1936-06-21", ""});
  expect_answer(second, {"2360663220836", "56", kNir, "CATARINA BELLA", "63220"});
  EXPECT_EQ(second.matched_given_name(), "CATARINA");
  const auto sent = [](const v1::SearchResult& result) {
    std::vector<std::string> names;
    for (const auto& attempt : result.attempts()) {
      names.push_back(attempt.given_name_sent() + " " + attempt.code());
    }
    return names;
  };
  EXPECT_THAT(sent(second), ::testing::ElementsAre("OLA 01", "CATARINA 00"));
  const auto nobody = search({"HOUILLES", {"PIERRE", "PAUL", "JACQUES"}, "M", "1993-01-27", ""});
  EXPECT_EQ(nobody.outcome(), v1::SEARCH_OUTCOME_NOT_FOUND);
  EXPECT_THAT(sent(nobody),
              ::testing::ElementsAre("PIERRE 01", "PAUL 01", "JACQUES 01", "PIERRE PAUL JACQUES 01"));
}

TEST_F(InsiConformityTest, CNDA_3_05_AndTheOtherPublicIdentities) {
  expect_found({"NESSI", {"NATHALIE"}, "F", "1977-07-14", ""},
               {"2770763220829", "10", kNir, "NATHALIE", "63220"});
  expect_found({"ADRUN", {"ZOE"}, "F", "1975-12-31", ""}, {"2751263220749", "74", kNir, "ZOE", "63220"});
  expect_found({"ADRTROIS", {"DOMINIQUE"}, "F", "1997-02-26", ""},
               {"297022A020778", "78", kNir, "DOMINIQUE", "2A020"});
  expect_found({"NESSI", {"MICHELANGELO"}, "M", "2010-08-07", ""},
               {"1100863220830", "60", kNir, "MICHELANGELO ANTHONY", "63220"});
  expect_found({"PATB-QUATRE", {"LAURENCE"}, "F", "1907-05-25", ""},
               {"2070585756270", "97", kNir, "LAURENCE", "85756"});
  expect_found({"ADRDEUX", {"LAURENT"}, "M", "1981-01-01", ""},
               {"1810163220751", "40", kNir, "LAURENT", "63220"});
}

class InsiInjectedTest : public InsiConformityTest {
 protected:
  InsiInjectedTest()
      : InsiConformityTest(R"(
[[step]]
operation = "card"
birth_date = "2009-07-14"
person = "ecetinsi-nia"
[[step]]
birth_name = "ADRUN"
code = "01"
[[step]]
birth_name = "NESSI"
soap_fault = "insi_777"
subcode = "siram_41"
label = "Libelle inconnu"
)") {}
};

TEST_F(InsiInjectedTest, CNDA_1_10_AnInjectedNiaByCard) {
  const auto reading = expect_value(client_->vitale());
  expect_answer(expect_value(client_->search(by_card(reading, 0))),
                {"1090763220834", "89", kNia, "PIERRE-ALAIN MURIEL FLORIANT", "63220"});
  // Where the platform cannot say 01, the test bench does.
  EXPECT_EQ(search({"ADRUN", {"ZOE"}, "F", "1975-12-31", ""}).outcome(), v1::SEARCH_OUTCOME_NOT_FOUND);
}

TEST_F(InsiInjectedTest, T_INS_02_ACodeThatNobodyKnowsIsShownAsItCame) {
  const auto outcome = ask({"NESSI", {"NATHALIE"}, "F", "1977-07-14", ""});
  ASSERT_EQ(code_of(outcome), "INSI_FAULT");
  const auto shown = std::get<Failure>(outcome).detail.DebugString();
  for (const char* part : {"insi_777", "siram_41", "Libelle inconnu"}) EXPECT_THAT(shown, HasSubstr(part));
}

}  // namespace
}  // namespace insd::test
