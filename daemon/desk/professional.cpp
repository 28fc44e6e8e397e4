// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "daemon/desk/cps_card.h"
#include "daemon/desk/look_after.h"
#include "daemon/desk/professional_impl.h"
#include "drivers/base/random.h"

namespace insd::desk {
namespace asio = boost::asio;

namespace {

LeaseEnd lease_end(GenerationEnd cause) {
  switch (cause) {
    case GenerationEnd::REMOVED:
      return LeaseEnd::CARD_REMOVED;
    case GenerationEnd::RESET:
      return LeaseEnd::CARD_RESET;
    case GenerationEnd::SERVICE:
      return LeaseEnd::SERVICE_LOST;
    case GenerationEnd::FAILED:
      return LeaseEnd::READER_FAILED;
    case GenerationEnd::LEFT:  // a professional's card is never told as left
    case GenerationEnd::RELEASED:
      return LeaseEnd::READER_RELEASED;
  }
  return LeaseEnd::READER_FAILED;
}

}  // namespace

void ProfessionalDesk::Impl::watch_cards() {
  watch_ = desk_.watch_generations([this](const std::string& generation, GenerationEnd cause) {
    direct_.card_left(generation, cause);
    if (module_) module_->card_left(generation, cause);
    leases_.end_generation(generation, lease_end(cause));
  });
}

// The way to the card, by configuration: "auto" takes a module that is configured or the national agency's
// where it is installed, also when that happens while the daemon runs.
CardBackend& ProfessionalDesk::Impl::backend() {
  if (module_) return *module_;
  if (config_.backend == CpsBackend::DIRECT) return direct_;
  const auto file = find_module(config_.module);
  if (file.empty()) {
    if (config_.backend == CpsBackend::AUTO) return direct_;
    throw Error(Code::CPS_MODULE_MISSING);
  }
  token::ChildOptions options;
  options.executable = token_program_;
  options.module = file;
  options.environment = config_.module_environment;
  options.call_deadline = config_.module_timeout;
  options.start_deadline = config_.module_timeout;
  options.pad_deadline = config_.prompt_timeout + config_.module_timeout;
  module_ = std::make_unique<ModuleBackend>(executor_, desk_, std::move(options), config_.on_lease_end,
                                            config_.pin_pad,
                                            [this](const std::string& generation, GenerationEnd cause) {
                                              leases_.end_generation(generation, lease_end(cause));
                                            });
  return *module_;
}

CardBackend& ProfessionalDesk::Impl::backend_of(const Professional& who) {
  if (who.capabilities.backend == CpsBackend::MODULE) return *module_;
  return direct_;
}

asio::awaitable<Professional> ProfessionalDesk::Impl::describe(Selection selection, ReaderFilter allowed,
                                                               Patience patience) {
  const auto self = shared_from_this();
  CardBackend& way = backend();
  Chosen chosen = co_await way.choose(std::move(selection), std::move(allowed));
  Professional who = co_await way.read(std::move(chosen), std::move(patience));
  judge(who);
  co_return who;
}

void ProfessionalDesk::Impl::judge(Professional& who) {
  if (trust_) who.judgement = trust_->judge(who.signature_certificate, clock_.wall());
}

bool ProfessionalDesk::Impl::accepted(const insi::Judgement& judgement) const {
  return judgement.trust == insi::Trust::TRUSTED || judgement.trust == insi::Trust::NOT_JUDGED ||
         config_.certificate_policy == CertificatePolicy::REPORT;
}

Prompt ProfessionalDesk::Impl::prompt_for(PromptKind kind, const Professional& who,
                                          std::chrono::seconds time) const {
  Prompt prompt;
  prompt.prompt_id = random_hex(16);
  prompt.kind = kind;
  prompt.reader = who.card.reader;
  prompt.reader_alias = who.card.alias;
  prompt.desk = who.card.desk;
  prompt.card_number = who.card_number;
  prompt.card_serial = who.serial;
  prompt.holder = who.holder();
  prompt.tries_left = who.tries_left;
  prompt.min_length = who.pin_min_length;
  prompt.max_length = who.pin_max_length;
  prompt.expires = clock_.wall() + time;
  return prompt;
}

asio::awaitable<PromptAnswer> ProfessionalDesk::Impl::ask(Asker& asker, PromptKind kind,
                                                          const Professional& who) {
  using namespace asio::experimental::awaitable_operators;
  require_current({who.card.generation});
  const Prompt prompt = prompt_for(kind, who, config_.prompt_timeout);
  asio::steady_timer timeout(executor_, config_.prompt_timeout);
  // A card that has left has no PIN to ask for.
  std::optional<GenerationEnd> left;
  const auto watch = desk_.watch_generations([&](const std::string& generation, GenerationEnd cause) {
    if (generation != who.card.generation) return;
    left = cause;
    timeout.cancel();
  });
  boost::system::error_code ignored;
  // The operator flattens: the answer's own alternatives, then the timer's.
  auto answer =
      co_await (asker.ask(prompt) || timeout.async_wait(asio::redirect_error(asio::use_awaitable, ignored)));
  if (left) throw Error(*left == GenerationEnd::REMOVED ? Code::CARD_REMOVED : Code::CARD_CHANGED);
  if (std::holds_alternative<std::monostate>(answer)) throw Error(Code::PIN_PROMPT_EXPIRED);
  if (std::holds_alternative<Cancelled>(answer)) throw Error(Code::PIN_CANCELLED);
  if (auto* pin = std::get_if<SecretString>(&answer)) co_return std::move(*pin);
  co_return std::get<bool>(answer);
}

asio::awaitable<void> ProfessionalDesk::Impl::verify(CardBackend& way, Asker& asker, const Professional& who,
                                                     LastTry last_try, const journal::Begin& record,
                                                     Patience patience) {
  PromptAnswer answer = co_await ask(asker, PromptKind::PIN, who);
  if (!std::holds_alternative<SecretString>(answer))
    throw Error(Code::PIN_MALFORMED, "the answer is not a PIN");
  auto pin = std::make_shared<SecretString>(std::move(std::get<SecretString>(answer)));
  JournalEntry entry(journal_, co_await journal_.begin(record), clock_);
  try {
    co_await way.verify(who, std::move(pin), last_try, std::move(patience));
  } catch (const Error& error) {
    entry.code(error.entry().name);
    throw;
  }
  entry.code("OK");
}

asio::awaitable<LeaseInfo> ProfessionalDesk::Impl::login(LoginRequest request, Owner owner,
                                                         ReaderFilter allowed, Asker& asker,
                                                         std::stop_token stop) {
  const auto self = shared_from_this();
  CardBackend& way = backend();
  const Chosen chosen = co_await way.choose(request.card, std::move(allowed));
  leases_.check_room(owner.uid);
  if (!asking_.insert(chosen.generation).second) throw Error(Code::PIN_PROMPT_BUSY);
  const std::shared_ptr<void> asked(
      nullptr, [self, generation = chosen.generation](void*) { self->asking_.erase(generation); });
  // Held from before VERIFY on: pcscd must not power the card down between the two.
  const auto hold = way.hold(chosen);
  const Patience patience(stop, owner.uid, owner.pid);
  Professional who = co_await way.read(chosen, patience);
  if (who.pin_blocked) throw Error(Code::PIN_BLOCKED).with_try(TrySpent::NO, 0);
  way.require_login_allowed(who);
  judge(who);
  if (!accepted(who.judgement)) throw Error(Code::CERTIFICATE_INVALID, who.judgement.detail);

  const auto asleep = clock_.asleep();
  LastTry last_try = LastTry::REFUSE;
  if (who.last_try) {
    const PromptAnswer consent = co_await ask(asker, PromptKind::LAST_TRY_CONSENT, who);
    const bool* agreed = std::get_if<bool>(&consent);
    if (agreed == nullptr || !*agreed)
      throw Error(Code::PIN_CONSENT_REQUIRED).with_try(TrySpent::NO, who.tries_left);
    last_try = LastTry::ALLOW;
  }
  const journal::Begin record = record_of("login", request.purpose_id, owner, who);
  if (who.capabilities.pin_pad_used) {
    co_await verify_on_pad(way, asker, who, last_try, record, patience);
  } else {
    co_await verify(way, asker, who, last_try, record, patience);
  }
  // A caller that has gone gets no lease, and a card that has gone carries none.
  if (stop.stop_requested()) throw Error(Code::CANCELLED);
  require_current({chosen.generation});

  Lease lease;
  lease.uid = owner.uid;
  lease.professional = std::move(who);
  lease.detached = request.detached;
  if (request.max_signatures != 0) lease.signatures_left = request.max_signatures;
  lease.hold = hold;
  lease.asleep = asleep;
  const Lease& added = leases_.find(leases_.add(std::move(lease)), owner.uid);
  keep_an_eye_on(chosen);
  co_return info(added);
}

void ProfessionalDesk::Impl::keep_an_eye_on(const Chosen& card) {
  // A token in no reader is its module's to watch.
  if (module_ && module_->is_token(card.generation)) return;
  if (!looked_after_.insert(card.generation).second) return;
  auto leased = [weak = weak_from_this(), generation = card.generation] {
    const auto self = weak.lock();
    if (self && self->leases_.any(generation)) return true;
    if (self) self->looked_after_.erase(generation);
    return false;
  };
  asio::co_spawn(executor_, look_after(desk_, card, std::move(leased)), asio::detached);
}

LeaseInfo ProfessionalDesk::Impl::info(const Lease& lease) const {
  LeaseInfo made;
  made.token = lease.token;
  made.professional = lease.professional;
  made.expires =
      clock_.wall() + std::chrono::duration_cast<Clock::Wall::duration>(lease.absolute_end - clock_.steady());
  made.idle = config_.lease_idle;
  made.detached = lease.detached;
  if (cards_open_to_all_users()) made.warnings.emplace_back("CARD_OPEN_TO_ALL_USERS");
  return made;
}

asio::awaitable<bool> ProfessionalDesk::Impl::logout(std::string token, Owner owner) {
  const auto self = shared_from_this();
  const Professional who = leases_.find(token, owner.uid).professional;
  // Ended first: a journal that cannot be written must not keep a card logged in.
  const bool last = leases_.end(token, LeaseEnd::LOGOUT);
  co_await backend_of(who).settle(who.card);
  journal::Begin record = record_of("logout", {}, owner, who);
  try {
    JournalEntry(journal_, co_await journal_.begin(std::move(record)), clock_).code("OK");
  } catch (const Error& error) {
    spdlog::error("a logout is not in the journal: {}", error.what());
  }
  co_return last&& config_.on_lease_end == OnLeaseEnd::RESET;
}

ProfessionalDesk::ProfessionalDesk(asio::any_io_executor executor, Desk& desk, const CpsConfig& config,
                                   const std::filesystem::path& token_program, journal::Writer& journal,
                                   const Clock& clock, std::filesystem::path state_dir)
    : impl_(std::make_shared<Impl>(std::move(executor), desk, config, token_program, journal, clock,
                                   std::move(state_dir))) {
  impl_->watch_cards();
}
ProfessionalDesk::~ProfessionalDesk() = default;

asio::awaitable<Professional> ProfessionalDesk::describe(Selection card, ReaderFilter allowed,
                                                         Patience patience) {
  return impl_->describe(std::move(card), std::move(allowed), std::move(patience));
}
asio::awaitable<LeaseInfo> ProfessionalDesk::login(LoginRequest request, Owner owner, ReaderFilter allowed,
                                                   Asker& asker, std::stop_token stop) {
  return impl_->login(std::move(request), std::move(owner), std::move(allowed), asker, std::move(stop));
}
asio::awaitable<bool> ProfessionalDesk::logout(const std::string& token, Owner owner) {
  return impl_->logout(token, std::move(owner));
}
void ProfessionalDesk::end(const std::string& token, LeaseEnd cause) {
  impl_->leases().end(token, cause);
}
void ProfessionalDesk::end_all() {
  impl_->leases().end_all(LeaseEnd::SHUTDOWN);
}
void ProfessionalDesk::stop() {
  impl_->stop();
}
void ProfessionalDesk::require_current(const std::vector<std::string>& generations) const {
  impl_->require_current(generations);
}
LeaseInfo ProfessionalDesk::lease(const std::string& token, std::uint32_t uid) {
  return impl_->info(impl_->leases().find(token, uid));
}
std::shared_ptr<void> ProfessionalDesk::on_end(const std::string& token,
                                               std::function<void(LeaseEnd)> ended) {
  return impl_->leases().on_end(token, std::move(ended));
}
ProfessionalDesk::Grant ProfessionalDesk::grant(const std::string& token, std::uint32_t uid) {
  return impl_->grant(token, uid);
}
Chosen ProfessionalDesk::card_of(const std::string& token, std::uint32_t uid) {
  return impl_->leases().find(token, uid).professional.card;
}
asio::awaitable<Activities> ProfessionalDesk::activities(std::string token, std::uint32_t uid,
                                                         Patience patience) {
  return impl_->activities(std::move(token), uid, std::move(patience));
}
asio::awaitable<Presence> ProfessionalDesk::authenticate(PresenceRequest request, Owner owner,
                                                         Patience patience) {
  return impl_->authenticate(std::move(request), std::move(owner), std::move(patience));
}

}  // namespace insd::desk
