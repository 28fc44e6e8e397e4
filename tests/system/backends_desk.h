// SPDX-License-Identifier: Apache-2.0
// One desk, three ways to its professional's card: the direct driver, OpenSC's module, SoftHSM's. What a test
// needs to be the same test for all.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "tests/simulators/pkcs11_shim/soft_token.h"
#include "tests/system/desk_client.h"
#include "tests/world/world.h"

namespace insd::test {

enum class Way : std::uint8_t { DIRECT, OPENSC, SOFTHSM };
void PrintTo(Way way, std::ostream* out);

/// A world with one professional's card (of dr-exemple, PIN 1234), however it is reached.
class Backends {
 public:
  explicit Backends(Way way) : way_(way) {}

  /// Before start(): another file of the PKI as cps.trust_store.
  void authorities(const std::string& file) { authorities_ = file; }
  /// Before start(): this profile of the card in the reader instead.
  void card_profile(const std::string& text) { profile_ = text; }
  /// Before start(): further lines of [daemon].
  void daemon_lines(const std::string& text) { daemon_lines_ = text; }
  /// Puts the card there, starts the teleservice and insd. `tries`: 3, 1 or 0 left.
  void start(int tries = 3);
  /// Starts insd with this module. `more`: further lines of [cps].
  void start_insd(const std::filesystem::path& module, const std::string& more = {});

  /// A copy that is root's and that only root can write: what insd asks of a module.
  std::filesystem::path copy_of(const std::filesystem::path& file, const std::string& name) const;
  /// SoftHSM behind the misbehaving module, with the keys of dr-exemple.
  void make_soft_token();

  [[nodiscard]] bool in_reader() const { return way_ != Way::SOFTHSM; }
  [[nodiscard]] bool signs() const { return way_ != Way::OPENSC; }
  /// How often a PIN has been sent.
  [[nodiscard]] std::size_t pins_sent() const;

  world::World& world() { return world_; }
  DeskClient& client() { return *client_; }
  world::Card& card() { return *card_; }
  sim::SoftToken& soft() { return *soft_; }

  std::variant<v1::SearchResult, Failure> search(const std::string& lease);
  v1::GetProfessionalCardResponse professional(const std::string& lease = {});
  bool logout(const std::string& lease);

 private:
  /// Every caller is an administrator, who may do all that a desk may.
  [[nodiscard]] std::string config() const;

  const Way way_;
  std::string authorities_ = "professionals-roots.pem";
  std::string profile_, daemon_lines_;
  std::unique_ptr<sim::SoftToken> soft_;
  world::World world_;
  world::Card* card_ = nullptr;
  std::optional<DeskClient> client_;
};

}  // namespace insd::test
