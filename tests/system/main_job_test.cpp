// SPDX-License-Identifier: Apache-2.0
// The whole product once: cards in readers of a real pcscd, a signed exchange over TLS, an identity over
// gRPC.
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/system/desk_client.h"
#include "tests/world/world.h"

namespace insd::test {
namespace {

using world::World;

class MainJobTest : public ::testing::Test {
 protected:
  void start() {
    world_.start_pcscd();
    world_.insert_card(0, "cps3", "cps-dr-exemple");
    vitale_ = &world_.insert_card(1, "vitale2", "vitale-demo");
    world_.start_insi();
    world_.start_insd(world_.insd_config());
    client_.emplace(world_.socket());
  }

  v1::SearchByVitaleRequest ask_for(const v1::VitaleReading& reading, unsigned index,
                                    const v1::Lease& lease) {
    v1::SearchByVitaleRequest request;
    *request.mutable_context() = DeskClient::context(lease.lease());
    request.mutable_card()->mutable_card()->set_reader(reading.reader());
    request.mutable_card()->mutable_card()->set_generation(reading.generation());
    request.mutable_card()->set_beneficiary_index(index);
    request.add_expected_generations(lease.generation());
    return request;
  }

  World world_;
  world::Card* vitale_ = nullptr;
  std::optional<DeskClient> client_;
};

TEST_F(MainJobTest, FromTwoCardsToAnOfficialIdentity) {
  start();
  const auto card = expect_value(client_->professional());
  EXPECT_EQ(card.card_type(), v1::PROFESSIONAL_CARD_TYPE_CPS);
  EXPECT_TRUE(card.test_pki());
  EXPECT_EQ(card.pin_tries_left(), 3);

  auto login = client_->login();
  const auto lease = login->finish("1234");
  ASSERT_TRUE(lease) << login->failure().detail.ShortDebugString();
  EXPECT_EQ(lease->card_number(), card.card_number());
  ASSERT_EQ(login->prompts().size(), 1U);
  EXPECT_EQ(login->prompts()[0].tries_left(), 3);

  const auto reading = expect_value(client_->vitale());
  ASSERT_EQ(reading.beneficiaries_size(), 2);
  EXPECT_EQ(reading.beneficiaries(0).birth_rank_source(), v1::DATUM_SOURCE_OFFICIAL_API_ONLY);

  const auto result = expect_value(client_->search(ask_for(reading, 0, *lease)));
  EXPECT_EQ(result.outcome(), v1::SEARCH_OUTCOME_FOUND);
  EXPECT_EQ(result.environment(), v1::ENVIRONMENT_TEST);
  // What the national test set gives for this person (specs: insi 6, tests 2.04 and 1.10).
  EXPECT_EQ(result.answer().number().number(), "1090763220834");
  EXPECT_EQ(result.answer().number().key(), "89");
  EXPECT_TRUE(result.answer().number().key_valid());
  EXPECT_EQ(result.answer().traits().birth_name(), "ECETINSI");
  EXPECT_GE(result.answer().history_size(), 1);
  EXPECT_FALSE(result.answer_id().empty());
  EXPECT_FALSE(result.trace().message_id().empty());
  EXPECT_NE(result.trace().result_xml().find("INSACTIF"), std::string::npos);
  EXPECT_EQ(result.trace().traits_sent().birth_rank_source(), v1::DATUM_SOURCE_ASSUMED);
  const std::vector<std::string> missing(result.missing_for_qualification().begin(),
                                         result.missing_for_qualification().end());
  EXPECT_EQ(missing, (std::vector<std::string>{"ACCEPTANCE", "DOCUMENT_CHECK"}));
}

// Read by Python alone: every signature and search has a begin and an end, in a chain, and no identity in
// clear.
TEST_F(MainJobTest, TheAuditTrailTellsWhoDidWhatAndOfWhomOnlyAHash) {
  start();
  {
    auto login = client_->login();
    const auto lease = login->finish("1234");
    ASSERT_TRUE(lease);
    expect_value(client_->search(ask_for(expect_value(client_->vitale()), 0, *lease)));
  }
  world_.stop_insd();
  const auto state = world_.directory() / "state";
  const auto chain = world_.run({std::string(INSD_SOURCE_DIR) + "/tests/unit/journal/verify_trail.py",
                                 state / "journal.sqlite", state / "keys"});
  EXPECT_EQ(chain.status, 0) << chain.out << chain.err;
  const auto rows = world_.run(
      {"python3", "-c",
       "import sqlite3, sys\n"
       "for row in sqlite3.connect(sys.argv[1]).execute('SELECT b.operation, b.professional, e.code, "
       "e.number_hmac'\n"
       " ' FROM record b JOIN record e ON e.began_at = b.sequence ORDER BY b.sequence'): print(*row)",
       state / "journal.sqlite"});
  EXPECT_THAT(rows.out, ::testing::HasSubstr("login 899900000017 OK None\n"));
  EXPECT_THAT(rows.out,
              ::testing::ContainsRegex(
                  "rechercherInsAvecCarteVitale 899900000017 00 number-0001-[0-9a-f]+:[0-9A-F]+\n"));
  for (const char* suffix : {"", "-wal"}) {
    std::ifstream file(state / (std::string("journal.sqlite") + suffix), std::ios::binary);
    const std::string content(std::istreambuf_iterator<char>(file), {});
    for (const char* datum : {"1090763220834", "ECETINSI", "PIERRE-ALAIN", "20090714"}) {
      EXPECT_EQ(content.find(datum), std::string::npos) << datum;
    }
  }
}

TEST_F(MainJobTest, AnAdministratorReadsAndVerifiesTheAuditTrail) {
  start();
  ASSERT_EQ(world_.run({"insctl", "identify", "--beneficiary", "1", "--pin-stdin"}, "1234\n").status, 0);
  const auto refused = world_.run({"insctl", "journal", "verify"});
  EXPECT_NE(refused.err.find("PERMISSION_DENIED"), std::string::npos) << "a desk is no administrator";
  world_.stop_insd();
  std::string config = world_.insd_config();
  config.replace(config.find("role = \"desk\""), 13, "role = \"admin\"");
  world_.start_insd(config);

  EXPECT_EQ(world_.run({"insctl", "journal", "verify"}).status, 0);
  const auto records = world_.run({"insctl", "journal", "export", "--professional", "899900000017"});
  EXPECT_NE(records.out.find("\"executable\":\"" INSD_BIN_DIR "/insctl\""), std::string::npos) << records.out;
  EXPECT_EQ(records.status, 0) << records.err;
  std::vector<std::string> operations;
  std::istringstream lines(records.out);
  for (std::string line; std::getline(lines, line);) {
    const auto record = nlohmann::json::parse(line);
    operations.push_back(record["operation"]);
    EXPECT_NE(record["code"], "") << "it has ended";
  }
  ASSERT_GE(operations.size(), 2U);
  operations.resize(2);  // the lease's end may come before the daemon's
  EXPECT_EQ(operations, (std::vector<std::string>{"login", "rechercherInsAvecCarteVitale"}));
  EXPECT_EQ(world_.run({"insctl", "journal", "export", "--from", "2999-01-01"}).out, "");
  EXPECT_EQ(world_.run({"insctl", "journal", "export", "--to", "2001-01-01T00:00:00Z"}).out, "");
  EXPECT_EQ(world_.run({"insctl", "journal", "export", "--from", "yesterday"}).status, 2);

  const auto tampered = world_.run(
      {"python3", "-c",
       "import sqlite3, sys\n"
       "db = sqlite3.connect(sys.argv[1])\n"
       "db.executescript(\"DROP TRIGGER no_change; UPDATE record SET purpose_id='other' WHERE sequence=3\")",
       world_.directory() / "state" / "journal.sqlite"});
  ASSERT_EQ(tampered.status, 0) << tampered.err;
  const auto verdict = world_.run({"insctl", "--json", "journal", "verify"});
  EXPECT_EQ(verdict.status, 1);
  EXPECT_EQ(nlohmann::json::parse(verdict.out)["bad_sequence"], "3");
}

TEST_F(MainJobTest, TwoPeopleOfOneCardAreTwoIdentities) {
  start();
  auto login = client_->login();
  const auto lease = login->finish("1234");
  ASSERT_TRUE(lease);
  const auto reading = expect_value(client_->vitale());
  const auto first = expect_value(client_->search(ask_for(reading, 0, *lease)));
  const auto second = expect_value(client_->search(ask_for(reading, 1, *lease)));
  EXPECT_NE(first.answer().number().number(), second.answer().number().number());
  EXPECT_NE(first.trace().message_id(), second.trace().message_id());
  EXPECT_NE(first.answer_id(), second.answer_id());
}

TEST_F(MainJobTest, SearchByTraitsGivesTheThreeOutcomes) {
  start();
  auto login = client_->login();
  const auto lease = login->finish("1234");
  ASSERT_TRUE(lease);
  const auto search = [&](const std::string& name, std::vector<std::string> given, const std::string& sex,
                          const std::string& birth, const std::string& place = {}) {
    v1::SearchByTraitsRequest request;
    *request.mutable_context() = DeskClient::context(lease->lease());
    request.mutable_traits()->set_birth_name(name);
    for (auto& each : given) request.mutable_traits()->add_given_names(each);
    request.mutable_traits()->set_sex(sex);
    request.mutable_traits()->set_birth_date(birth);
    request.mutable_traits()->set_birth_place(place);
    return client_->search(request);
  };
  // Lower case and accents are brought into the national alphabet before sending.
  const auto found = expect_value(search("Adrun", {"Zoé"}, "F", "1975-12-31"));
  EXPECT_EQ(found.outcome(), v1::SEARCH_OUTCOME_FOUND);
  EXPECT_EQ(found.trace().traits_sent().given_name(), "ZOE");
  EXPECT_EQ(found.answer().number().number(), "2751263220749");
  EXPECT_EQ(expect_value(search("NOBODY", {"AT-ALL"}, "M", "1950-01-01")).outcome(),
            v1::SEARCH_OUTCOME_NOT_FOUND);
  EXPECT_EQ(expect_value(search("DE VINCI", {"LEONARDO"}, "M", "2014-02-01")).outcome(),
            v1::SEARCH_OUTCOME_SEVERAL);
  // The birth place tells them apart (national test 2.06).
  EXPECT_EQ(expect_value(search("DE VINCI", {"LEONARDO"}, "M", "2014-02-01", "63220")).outcome(),
            v1::SEARCH_OUTCOME_FOUND);

  const auto refused = search("DUR4ND", {"L3O"}, "X", "1975-13");
  ASSERT_EQ(code_of(refused), "TRAITS_INVALID");
  std::vector<std::string> fields;
  for (const auto& violation : std::get<Failure>(refused).detail.field_violations())
    fields.push_back(violation.field());
  EXPECT_EQ(fields, (std::vector<std::string>{"traits.birth_name", "traits.given_names[0]", "traits.sex",
                                              "traits.birth_date"}));
}

TEST_F(MainJobTest, InsctlIdentifyPrintsTheIdentityAsOneDocument) {
  start();
  const auto outcome =
      world_.run({"insctl", "--json", "identify", "--beneficiary", "1", "--pin-stdin"}, "1234\n");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto document = nlohmann::json::parse(outcome.out);
  EXPECT_NE(outcome.out.find("1090763220834"), std::string::npos);
  EXPECT_NE(outcome.out.find("1.2.250.1.213.1.4."), std::string::npos);
  EXPECT_EQ(outcome.out.find("1234\n"), std::string::npos);
}

std::vector<std::string> identify_with(std::vector<std::string> more) {
  std::vector<std::string> command = {
      "insctl",   "--json", "identify", "--beneficiary", "1",          "--pin-stdin",        "--name",
      "ECETINSI", "--sex",  "M",        "--birth-date",  "2009-07-14", "--first-given-name", "PIERRE-ALAIN"};
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

TEST_F(MainJobTest, InsctlIdentifyQualifiesUnderTheLoginOfTheCard) {
  start();
  const auto hasty = world_.run(identify_with({"--accept", "--evidence", "passport"}), "1234\n");
  EXPECT_EQ(hasty.status, 1) << hasty.err;
  const auto refused = nlohmann::json::parse(hasty.out);
  EXPECT_EQ(refused["error"]["code"], "CONFIRMATION_REQUIRED");
  EXPECT_EQ(refused["identity"]["status"], "IDENTITY_STATUS_VALIDATED");
  EXPECT_EQ(refused["identity"]["missing"][0]["code"], "RETRIEVAL");

  const auto outcome = world_.run(identify_with({"--accept", "--evidence", "passport", "--confirm",
                                                 "given-names,first-given-name,birth-place"}),
                                  "1234\n");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const auto document = nlohmann::json::parse(outcome.out);
  const auto& identity = document["identity"];
  EXPECT_EQ(identity["status"], "IDENTITY_STATUS_QUALIFIED");
  EXPECT_EQ(identity["facts"]["number"]["number"], "1090763220834");
  EXPECT_EQ(identity["facts"]["acceptance"]["accepted_by"], "899900000017") << "the holder of the card";
  EXPECT_EQ(identity["facts"]["evidence"]["checked_by"], "899900000017");
  EXPECT_EQ(document["comparison"]["advice"], "COMPARE_ADVICE_CONFIRM");

  const auto label = world_.run({"insctl", "identity", "render", "--format", "cartouche", "--identity",
                                 identity["identity_id"].get<std::string>()});
  EXPECT_EQ(label.status, 0) << label.err;
  EXPECT_NE(label.out.find("ECETINSI"), std::string::npos);
}

TEST_F(MainJobTest, ACardWithOtherFileIdsAndKeyReferencesWorksTheSame) {
  world_.start_pcscd();
  world_.insert_card(0, "cps3", "cps-shuffled");
  world_.insert_card(1, "vitale2", "vitale-demo");
  world_.start_insi();
  world_.start_insd(world_.insd_config());
  client_.emplace(world_.socket());
  auto login = client_->login();
  const auto lease = login->finish("1234");
  ASSERT_TRUE(lease) << login->failure().detail.ShortDebugString();
  const auto reading = expect_value(client_->vitale());
  EXPECT_EQ(expect_value(client_->search(ask_for(reading, 0, *lease))).outcome(), v1::SEARCH_OUTCOME_FOUND);
}

}  // namespace
}  // namespace insd::test
