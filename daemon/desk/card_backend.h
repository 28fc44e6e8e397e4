// SPDX-License-Identifier: Apache-2.0
// One way to the professional's card: the direct driver, or a PKCS#11 module in insd-token. The desk above it
// keeps the PIN law and the leases, and does not see which way it is (design: signing).
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "daemon/desk/desk.h"
#include "daemon/desk/national_id.h"
#include "daemon/insi/trust_store.h"
#include "drivers/base/secret.h"
#include "drivers/cps/cps.h"

namespace insd::desk {

using CardData = std::vector<cps::DataObject>;

enum class CardType : std::uint8_t { UNKNOWN, CPS, CPF, CPE, CPA };

/// SIGNATURE signs assertions; AUTHENTICATION proves presence. Neither may stand in for the other.
enum class KeyUse : std::uint8_t { SIGNATURE, AUTHENTICATION };

/// Can this way to the card use that key? UNTRIED: only the first signature will tell.
enum class KeyState : std::uint8_t { ABSENT, USABLE, UNUSABLE, UNTRIED };

/// Why a datum of the card is there, or not.
enum class DataSource : std::uint8_t {
  NOT_ASKED,
  READ,
  NOT_PRESENT,  ///< the card has no such object
  UNSUPPORTED,  ///< it cannot be read this way, or is not of the form that is known in public
};

/// What this way to the card can do with it.
struct Capabilities {
  CpsBackend backend = CpsBackend::DIRECT;  ///< DIRECT or MODULE
  std::string module, module_description;   ///< its file, and its own words; empty without one
  KeyState signature_key = KeyState::ABSENT, authentication_key = KeyState::ABSENT;
  bool pin_pad = false;       ///< the PIN can be typed on the reader
  bool pin_pad_used = false;  ///< and is (cps.pin_pad): verify_on_pad()
};

/// What certificates and card say; empty = they do not.
struct Professional {
  Chosen card;
  std::string card_number, label;
  std::string serial;  ///< of the card (EF.SN.ICC, hex) or, where no reader shows it, of the token
  CardType type = CardType::UNKNOWN;
  std::string national_id, family_name, given_name, title, organisation_id, issuer;
  NationalIdKind national_id_kind = NationalIdKind::UNKNOWN;
  std::string profession_code;  ///< table G15
  std::string speciality_code;  ///< e.g. "SM26"
  DataSource speciality_source = DataSource::NOT_ASKED;
  std::optional<Clock::Wall> not_before, not_after;
  bool test_pki = false;
  std::optional<int> tries_left;
  bool pin_blocked = false;
  bool last_try = false;  ///< the next wrong PIN may block it
  Capabilities capabilities;
  insi::Judgement judgement;  ///< of the signature certificate
  Bytes signature_certificate, authentication_certificate;
  std::size_t pin_min_length = 0, pin_max_length = 0;
  [[nodiscard]] std::string holder() const;  ///< "Title Given FAMILY", printable
};

/// May the only try that is left be used? ALLOW only after the person's second consent (PIN law, rule 2).
enum class LastTry : std::uint8_t { REFUSE, ALLOW };

/// On the executor of the desk, which is one thread. All that is named by a Chosen throws CARD_CHANGED when
/// its generation has ended.
class CardBackend {
 public:
  CardBackend() = default;
  CardBackend(const CardBackend&) = delete;
  CardBackend& operator=(const CardBackend&) = delete;
  virtual ~CardBackend() = default;

  /// Which card is meant. Errors: those of Desk::choose() and of the way (MODULE_*, TOKEN_ABSENT).
  virtual boost::asio::awaitable<Chosen> choose(Selection selection, ReaderFilter allowed) = 0;

  /// Who it is, and its tries of now. Needs no PIN.
  virtual boost::asio::awaitable<Professional> read(Chosen card, Patience patience) = 0;

  /// Throws unless this way may be used for a PIN of this card: CPS_MODULE_MISSING, CPS_DIRECT_NOT_ALLOWED.
  virtual void require_login_allowed(const Professional& who) const = 0;

  /// Sends the PIN once, to the card whose serial is `who.serial`. Every Error says whether a try was spent.
  /// Needs a hold().
  virtual boost::asio::awaitable<void> verify(Professional who, std::shared_ptr<SecretString> pin,
                                              LastTry last_try, Patience patience) = 0;

  /// The same with a PIN that only the reader sees; for a card with capabilities.pin_pad_used. The reader
  /// cannot be stopped once it asks: `asked` becomes true before it does, and what comes of a question whose
  /// caller has gone is dropped, a verified state too.
  virtual boost::asio::awaitable<void> verify_on_pad(Professional who, LastTry last_try, Patience patience,
                                                     std::shared_ptr<std::atomic<bool>> asked);

  /// RSA-SHA256 of `message` by the key for `use`; not verified here. CARD_ACCESS_DENIED: the login has
  /// ended. KEY_NOT_FOUND, KEY_UNSUPPORTED. An Error says when a signature may have been made all the same.
  virtual boost::asio::awaitable<Bytes> sign(Chosen card, KeyUse use, std::shared_ptr<Bytes> message,
                                             Patience patience) = 0;

  /// The data objects behind the PIN whose label begins with `label_prefix`; nothing when this way cannot
  /// read them. CARD_ACCESS_DENIED: the login has ended.
  virtual boost::asio::awaitable<std::optional<CardData>> protected_data(Chosen card,
                                                                         std::string label_prefix,
                                                                         Patience patience) = 0;

  /// Keeps the card ready, and its verified state; when the last one of a card ends, the state is dropped.
  [[nodiscard]] virtual std::shared_ptr<void> hold(const Chosen& card) = 0;

  /// Returns once a state that nobody holds any more has been dropped. Throws nothing.
  virtual boost::asio::awaitable<void> settle(Chosen card) = 0;

  /// The desk says that a generation has ended.
  virtual void card_left(const std::string& generation, GenerationEnd cause) = 0;
};

}  // namespace insd::desk
