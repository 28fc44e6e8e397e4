// SPDX-License-Identifier: Apache-2.0
// The inside of ProfessionalDesk: professional.cpp has cards, logins and their ends, professional_use.cpp
// what is done under a lease.
#pragma once

#include <set>

#include "daemon/desk/direct_backend.h"
#include "daemon/desk/leases.h"
#include "daemon/desk/module_backend.h"
#include "daemon/desk/professional.h"
#include "drivers/base/error.h"

namespace insd::desk {

class ProfessionalDesk::Impl : public std::enable_shared_from_this<ProfessionalDesk::Impl> {
 public:
  Impl(boost::asio::any_io_executor executor, Desk& desk, const CpsConfig& config,
       std::filesystem::path token_program, journal::Writer& journal, const Clock& clock,
       std::filesystem::path state_dir)
      : executor_(std::move(executor)),
        desk_(desk),
        config_(config),
        token_program_(std::move(token_program)),
        journal_(journal),
        clock_(clock),
        leases_(executor_, config.lease_idle, config.lease_absolute, clock),
        direct_(desk, config, std::move(state_dir)) {
    if (config.trust_store.empty()) return;
    trust_.emplace(
        insi::TrustOptions{config.trust_store, config.revocation_lists, config.accept_stale_lists});
  }

  void watch_cards();

  boost::asio::awaitable<Professional> describe(Selection selection, ReaderFilter allowed, Patience patience);
  boost::asio::awaitable<LeaseInfo> login(LoginRequest request, Owner owner, ReaderFilter allowed,
                                          Asker& asker, std::stop_token stop);
  boost::asio::awaitable<bool> logout(std::string token, Owner owner);
  boost::asio::awaitable<Bytes> sign(std::string token, std::uint32_t uid, KeyUse use, Bytes message,
                                     Patience patience);
  boost::asio::awaitable<Presence> authenticate(PresenceRequest request, Owner owner, Patience patience);
  boost::asio::awaitable<Activities> activities(std::string token, std::uint32_t uid, Patience patience);
  Grant grant(const std::string& token, std::uint32_t uid);
  Leases& leases() { return leases_; }
  [[nodiscard]] LeaseInfo info(const Lease& lease) const;
  void stop() {
    if (module_) module_->stop();
  }
  void require_current(std::vector<std::string> generations) const {
    if (module_) std::erase_if(generations, [&](const auto& each) { return module_->is_token(each); });
    desk_.require_current(generations);
  }

 private:
  CardBackend& backend();
  CardBackend& backend_of(const Professional& who);
  void judge(Professional& who);
  [[nodiscard]] bool accepted(const insi::Judgement& judgement) const;
  /// For what a backend threw while a login was used: the card that forgot the PIN (another program reset it
  /// or logged out) has lost its leases, and this throws LEASE_LOST.
  void require_login_kept(const std::string& generation, const Error& error);
  [[nodiscard]] Prompt prompt_for(PromptKind kind, const Professional& who, std::chrono::seconds time) const;
  boost::asio::awaitable<PromptAnswer> ask(Asker& asker, PromptKind kind, const Professional& who);
  boost::asio::awaitable<void> verify(CardBackend& way, Asker& asker, const Professional& who,
                                      LastTry last_try, const journal::Begin& record, Patience patience);
  boost::asio::awaitable<void> verify_on_pad(CardBackend& way, Asker& asker, const Professional& who,
                                             LastTry last_try, const journal::Begin& record,
                                             Patience patience);
  void keep_an_eye_on(const Chosen& card);

  const boost::asio::any_io_executor executor_;
  Desk& desk_;
  const CpsConfig config_;
  const std::filesystem::path token_program_;
  journal::Writer& journal_;
  const Clock& clock_;
  Leases leases_;
  std::optional<insi::TrustStore> trust_;
  DirectBackend direct_;
  std::unique_ptr<ModuleBackend> module_;  // made when it is first needed
  std::set<std::string> asking_;           // generations with an open question
  std::set<std::string> looked_after_;     // generations with a lease
  std::shared_ptr<void> watch_;
};

/// The journal's record of what `owner` is about to do with this professional's card.
journal::Begin record_of(std::string operation, const std::string& purpose_id, const Owner& owner,
                         const Professional& who);

// A record that was begun: whatever way the work ends, the journal hears of it.
class JournalEntry {
 public:
  JournalEntry(journal::Writer& journal, std::uint64_t id, const Clock& clock)
      : journal_(journal), clock_(clock), started_(clock.steady()), id_(id) {}
  JournalEntry(const JournalEntry&) = delete;
  JournalEntry& operator=(const JournalEntry&) = delete;
  ~JournalEntry() {
    const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady() - started_);
    journal_.end(id_, {code_, spent.count()});
  }
  void code(std::string_view code) { code_ = code; }

 private:
  journal::Writer& journal_;
  const Clock& clock_;
  const Clock::Steady started_;
  const std::uint64_t id_;
  std::string code_ = "INTERNAL";
};

}  // namespace insd::desk
