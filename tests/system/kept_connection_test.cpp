// SPDX-License-Identifier: Apache-2.0
// The connection to the teleservice is kept between searches: as long as the professional's card, through
// patients and reloads.
#include <algorithm>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "tests/system/desk_client.h"
#include "tests/world/world.h"

namespace insd::test {
namespace {

using world::World;

class KeptConnectionTest : public ::testing::Test {
 protected:
  KeptConnectionTest() {
    world_.start_pcscd();
    cps_ = &world_.insert_card(0, "cps3", "cps-dr-exemple");
    vitale_ = &world_.insert_card(1, "vitale2", "vitale-demo");
    world_.start_insi();
    world_.start_insd(world_.insd_config());
    client_.emplace(world_.socket());
    log_in();
  }

  void log_in() {
    login_ = client_->login();
    lease_ = login_->finish("1234");
    if (!lease_) throw std::runtime_error(login_->failure().detail.ShortDebugString());
  }

  void search() {
    const auto reading = expect_value(client_->vitale());
    v1::SearchByVitaleRequest request;
    *request.mutable_context() = DeskClient::context(lease_->lease());
    request.mutable_card()->mutable_card()->set_generation(reading.generation());
    EXPECT_EQ(expect_value(client_->search(request)).outcome(), v1::SEARCH_OUTCOME_FOUND);
  }

  [[nodiscard]] long connections() {
    const auto lines = world_.insi().lines();
    return std::count(lines.begin(), lines.end(), "connection: open");
  }

  void reload(const std::string& config) {
    const auto reloads = [this] {
      std::ifstream log(world_.insd().log());
      const std::string said{std::istreambuf_iterator<char>(log), {}};
      unsigned count = 0;
      for (auto at = said.find(kReloaded); at != std::string::npos; at = said.find(kReloaded, at + 1))
        ++count;
      return count;
    };
    const unsigned before = reloads();
    world_.write_file("insd.toml", config);
    world_.insd().signal(SIGHUP);
    const auto end = deadline();
    while (reloads() == before) {
      if (std::chrono::system_clock::now() > end) throw std::runtime_error("the daemon does not reload");
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  static constexpr const char* kReloaded = "configuration reloaded";
  World world_;
  world::Card* cps_ = nullptr;
  world::Card* vitale_ = nullptr;
  std::optional<DeskClient> client_;
  std::unique_ptr<Login> login_;
  std::optional<v1::Lease> lease_;
};

TEST_F(KeptConnectionTest, OutlivesThePatientsCard) {
  search();
  vitale_->remove();
  world_.await_card(1, false);
  client_->await_cards(1);
  vitale_->insert();
  world_.await_card(1, true);
  client_->await_cards(2);
  search();
  EXPECT_EQ(connections(), 1);
}

TEST_F(KeptConnectionTest, EndsWithTheProfessionalsCard) {
  search();
  cps_->remove();
  world_.await_card(0, false);
  client_->await_cards(1);
  cps_->insert();
  world_.await_card(0, true);
  client_->await_cards(2);
  log_in();
  search();
  EXPECT_EQ(connections(), 2);
}

TEST_F(KeptConnectionTest, OutlivesAReloadThatLeavesTheTeleserviceAlone) {
  search();
  reload(world_.insd_config() + "[[policy]]\nusers = [\"root\"]\nrole = \"admin\"\n");
  search();
  EXPECT_EQ(connections(), 1);
  std::string other = world_.insd_config();
  other.insert(other.find("environment = \"test\""), "total_timeout = \"29s\"\n");
  reload(other);
  search();
  EXPECT_EQ(connections(), 2);
}

}  // namespace
}  // namespace insd::test
