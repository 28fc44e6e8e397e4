// SPDX-License-Identifier: Apache-2.0
// Vitale cards through everything: card program, pcscd, daemon, contract. What is sent to the card is what
// the card program wrote down.
#include <algorithm>
#include <thread>

#include <gtest/gtest.h>

#include "tests/system/desk_client.h"
#include "tests/system/desk_watch.h"
#include "tests/world/world.h"

namespace insd::test {
namespace {

using world::World;

constexpr std::string_view kPeople =
    "[[beneficiary]]\nname = \"GA\u00CBTAN\"\ngiven = \"NO\u00CBL\"\nbirth = \"19500000\"\n"
    "nir = \"269054958815780\"\nnationality = \"F\"\n";

class VitaleSystem : public ::testing::Test {
 protected:
  void start_insd(std::string more = "") {
    world_.start_insd(world_.insd_config() + more);
    client_.emplace(world_.socket());
  }
  world::Card& insert(const std::string& profile, const std::string& kind = "vitale2") {
    return world_.insert_card(1, kind, profile);
  }
  // Returns when the daemon has seen it: pcscd is the first to know.
  void await_seen(bool present) {
    DeskWatch watch(*client_->reader_);
    ASSERT_TRUE(watch.wait_for([&](const DeskWatch::Picture& picture) {
      const auto reader = picture.readers.find(world_.reader_name(1));
      return reader != picture.readers.end() && reader->second.generation().empty() != present;
    })) << present;
  }
  std::string profile(const std::string& lines) const {
    return world_.write_file("card.toml", "kind = \"vitale2\"\n" + lines + std::string(kPeople));
  }

  World world_;
  std::optional<DeskClient> client_;
};

TEST_F(VitaleSystem, ASecondReadingForDisplaySendsNothingAndASearchReadsAgain) {
  world_.start_pcscd();
  world_.insert_card(0, "cps3", "cps-dr-exemple");
  auto& card = insert("vitale-demo");
  world_.start_insi();
  start_insd();
  const auto first = expect_value(client_->vitale());
  const auto once = card.exchanges().size();
  EXPECT_EQ(once, 6U);
  const auto second = expect_value(client_->vitale());
  EXPECT_EQ(card.exchanges().size(), once);
  EXPECT_EQ(second.SerializeAsString(), first.SerializeAsString());

  auto login = client_->login();
  const auto lease = login->finish("1234");
  ASSERT_TRUE(lease);
  v1::SearchByVitaleRequest request;
  *request.mutable_context() = DeskClient::context(lease->lease());
  request.mutable_card()->mutable_card()->set_generation(first.generation());
  expect_value(client_->search(request));
  EXPECT_EQ(card.exchanges().size(), 2 * once);
}

TEST_F(VitaleSystem, ReadAheadWhereConfiguredAndNowhereElse) {
  world_.start_pcscd();
  auto& card = insert("vitale-demo");
  start_insd();
  const auto readers = client_->readers();
  EXPECT_TRUE(card.exchanges().empty()) << "nobody asked for this card";
  world_.stop_insd();
  start_insd("[vitale]\nprefetch = true\n");
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (card.exchanges().size() < 6 && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(card.exchanges().size(), 6U);
  EXPECT_EQ(expect_value(client_->vitale()).beneficiaries_size(), 2);
  EXPECT_EQ(card.exchanges().size(), 6U);
}

TEST_F(VitaleSystem, EveryWayToTheIdentityAndTheSourceOfEachDatum) {
  struct Case {
    const char* lines;
    v1::IdentityWay way;
  };
  world_.start_pcscd();
  start_insd();
  for (const Case& each :
       {Case{"", v1::IDENTITY_WAY_SFI_2},
        Case{"identity_by_sfi = false\ndecoy_raw = \"5A03112233\"\nvalidity_start = \"20180315\"\n",
             v1::IDENTITY_WAY_FILE_D001},
        Case{"identity_by_sfi = false\nidentity_by_id = false\npadding = 300\n",
             v1::IDENTITY_WAY_POINTERS}}) {
    auto& card = insert(profile(each.lines));
    await_seen(true);
    const auto reading = expect_value(client_->vitale());
    EXPECT_EQ(reading.identity_way(), each.way);
    ASSERT_EQ(reading.beneficiaries_size(), 1);
    const auto& person = reading.beneficiaries(0);
    EXPECT_EQ(person.usual_name(), "GA\u00CBTAN");
    EXPECT_EQ(person.birth_date(), "1950-00-00");
    EXPECT_EQ(person.nir() + person.nir_key(), "269054958815780");
    EXPECT_TRUE(person.nir_key_valid());
    EXPECT_EQ(person.nationality(), "F");
    EXPECT_EQ(person.nationality_source(), v1::DATUM_SOURCE_READ);
    EXPECT_FALSE(person.has_birth_rank()) << "never invented";
    EXPECT_EQ(person.birth_rank_source(), v1::DATUM_SOURCE_OFFICIAL_API_ONLY);
    const bool dated = each.way == v1::IDENTITY_WAY_FILE_D001;
    EXPECT_EQ(reading.validity_start_date(), dated ? "2018-03-15" : "");
    EXPECT_EQ(reading.validity_start_source(), dated ? v1::DATUM_SOURCE_READ : v1::DATUM_SOURCE_UNSUPPORTED);
    EXPECT_EQ(reading.nature_source(), v1::DATUM_SOURCE_OFFICIAL_API_ONLY);
    EXPECT_EQ(reading.serial_source(), v1::DATUM_SOURCE_OFFICIAL_API_ONLY);
    card.remove();
    await_seen(false);
  }
}

TEST_F(VitaleSystem, CardsOfTheOldFamilyAreRefusedAndSentNothing) {
  world_.start_pcscd();
  start_insd();
  struct Case {
    const char* atr;
    v1::CardKind kind;
  };
  for (const Case& each : {Case{"3F65250022 09699000", v1::CARD_KIND_VITALE_1},
                           Case{"3F652500A4 096A9000", v1::CARD_KIND_VITALE_1},
                           Case{"3F6525002B 09EB9000", v1::CARD_KIND_CP8}}) {
    auto& card =
        insert(world_.write_file("old.toml", std::string("kind = \"vitale1\"\natr = \"") + each.atr + "\"\n"),
               "vitale1");
    await_seen(true);
    const auto outcome = client_->vitale();
    EXPECT_EQ(code_of(outcome), "CARD_UNSUPPORTED") << each.atr;
    const auto reader = client_->readers()[1];
    EXPECT_EQ(reader.card_kind(), each.kind);
    EXPECT_EQ(reader.problem_code(), "CARD_UNSUPPORTED");
    EXPECT_FALSE(reader.remedy().empty());
    EXPECT_TRUE(card.exchanges().empty());
    card.remove();
    await_seen(false);
  }
}

// An answer to reset that nobody knows: asked whether it is a Vitale 2, and left alone once it says no.
TEST_F(VitaleSystem, AnUnknownCardIsAskedOneQuestionAndNothingIsWritten) {
  world_.start_pcscd();
  start_insd();
  auto& card =
      insert(world_.write_file("old.toml", "kind = \"vitale1\"\natr = \"3F6425002209699000\"\n"), "vitale1");
  await_seen(true);
  EXPECT_EQ(code_of(client_->vitale()), "CARD_UNSUPPORTED");
  ASSERT_EQ(card.exchanges().size(), 1U);
  std::string sent = card.exchanges()[0];
  std::erase(sent, ' ');
  EXPECT_EQ(sent, "00A40000023F00->6E00");
}

TEST_F(VitaleSystem, T_CARD_08_ATestCardIsRefusedInProduction) {
  world_.start_pcscd();
  insert(world_.write_file("test-card.toml",
                           "kind = \"vitale2\"\n[[beneficiary]]\nname = \"ESSAI\"\ngiven = \"CARTE\"\n"
                           "birth = \"19690527\"\nnir = \"2690549ABC15780\"\n"));
  std::string config = world_.insd_config();
  const std::string test = "environment = \"test\"";
  start_insd();
  const auto reading = expect_value(client_->vitale());
  EXPECT_EQ(reading.nature(), v1::CARD_NATURE_TEST);
  EXPECT_EQ(reading.nature_source(), v1::DATUM_SOURCE_READ);
  EXPECT_FALSE(reading.beneficiaries(0).nir_key_valid());
  world_.stop_insd();
  config.replace(config.find(test), test.size(), "environment = \"production\"");
  world_.start_insd(config);
  client_.emplace(world_.socket());
  EXPECT_EQ(code_of(client_->vitale()), "TEST_CARD_REFUSED");
}

}  // namespace
}  // namespace insd::test
