// SPDX-License-Identifier: Apache-2.0
// A desk with both cards, logged in, before a simulated teleservice that answers as it is told.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/desk_client.h"
#include "tests/world/world.h"

namespace insd::test {

/// Traits as a person types them.
struct Asked {
  std::string birth_name;
  std::vector<std::string> given_names;
  std::string sex, birth_date, birth_place;
};

class InsiDesk : public ::testing::Test {
 protected:
  /// `insi`: lines of the simulator's configuration. `settings`: lines of the daemon's section [insi].
  explicit InsiDesk(const std::string& insi = {}, const std::string& settings = {}) {
    world_.start_pcscd();
    world_.insert_card(0, "cps3", "cps-dr-exemple");
    vitale_ = &world_.insert_card(1, "vitale2", "vitale-demo");
    world_.start_insi({.more = insi});
    auto config = world_.insd_config();
    const std::string section = "[insi]\n";
    config.insert(config.find(section) + section.size(), settings);
    world_.start_insd(config);
    client_.emplace(world_.socket());
    login_ = client_->login();
    lease_ = login_->finish("1234");
    if (!lease_) throw std::runtime_error(login_->failure().detail.ShortDebugString());
  }

  [[nodiscard]] v1::SearchByTraitsRequest by_traits(const Asked& who) const {
    v1::SearchByTraitsRequest request;
    *request.mutable_context() = DeskClient::context(lease_->lease());
    auto* traits = request.mutable_traits();
    traits->set_birth_name(who.birth_name);
    for (const auto& name : who.given_names) traits->add_given_names(name);
    traits->set_sex(who.sex);
    traits->set_birth_date(who.birth_date);
    traits->set_birth_place(who.birth_place);
    return request;
  }
  [[nodiscard]] v1::SearchByVitaleRequest by_card(const v1::VitaleReading& reading, unsigned index) const {
    v1::SearchByVitaleRequest request;
    *request.mutable_context() = DeskClient::context(lease_->lease());
    request.mutable_card()->mutable_card()->set_generation(reading.generation());
    request.mutable_card()->set_beneficiary_index(index);
    return request;
  }
  std::variant<v1::SearchResult, Failure> ask(const Asked& who) { return client_->search(by_traits(who)); }

  world::World world_;
  world::Card* vitale_ = nullptr;
  std::optional<DeskClient> client_;
  std::unique_ptr<Login> login_;
  std::optional<v1::Lease> lease_;
};

}  // namespace insd::test
