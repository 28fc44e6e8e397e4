// SPDX-License-Identifier: Apache-2.0
// The daemon put together: desks, search, rules, listener, signals, systemd. One thread runs the executor.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/api/backend.h"
#include "daemon/api/listener.h"
#include "daemon/asking.h"
#include "daemon/desk/left_cards.h"

namespace insd {

struct AppOptions {
  std::filesystem::path config_file;
  std::filesystem::path socket;  ///< empty: the configuration's
};

/// What a configuration file means. Throws CONFIG_INVALID: `insd --check-config` is no more than this.
std::shared_ptr<const api::Rules> make_rules(Config config, const Clock& clock);

class App {
 public:
  /// Throws CONFIG_INVALID.
  App(AppOptions options, Config config);
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  /// Serves until SIGTERM or SIGINT; SIGHUP reads the configuration again, and a bad file keeps the old one.
  /// False: something did not end in time and still runs (a card that is stuck).
  bool run();

 private:
  void fill_signatory_parts(SignatoryParts& parts);
  SearchParts search_parts();
  VerificationParts verification_parts();
  AskingParts asking_parts();
  [[nodiscard]] api::ListeningSocket listening_socket() const;
  void serve();
  void await_signals();
  void reload();
  void card_left(const std::string& generation);
  void feed_watchdog();
  void stop(int signal);

  const AppOptions options_;
  const Clock clock_;
  // Above io_, whose last coroutines end their records as they are destroyed.
  const std::shared_ptr<keys::SiteKeyRing> keys_;
  const std::unique_ptr<journal::Journal> journal_;
  journal::Writer journal_writer_{*journal_};
  boost::asio::io_context io_{1};
  std::string insi_trust_;  // the bytes of the trust store in use
  api::CurrentRules rules_;
  std::vector<std::weak_ptr<insi::Exchange>>
      former_exchanges_;  // of before a reload: a question may still run
  const Config started_with_;
  const std::string start_id_;
  desk::Desk desk_;
  desk::ProfessionalDesk professionals_;
  desk::VitaleDesk vitale_;
  AnswerStore answers_;
  FailedSearches failed_searches_;
  InsiMonitor monitor_{clock_};
  Asking asking_;
  Search search_;
  Revisions revisions_;
  Identities identities_;
  KioskVisits kiosks_;
  Verification verification_;
  api::RateLimiter limiter_;
  api::Backend backend_;
  std::optional<api::Listener> listener_;
  std::shared_ptr<void> watch_;
  std::shared_ptr<void> prefetch_;
  desk::LeftCards left_cards_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer watchdog_;
  boost::asio::steady_timer last_moment_;
  std::shared_ptr<void> first_look_;
  bool serving_ = false;
  bool clean_ = true;
};

}  // namespace insd
