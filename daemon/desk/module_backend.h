// SPDX-License-Identifier: Apache-2.0
// A PKCS#11 module as a way to the card. The module runs in insd-token (daemon/token); the reader's events
// still come from the desk, which also drops the card's verified state. A token in no reader (SoftHSM) is a
// card, too: its generation is this object's.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/desk/card_backend.h"
#include "daemon/token/token_process.h"

namespace insd::desk {

/// Where the module of the national agency (ANS) is found (specs: cps 2.3), the newest place first.
inline constexpr const char* kAnsModules[] = {"/opt/santesocial/CPS/lib/libcps3_pkcs11_lux.so",
                                              "/usr/lib64/libcps3_pkcs11_lux.so",
                                              "/usr/local/galss/libcps3_pkcs11_lux.so"};

/// `configured`, or else the first place where there is a file; empty when there is none.
std::filesystem::path find_module(const std::filesystem::path& configured,
                                  const std::vector<std::filesystem::path>& places = {std::begin(kAnsModules),
                                                                                      std::end(kAnsModules)});

class ModuleBackend final : public CardBackend {
 public:
  /// Called when the logins on a card have ended though its generation has not: the module crashed, say.
  using LoginsEnded = std::function<void(const std::string& generation, GenerationEnd cause)>;

  ModuleBackend(boost::asio::any_io_executor executor, Desk& desk, token::ChildOptions module,
                OnLeaseEnd on_lease_end, PinPadUse pin_pad, LoginsEnded logins_ended);

  boost::asio::awaitable<Chosen> choose(Selection selection, ReaderFilter allowed) override;
  boost::asio::awaitable<Professional> read(Chosen card, Patience patience) override;
  void require_login_allowed(const Professional& /*who*/) const override {}
  boost::asio::awaitable<void> verify(Professional who, std::shared_ptr<SecretString> pin, LastTry last_try,
                                      Patience patience) override;
  boost::asio::awaitable<void> verify_on_pad(Professional who, LastTry last_try, Patience patience,
                                             std::shared_ptr<std::atomic<bool>> asked) override;
  boost::asio::awaitable<Bytes> sign(Chosen card, KeyUse use, std::shared_ptr<Bytes> message,
                                     Patience patience) override;
  boost::asio::awaitable<std::optional<CardData>> protected_data(Chosen card, std::string label_prefix,
                                                                 Patience patience) override;
  std::shared_ptr<void> hold(const Chosen& card) override;
  boost::asio::awaitable<void> settle(Chosen card) override;
  void card_left(const std::string& generation, GenerationEnd cause) override;

  /// Is it a token in no reader, and still there as far as is known?
  [[nodiscard]] bool is_token(const std::string& generation) const;

  /// Logs out everywhere and ends the process (TokenProcess::stop()).
  void stop();

 private:
  struct Card {
    // As last listed; shared with the hold, which ends later.
    std::shared_ptr<pkcs11::TokenInfo> token = std::make_shared<pkcs11::TokenInfo>();
    bool in_reader = false;
    std::string serial;  // EF.SN.ICC as the reader shows it; empty when it does not
    std::vector<pkcs11::Certificate> certificates;
    std::optional<CardData> free_data;  // CPS_INFO_PS; nothing: could not be read
    std::weak_ptr<void> hold;
  };

  Card& card_of(const std::string& generation);
  void note(const std::vector<pkcs11::TokenInfo>& tokens);
  [[nodiscard]] std::vector<Chosen> tokens_in_no_reader(const ReaderFilter& allowed) const;
  Chosen take(const std::vector<pkcs11::TokenInfo>& tokens, const Chosen& card);
  boost::asio::awaitable<void> touch(Chosen card, std::string serial, bool reset, Patience patience);
  boost::asio::awaitable<void> forget(Chosen card, Patience patience);
  boost::asio::awaitable<void> log_in(Chosen card, boost::asio::awaitable<void> login, Patience patience);
  template <class T>
  boost::asio::awaitable<T> guarded(boost::asio::awaitable<T> call);
  boost::asio::awaitable<std::optional<CardData>> data_objects(pkcs11::TokenRef token,
                                                               std::string label_prefix, bool with_protected);
  void end_logins();
  void login_ended(const std::string& generation, Code code);

  const boost::asio::any_io_executor executor_;
  Desk& desk_;
  const std::string module_;
  const OnLeaseEnd on_lease_end_;
  const PinPadUse pin_pad_;
  const LoginsEnded logins_ended_;
  std::map<std::string, Card> cards_;  // by generation
  KeyState signature_key_ = KeyState::UNTRIED, authentication_key_ = KeyState::UNTRIED;
  std::shared_ptr<token::TokenProcess> process_;
};

}  // namespace insd::desk
