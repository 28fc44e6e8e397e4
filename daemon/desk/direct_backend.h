// SPDX-License-Identifier: Apache-2.0
// The driver of our own as a way to the card (drivers/cps).
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "daemon/desk/card_backend.h"
#include "daemon/desk/cps_card.h"
#include "daemon/desk/real_cards.h"

namespace insd::desk {

class DirectBackend final : public CardBackend {
 public:
  /// `state_dir`: where what is learnt of real cards is kept (RealCards).
  DirectBackend(Desk& desk, const CpsConfig& config, std::filesystem::path state_dir)
      : desk_(desk), config_(config), real_cards_(std::move(state_dir)) {}

  boost::asio::awaitable<Chosen> choose(Selection selection, ReaderFilter allowed) override;
  boost::asio::awaitable<Professional> read(Chosen card, Patience patience) override;
  void require_login_allowed(const Professional& who) const override;
  boost::asio::awaitable<void> verify(Professional who, std::shared_ptr<SecretString> pin, LastTry last_try,
                                      Patience patience) override;
  boost::asio::awaitable<void> verify_on_pad(Professional who, LastTry last_try, Patience patience,
                                             std::shared_ptr<std::atomic<bool>> asked) override;
  boost::asio::awaitable<Bytes> sign(Chosen card, KeyUse use, std::shared_ptr<Bytes> message,
                                     Patience patience) override;
  boost::asio::awaitable<std::optional<CardData>> protected_data(Chosen card, std::string label_prefix,
                                                                 Patience patience) override;
  std::shared_ptr<void> hold(const Chosen& card) override { return desk_.hold(card); }
  boost::asio::awaitable<void> settle(Chosen card) override { return desk_.settle(std::move(card)); }
  void card_left(const std::string& generation, GenerationEnd /*cause*/) override {
    cards_.erase(generation);
  }

 private:
  boost::asio::awaitable<CpsCard> read_card(Chosen card, Patience patience);
  [[nodiscard]] const CpsCard& card_of(const std::string& generation) const;
  [[nodiscard]] bool may_use(const Professional& who) const;
  [[nodiscard]] pcsc::Features features_of(const Chosen& card) const;
  boost::asio::awaitable<void> send_verify(Professional who, std::function<bool(pcsc::CardSession&)> work,
                                           Patience patience);

  Desk& desk_;
  const CpsConfig config_;
  std::map<std::string, CpsCard> cards_;  // by generation: directory files and certificates are read once
  RealCards real_cards_;
};

}  // namespace insd::desk
