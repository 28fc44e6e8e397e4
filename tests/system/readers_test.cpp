// SPDX-License-Identifier: Apache-2.0
// Which reader, which card, which desk: on a real pcscd with the whole daemon.
#include <fstream>

#include <gtest/gtest.h>

#include "tests/system/desk_client.h"
#include "tests/world/world.h"

namespace insd::test {
namespace {

using world::World;

class ReadersTest : public ::testing::Test {
 protected:
  // The world's configuration with other [[reader]] entries.
  void start_insd(const std::string& readers) {
    std::string config = world_.insd_config();
    const auto begin = config.find("[[reader]]");
    const auto end = config.find("[cps]");
    if (begin < end) config.erase(begin, end - begin);
    world_.start_insd(config + readers);
    client_.emplace(world_.socket());
  }

  [[nodiscard]] std::string entry(unsigned reader, const std::string& alias, const std::string& role,
                                  const std::string& desk = {}) const {
    std::string text = "[[reader]]\nmatch = \"" + world_.reader_name(reader) + "\"\nalias = \"" + alias +
                       "\"\nrole = \"" + role + "\"\n";
    if (!desk.empty()) text += "desk = \"" + desk + "\"\n";
    return text;
  }
  [[nodiscard]] std::string roles() const {
    return entry(0, "desk-1-cps", "professional") + entry(1, "desk-1-vitale", "patient");
  }

  std::optional<v1::Lease> log_in(const std::string& desk = {}) {
    v1::LoginStart start;
    start.mutable_card()->set_desk(desk);
    login_ = client_->login(start);
    auto lease = login_->finish("1234");
    EXPECT_TRUE(lease) << login_->failure().detail.ShortDebugString();
    return lease;
  }

  static v1::SearchByVitaleRequest search_for(const v1::VitaleReading& reading, const v1::Lease& lease) {
    v1::SearchByVitaleRequest request;
    *request.mutable_context() = DeskClient::context(lease.lease());
    request.mutable_card()->mutable_card()->set_generation(reading.generation());
    return request;
  }

  World world_;
  std::optional<DeskClient> client_;
  std::unique_ptr<Login> login_;
};

TEST_F(ReadersTest, WithoutConfigurationTheCardsMayBeInEitherSlot) {
  world_.start_pcscd();
  world_.insert_card(1, "cps3", "cps-dr-exemple");
  world_.insert_card(0, "vitale2", "vitale-demo");
  world_.start_insi();
  start_insd("");
  const auto lease = log_in();
  ASSERT_TRUE(lease);
  EXPECT_EQ(lease->reader(), world_.reader_name(1));
  EXPECT_EQ(lease->reader_alias(), "");
  EXPECT_EQ(login_->prompts().at(0).reader(), world_.reader_name(1));
  const auto reading = expect_value(client_->vitale());
  EXPECT_EQ(reading.reader(), world_.reader_name(0));
  const auto result = expect_value(client_->search(search_for(reading, *lease)));
  EXPECT_EQ(result.outcome(), v1::SEARCH_OUTCOME_FOUND);
  EXPECT_EQ(result.professional_card().reader(), world_.reader_name(1));
  EXPECT_EQ(result.professional_card().card_kind(), v1::CARD_KIND_CPS_3);
  EXPECT_EQ(result.vitale_card().reader(), world_.reader_name(0));
  EXPECT_EQ(result.vitale_card().generation(), reading.generation());
}

TEST_F(ReadersTest, EveryAnswerNamesTheReaderAndItsAlias) {
  world_.start_pcscd();
  world_.insert_card(0, "cps3", "cps-dr-exemple");
  world_.insert_card(1, "vitale2", "vitale-demo");
  world_.start_insi();
  start_insd(roles());
  const auto card = expect_value(client_->professional());
  EXPECT_EQ(card.reader(), world_.reader_name(0));
  EXPECT_EQ(card.reader_alias(), "desk-1-cps");
  const auto lease = log_in();
  ASSERT_TRUE(lease);
  EXPECT_EQ(lease->reader_alias(), "desk-1-cps");
  EXPECT_EQ(login_->prompts().at(0).reader_alias(), "desk-1-cps");
  const auto reading = expect_value(client_->vitale("desk-1-vitale"));
  EXPECT_EQ(reading.reader(), world_.reader_name(1));
  EXPECT_EQ(reading.reader_alias(), "desk-1-vitale");
  const auto result = expect_value(client_->search(search_for(reading, *lease)));
  EXPECT_EQ(result.professional_card().reader_alias(), "desk-1-cps");
  EXPECT_EQ(result.vitale_card().reader_alias(), "desk-1-vitale");
}

TEST_F(ReadersTest, SwappedCardsAreToldInWordsUntilTheyArePutRight) {
  world_.start_pcscd();
  auto& cps = world_.insert_card(1, "cps3", "cps-dr-exemple");
  auto& vitale = world_.insert_card(0, "vitale2", "vitale-demo");
  start_insd(roles());
  const auto swapped = client_->professional();
  ASSERT_EQ(code_of(swapped), "CARDS_SWAPPED");
  const auto& detail = std::get<Failure>(swapped).detail;
  EXPECT_NE(detail.summary().find("inversées"), std::string::npos) << detail.summary();
  EXPECT_NE(detail.technical_detail().find("desk-1-vitale"), std::string::npos) << detail.technical_detail();
  EXPECT_EQ(code_of(client_->vitale()), "CARDS_SWAPPED");
  EXPECT_EQ(code_of(client_->professional("desk-1-cps")), "CARDS_SWAPPED");
  EXPECT_EQ(code_of(client_->vitale("desk-1-cps")), "CARDS_SWAPPED") << "the role is not overruled by a name";
  const auto login = client_->login();
  EXPECT_FALSE(login->finish("1234"));
  EXPECT_EQ(login->failure().detail.code(), "CARDS_SWAPPED");
  EXPECT_TRUE(login->prompts().empty());
  EXPECT_TRUE(cps.exchanges().empty()) << "nothing is sent to a card in the wrong place";
  EXPECT_TRUE(vitale.exchanges().empty());

  cps.remove();
  vitale.remove();
  world_.await_card(0, false);
  world_.await_card(1, false);
  world_.insert_card(0, "cps3", "cps-dr-exemple");
  world_.insert_card(1, "vitale2", "vitale-demo");
  client_->await_cards(2);
  EXPECT_EQ(expect_value(client_->professional()).reader_alias(), "desk-1-cps");
  EXPECT_EQ(expect_value(client_->vitale()).reader_alias(), "desk-1-vitale");
}

TEST_F(ReadersTest, TwoVitaleCardsAreListedAndNeitherIsTaken) {
  world_.start_pcscd();
  auto& first = world_.insert_card(0, "vitale2", "vitale-demo");
  auto& second = world_.insert_card(1, "vitale2", "vitale-family");
  start_insd(entry(0, "left", "any") + entry(1, "right", "patient"));
  const auto outcome = client_->vitale();
  ASSERT_EQ(code_of(outcome), "CARD_AMBIGUOUS");
  const auto& text = std::get<Failure>(outcome).detail.technical_detail();
  for (const char* part : {"left", "right"}) EXPECT_NE(text.find(part), std::string::npos) << text;
  EXPECT_TRUE(first.exchanges().empty());
  EXPECT_TRUE(second.exchanges().empty());
  EXPECT_EQ(expect_value(client_->vitale("right")).reader(), world_.reader_name(1));
  EXPECT_EQ(expect_value(client_->vitale("left")).reader(), world_.reader_name(0));
}

TEST_F(ReadersTest, TwoDesksOnOneMachineNeverTakeEachOthersCards) {
  world_.start_pcscd(4);
  world_.insert_card(0, "cps3", "cps-dr-exemple");
  world_.insert_card(3, "vitale2", "vitale-demo");
  world_.start_insi();
  start_insd(entry(0, "a-cps", "professional", "a") + entry(1, "a-vitale", "patient", "a") +
             entry(2, "b-cps", "professional", "b") + entry(3, "b-vitale", "patient", "b"));
  EXPECT_EQ(code_of(client_->vitale()), "READER_AMBIGUOUS") << "the only card is not everybody's";
  client_->desk = "a";
  EXPECT_EQ(code_of(client_->vitale()), "CARD_ABSENT");
  EXPECT_EQ(expect_value(client_->professional()).desk(), "a");
  const auto lease = log_in("a");
  ASSERT_TRUE(lease);
  EXPECT_EQ(lease->desk(), "a");
  client_->desk = "b";
  EXPECT_EQ(code_of(client_->professional()), "CARD_ABSENT");
  const auto reading = expect_value(client_->vitale());
  EXPECT_EQ(reading.desk(), "b");
  EXPECT_EQ(code_of(client_->search(search_for(reading, *lease))), "DESK_MISMATCH");

  const auto insctl = world_.run({"insctl", "vitale", "--desk", "a"});
  EXPECT_NE(insctl.err.find("CARD_ABSENT"), std::string::npos) << insctl.err;
}

TEST_F(ReadersTest, AVirtualReaderTellsNoPortAndIsNotTakenForOneThatDoes) {
  world_.start_pcscd();
  world_.insert_card(0, "vitale2", "vitale-demo");
  start_insd("[[reader]]\nusb = \"1-1\"\nalias = \"port\"\nrole = \"patient\"\n" +
             entry(0, "name", "patient"));
  const auto reading = expect_value(client_->vitale());
  EXPECT_EQ(reading.reader_alias(), "name");
  EXPECT_EQ(code_of(client_->vitale("port")), "READER_NOT_FOUND");
  for (const auto& reader : client_->readers()) {
    EXPECT_EQ(reader.usb_path(), "") << reader.ShortDebugString();
    EXPECT_EQ(reader.pin_pad(), v1::PIN_PAD_NONE) << "asked, and it has none: " << reader.ShortDebugString();
  }
  std::ifstream log(world_.insd().log());
  const std::string said{std::istreambuf_iterator<char>(log), {}};
  EXPECT_NE(said.find("does not tell its USB port: [[reader]] 1"), std::string::npos) << said;
}

}  // namespace
}  // namespace insd::test
