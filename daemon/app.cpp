// SPDX-License-Identifier: Apache-2.0
#include "daemon/app.h"

#include <csignal>
#include <ctime>
#include <fstream>
#include <iterator>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/host_name.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <grpcpp/health_check_service_interface.h>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

#include "daemon/insi/exchange.h"
#include "daemon/journal/trail.h"
#include "daemon/log.h"
#include "daemon/token/tls_process.h"
#include "drivers/base/error.h"
#include "drivers/base/random.h"

namespace insd {
namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds kFirstLook{3};
constexpr std::chrono::seconds kCallsMayEnd{1};
constexpr std::chrono::seconds kLastMoment{4};

bool asks_insi(const InsiConfig& insi) {
  return insi.environment != InsiEnvironment::UNSET && !insi.endpoint.empty() &&
         (insi.mode == InsiMode::CPS || insi.organisation.configured());
}

// Beside insd where it was built, else where it was installed.
std::filesystem::path token_program() {
  std::error_code ignored;
  const auto beside = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / "insd-token";
  return std::filesystem::exists(beside, ignored) ? beside : std::filesystem::path(INSD_TOKEN_PROGRAM);
}

std::shared_ptr<insi::Exchange> make_exchange(const InsiConfig& insi, const Clock& clock) {
  if (!asks_insi(insi)) return nullptr;
  return std::make_shared<insi::Exchange>(insi, clock, [](const InsiConfig& config) {
    return std::make_unique<token::TlsProcess>(config, token_program());
  });
}

// What the exchange goes by besides its configuration: a trust store or a certificate may be renewed under
// its old name. Of a passphrase or a PIN only the time of its file: it is not
// ours to keep.
std::string trust_of(const InsiConfig& insi) {
  std::string content;
  if (!asks_insi(insi)) return content;
  std::vector<OrganisationConfig> organisations = insi.legal_entities;
  organisations.push_back(insi.organisation);
  std::vector<std::filesystem::path> open_files{insi.trust_store}, secret_files;
  for (const OrganisationConfig& each : organisations) {
    open_files.insert(open_files.end(), {each.pkcs12, each.certificate});
    secret_files.insert(secret_files.end(), {each.passphrase_file, each.pin_file});
  }
  for (const auto& name : open_files) {
    std::ifstream file(name, std::ios::binary);
    content.append(std::istreambuf_iterator<char>(file), {});
  }
  for (const auto& name : secret_files) {
    std::error_code absent;
    const auto changed = std::filesystem::last_write_time(name, absent);
    if (!absent) content += std::to_string(changed.time_since_epoch().count());
  }
  content += insi::operations_text(insi.operations);
  return content;
}

std::shared_ptr<keys::SiteKeyRing> open_keys(const DaemonConfig& daemon) {
  std::error_code ignored;  // what is missing in the end is told by the first file in it
  std::filesystem::create_directory(daemon.state_dir, ignored);
  return std::make_shared<keys::SiteKeyRing>(
      keys::KeyPlaces{daemon.state_dir / "keys", keys::credentials_directory()});
}

std::unique_ptr<journal::Journal> make_journal(const DaemonConfig& daemon,
                                               std::shared_ptr<const keys::SiteKeyRing> keys,
                                               const Clock& clock) {
  if (daemon.journal == JournalStore::JOURNALD) return journal::make_journald_journal();
  return journal::make_trail({daemon.state_dir / "journal.sqlite", std::move(keys),
                              boost::asio::ip::host_name(), journal::tell_journald},
                             clock);
}

std::string monotonic_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::to_string(static_cast<std::uint64_t>(now.tv_sec) * 1'000'000U +
                        static_cast<std::uint64_t>(now.tv_nsec) / 1000U);
}

asio::awaitable<void> pause(std::chrono::milliseconds length, std::stop_token stop) {
  asio::steady_timer timer(co_await asio::this_coro::executor, length);
  const std::stop_callback gone(stop, [&timer] { timer.cancel(); });
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (stop.stop_requested()) throw Error(Code::CANCELLED);
}

insi::Exchange& exchange_of(const Searcher& searcher) {
  if (!searcher.exchange) throw Error(Code::INSI_NOT_CONFIGURED);
  return *searcher.exchange;
}

}  // namespace

std::shared_ptr<const api::Rules> make_rules(Config config, const Clock& clock) {
  auto exchange = make_exchange(config.insi, clock);
  return std::make_shared<const api::Rules>(std::move(config), api::UserDatabase(), std::move(exchange));
}

App::App(AppOptions options, Config config)
    : options_(std::move(options)),
      keys_(open_keys(config.daemon)),
      journal_(make_journal(config.daemon, keys_, clock_)),
      insi_trust_(trust_of(config.insi)),
      rules_(make_rules(config, clock_)),
      started_with_(std::move(config)),
      start_id_(random_hex(6)),
      desk_(io_.get_executor(), pcsc::system_pcsc(), started_with_.readers, start_id_, clock_,
            desk::Orders(started_with_.daemon.state_dir / "disabled-readers"),
            {.events = pcsc::kernel_device_events()}),
      professionals_(io_.get_executor(), desk_, started_with_.cps, token_program(), journal_writer_, clock_,
                     started_with_.daemon.state_dir),
      vitale_(desk_, clock_),
      answers_(io_.get_executor(), clock_),
      failed_searches_(io_.get_executor(), clock_),
      asking_(asking_parts(), failed_searches_, journal_writer_, clock_),
      search_(search_parts(), asking_, answers_, clock_),
      revisions_(started_with_.daemon.state_dir / "identities.sqlite", keys_->seal.all().front(), clock_),
      identities_(io_.get_executor(), revisions_, *journal_, clock_),
      verification_(verification_parts(), asking_),
      limiter_(started_with_.daemon.requests_per_minute, clock_),
      backend_{io_,
               desk_,
               professionals_,
               vitale_,
               search_,
               verification_,
               monitor_,
               rules_,
               limiter_,
               clock_,
               {INSD_VERSION, start_id_, clock_.wall()},
               keys_,
               journal_writer_,
               started_with_.daemon.journal == JournalStore::FILE ? started_with_.daemon.state_dir
                                                                  : std::filesystem::path(),
               answers_,
               failed_searches_,
               identities_,
               kiosks_},
      left_cards_(desk_,
                  [this](const desk::Reader& reader) {
                    const auto rules = rules_.get();
                    return rules->policy().serves_kiosks({reader.name, reader.alias})
                               ? rules->config()->kiosk.card_left_after
                               : std::chrono::seconds(0);
                  }),
      signals_(io_, SIGTERM, SIGINT, SIGHUP),
      watchdog_(io_),
      last_moment_(io_) {
  backend_.proofs.set_rate(started_with_.daemon.proofs_per_minute);
  // Before the first server is built: it holds for all of them.
  grpc::EnableDefaultHealthCheckService(true);
  watch_ = desk_.watch_generations(
      [this](const std::string& generation, desk::GenerationEnd) { card_left(generation); });
  prefetch_ = desk_.watch([this](const std::shared_ptr<const desk::State>& state) {
    const auto rules = rules_.get();
    if (!rules->config()->vitale.prefetch) return;
    // Before a kiosk a patient begins, nobody else.
    vitale_.prefetch(*state, [&rules](const desk::Reader& reader) {
      return !rules->policy().serves_kiosks({reader.name, reader.alias});
    });
  });
}

App::~App() = default;

void App::fill_signatory_parts(SignatoryParts& parts) {
  parts.grant = [this](const std::string& lease, std::uint32_t uid) {
    return professionals_.grant(lease, uid);
  };
  parts.require_current = [this](const std::vector<std::string>& generations) {
    professionals_.require_current(generations);
  };
  parts.activities = [this](const std::string& lease, std::uint32_t uid, desk::Patience patience) {
    return professionals_.activities(lease, uid, std::move(patience));
  };
}

VerificationParts App::verification_parts() {
  VerificationParts parts;
  fill_signatory_parts(parts);
  parts.ask = [](const Searcher& searcher, insi::VerificationQuery query, insi::Party party, Signer* signer,
                 insi::Exchange::BeforeSend before, std::stop_token stop) {
    return exchange_of(searcher).verify(std::move(query), std::move(party), signer, std::move(before),
                                        std::move(stop));
  };
  return parts;
}

SearchParts App::search_parts() {
  SearchParts parts;
  fill_signatory_parts(parts);
  parts.read_vitale_again = [this](desk::Selection card, desk::ReaderFilter allowed,
                                   desk::Patience patience) -> asio::awaitable<CardReading> {
    desk::VitaleReading reading =
        co_await vitale_.read_again(std::move(card), std::move(allowed), std::move(patience));
    co_return CardReading{std::move(reading.card), std::move(reading.content)};
  };
  parts.ask_by_card = [](const Searcher& searcher, insi::CardQuery query, insi::Party party, Signer* signer,
                         insi::Exchange::BeforeSend before, std::stop_token stop) {
    return exchange_of(searcher).by_card(std::move(query), std::move(party), signer, std::move(before),
                                         std::move(stop));
  };
  parts.ask_by_traits = [](const Searcher& searcher, insi::TraitsQuery query, insi::Party party,
                           Signer* signer, insi::Exchange::BeforeSend before, std::stop_token stop) {
    return exchange_of(searcher).by_traits(std::move(query), std::move(party), signer, std::move(before),
                                           std::move(stop));
  };
  return parts;
}

AskingParts App::asking_parts() {
  AskingParts parts;
  parts.pause = pause;
  parts.observed = [this](const Searcher& searcher, const Error* failure) {
    monitor_.clock_observed(exchange_of(searcher).clock_skew());
    if (failure == nullptr) {
      monitor_.answered();
    } else {
      monitor_.failed(*failure);
    }
  };
  return parts;
}

api::ListeningSocket App::listening_socket() const {
  Descriptor passed = api::socket_from_systemd();
  if (passed.valid()) return {std::move(passed), {}};
  const DaemonConfig& daemon = started_with_.daemon;
  const auto path = options_.socket.empty() ? daemon.socket : options_.socket;
  return {api::make_socket(path, daemon.socket_group), path};
}

bool App::run() {
  listener_.emplace(listening_socket(), backend_);
  await_signals();
  desk_.start();
  feed_watchdog();
  // The first picture of the readers comes before the first answer: nobody hears that pcscd is absent because
  // the monitor has not looked yet. Clients wait in the socket's queue meanwhile.
  first_look_ = desk_.watch([this](const std::shared_ptr<const desk::State>& state) {
    if (state->sequence > 0) serve();
  });
  last_moment_.expires_after(kFirstLook);
  last_moment_.async_wait([this](const boost::system::error_code& error) {
    if (!error) serve();
  });
  io_.run();
  professionals_.stop();
  if (const auto exchange = rules_.get()->exchange()) exchange->stop();
  for (const auto& former : former_exchanges_) {
    if (const auto exchange = former.lock()) exchange->stop();
  }
  if (!desk_.stop()) clean_ = false;
  journal_writer_.stop();
  return clean_;
}

void App::serve() {
  if (std::exchange(serving_, true)) return;
  last_moment_.cancel();
  first_look_.reset();
  listener_->start();
  sd_notify(0, "READY=1");
  spdlog::info("insd {} serves; run {}", INSD_VERSION, start_id_);
}

void App::await_signals() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    if (signal == SIGHUP) {
      reload();
      await_signals();
    } else {
      stop(signal);
    }
  });
}

void App::reload() {
  sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + monotonic_now()).c_str());
  try {
    Config config = load_config(options_.config_file);
    // The exchange stays, and its connection with it, unless what it goes by has changed.
    std::string trust = trust_of(config.insi);
    const auto before = rules_.get();
    const bool same = config.insi == before->config()->insi && trust == insi_trust_;
    auto exchange = same ? before->exchange() : make_exchange(config.insi, clock_);
    if (!same && before->exchange()) {
      std::erase_if(former_exchanges_, [](const auto& former) { return former.expired(); });
      former_exchanges_.push_back(before->exchange());
    }
    auto rules =
        std::make_shared<const api::Rules>(std::move(config), api::UserDatabase(), std::move(exchange));
    const DaemonConfig& daemon = rules->config()->daemon;
    if (rules->config()->readers != started_with_.readers || rules->config()->cps != started_with_.cps ||
        daemon.socket != started_with_.daemon.socket ||
        daemon.socket_group != started_with_.daemon.socket_group ||
        daemon.state_dir != started_with_.daemon.state_dir ||
        daemon.journal != started_with_.daemon.journal) {
      spdlog::warn("[[reader]], [cps], daemon.socket, .state_dir and .journal take effect at the next start");
    }
    limiter_.set_rate(daemon.requests_per_minute);
    backend_.proofs.set_rate(daemon.proofs_per_minute);
    set_log_level(daemon.log_level);
    rules_.set(std::move(rules));
    if (!same) monitor_.reset();
    insi_trust_ = std::move(trust);
    desk_.tell_again();
    spdlog::info("configuration reloaded");
  } catch (const std::exception& error) {
    spdlog::error("the configuration stays as it was: {}", error.what());
  }
  sd_notify(0, "READY=1");
}

// A connection kept alive outlives the card whose exchanges it carried: it ends with the professional's. The
// patient's comes and goes.
void App::card_left(const std::string& generation) {
  kiosks_.end(generation);
  identities_.card_left(generation);
  answers_.card_left(generation);
  if (const auto exchange = rules_.get()->exchange()) exchange->drop_connection(generation);
}

void App::feed_watchdog() {
  std::uint64_t limit = 0;
  if (sd_watchdog_enabled(0, &limit) <= 0) return;
  sd_notify(0, "WATCHDOG=1");
  watchdog_.expires_after(std::chrono::microseconds(limit / 2));
  watchdog_.async_wait([this](const boost::system::error_code& error) {
    if (!error) feed_watchdog();
  });
}

void App::stop(int signal) {
  backend_.stopping = true;
  serving_ = true;  // too late to begin
  sd_notify(0, "STOPPING=1");
  spdlog::info("stopping: signal {}", signal);
  watchdog_.cancel();
  last_moment_.expires_after(kLastMoment);
  last_moment_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    spdlog::warn("something does not end: left behind");
    clean_ = false;
    io_.stop();
  });
  listener_->close();
  // Held streams hear that their lease has ended; then the connections go; the executor last.
  professionals_.end_all();
  listener_->stop(std::chrono::system_clock::now() + kCallsMayEnd, [this] {
    last_moment_.cancel();
    io_.stop();
  });
}

}  // namespace insd
