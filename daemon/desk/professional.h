// SPDX-License-Identifier: Apache-2.0
// The professional's card at this desk: who it is, the login dialogue without its transport, leases, and the
// Signer that a lease gives (the PIN law, rules 1-6).
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/desk/cps_card.h"
#include "daemon/desk/presence.h"
#include "daemon/insi/signer.h"
#include "daemon/journal/writer.h"
#include "drivers/base/secret.h"

namespace insd::desk {

enum class PromptKind : std::uint8_t { PIN, LAST_TRY_CONSENT, PIN_PAD };
struct Prompt {
  std::string prompt_id;
  PromptKind kind = PromptKind::PIN;
  std::string reader, card_number, card_serial, holder;
  std::optional<int> tries_left;
  std::size_t min_length = 0, max_length = 0;
  Clock::Wall expires;
  std::string reader_alias, desk;
};
struct Cancelled {};
/// A PIN, a consent (true/false), or a cancel, which is all that a PIN pad's question can be answered with.
/// The transport checks that the answer names the prompt's id.
using PromptAnswer = std::variant<SecretString, bool, Cancelled>;

/// The transport of the dialogue: shows a question, returns its answer (Cancelled when the caller is gone).
/// It does not throw, and it can be cancelled: the question expires.
class Asker {
 public:
  virtual ~Asker() = default;
  virtual boost::asio::awaitable<PromptAnswer> ask(const Prompt& prompt) = 0;
};

/// Who holds a lease, as the kernel says; pid and unit for the journal only.
struct Owner {
  std::uint32_t uid = 0;
  std::int32_t pid = 0;
  std::string unit{};
  std::string executable{};
};

enum class LeaseEnd : std::uint8_t {
  LOGOUT,
  CARD_REMOVED,
  CARD_RESET,
  SERVICE_LOST,
  READER_FAILED,
  READER_RELEASED,
  IDLE,
  EXPIRED,
  SIGNATURES_USED,
  SHUTDOWN,
  SUSPENDED,
};

/// Did the card go from the lease? Then its holder hears LEASE_LOST, else LEASE_INVALID.
bool is_loss(LeaseEnd cause);

struct LoginRequest {
  Selection card;
  bool detached = false;
  unsigned max_signatures = 0;  ///< 0 = no limit
  std::string purpose_id;
};

struct LeaseInfo {
  std::string token;  ///< 256 random bits, hex: secret
  Professional professional;
  Clock::Wall expires;
  std::chrono::seconds idle{};
  bool detached = false;
  std::vector<std::string> warnings;  ///< "CARD_OPEN_TO_ALL_USERS"
};

class ProfessionalDesk {
 public:
  /// `token_program` is where insd-token is installed; `state_dir` keeps what the direct driver has learnt of
  /// real cards, an empty one nothing.
  ProfessionalDesk(boost::asio::any_io_executor executor, Desk& desk, const CpsConfig& config,
                   const std::filesystem::path& token_program, journal::Writer& journal, const Clock& clock,
                   std::filesystem::path state_dir = {});
  ~ProfessionalDesk();
  ProfessionalDesk(const ProfessionalDesk&) = delete;
  ProfessionalDesk& operator=(const ProfessionalDesk&) = delete;

  /// Reads the card (no PIN). Errors of Desk::choose and of the CPS driver.
  boost::asio::awaitable<Professional> describe(Selection card, ReaderFilter allowed, Patience patience);

  /// The whole dialogue. Errors say whether a try was spent. One dialogue per card: PIN_PROMPT_BUSY.
  boost::asio::awaitable<LeaseInfo> login(LoginRequest request, Owner owner, ReaderFilter allowed,
                                          Asker& asker, std::stop_token stop);

  /// Ends a lease; true when the card was reset because it was the last. LEASE_INVALID for another user's or
  /// an unknown token, without telling which.
  boost::asio::awaitable<bool> logout(const std::string& token, Owner owner);

  /// Ends it without a caller (stream gone, shutdown).
  void end(const std::string& token, LeaseEnd cause);

  /// Ends every lease (the daemon stops). The cards' verified state goes with their connections:
  /// Desk::stop().
  void end_all();

  /// Logs out of every token and ends the module's process. Called when the executor runs no more.
  void stop();

  /// Desk::require_current(), where a token without a reader is a card too.
  void require_current(const std::vector<std::string>& generations) const;

  /// The lease, if `uid` may use it; no use of it. LEASE_REQUIRED, LEASE_INVALID, LEASE_LOST.
  [[nodiscard]] LeaseInfo lease(const std::string& token, std::uint32_t uid);

  /// Calls `ended` once on the executor when the lease ends, also when it already has, unless the handle has
  /// died.
  [[nodiscard]] std::shared_ptr<void> on_end(const std::string& token, std::function<void(LeaseEnd)> ended);

  /// The lease's Signer and holder for one exchange. Starts the idle limit anew; counts signatures.
  /// LEASE_REQUIRED (empty token), LEASE_INVALID, LEASE_LOST.
  struct Grant {
    std::unique_ptr<Signer> signer;
    Professional professional;
  };
  Grant grant(const std::string& token, std::uint32_t uid);

  /// The card of a lease; no use of it. Errors of grant().
  [[nodiscard]] Chosen card_of(const std::string& token, std::uint32_t uid);

  /// The activities on the card of a lease. Starts the idle limit anew. Errors: those of grant(), CARD_*,
  /// MODULE_*.
  boost::asio::awaitable<Activities> activities(std::string token, std::uint32_t uid, Patience patience);

  /// A proof of presence by the authentication key, verified against its certificate. Counts as a signature
  /// of the lease. Errors: INVALID_ARGUMENT (fields named), those of grant(), KEY_NOT_FOUND, KEY_UNSUPPORTED,
  /// CERTIFICATE_INVALID, JOURNAL_UNAVAILABLE, SIGNATURE_INVALID, CARD_*, MODULE_*.
  boost::asio::awaitable<Presence> authenticate(PresenceRequest request, Owner owner, Patience patience);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace insd::desk
