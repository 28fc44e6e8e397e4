// SPDX-License-Identifier: Apache-2.0
// One INSi exchange: contexts, assertion (mode cps) or client certificate (mode organisation), envelope,
// HTTPS, answer. Knows nothing of cards or gRPC.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/clock.h"
#include "daemon/config.h"
#include "daemon/identity/traits.h"
#include "daemon/insi/operation.h"
#include "daemon/insi/signer.h"
#include "daemon/insi/transport.h"

namespace insd::insi {

/// Body of rechercherInsAvecCarteVitale from a reading (specs: insi 1.2, vitale 5).
struct CardQuery {
  std::string insured_nir;                     ///< 13 characters: MatriculeOD
  std::optional<std::string> beneficiary_nir;  ///< 13 characters: MatriculeIndividu, only when certified
  std::optional<std::string> birth_name;       ///< never the card's usual name
  std::string birth_date;                      ///< AAAA-MM-JJ as on the card, lunar kept
  unsigned birth_rank = 1;
  std::optional<std::string> vitale_serial;  ///< when known, the unsigned Vitale assertion is sent too
};

/// Body of rechercherInsAvecTraitsIdentite: already normalised (identity::normalise), one given-name text.
struct TraitsQuery {
  std::string birth_name;
  std::string given_name;
  std::string sex;
  std::string birth_date;
  std::optional<std::string> birth_place;
};

/// Numbers and traits exactly as received.
struct Number {
  std::string number, key, oid, start_date, end_date;  ///< empty = not sent
};
struct Answer {
  Number active;
  std::vector<Number> history;
  std::string birth_name, given_names, first_given_name, sex, birth_date, birth_place;
};

enum class Outcome : std::uint8_t { FOUND, NOT_FOUND, SEVERAL };

struct Reply {
  Outcome outcome = Outcome::NOT_FOUND;
  std::string code, label;       ///< CodeCR, LibelleCR
  std::optional<Answer> answer;  ///< FOUND only
  std::string message_id;        ///< ours
  std::string operation;
  Clock::Wall sent_at;
  std::chrono::nanoseconds duration{};
  std::string result_xml;             ///< the RESULTAT element, bytes as received
  std::vector<std::string> warnings;  ///< "RETURNED_KEY_INVALID", ...
};

/// What the service says of an identity, by the codes that the operation's descriptor lists.
struct Verdict {
  bool consistent = false;
  std::string code, label;
  std::string message_id;  ///< ours
  std::string operation, origin;
  bool contract_verified = false;
  Clock::Wall sent_at;
  std::chrono::nanoseconds duration{};
  std::string result_xml;  ///< the element that the descriptor names, bytes as received
};

/// One exchange as it was on the wire.
struct Messages {
  std::string request, answer;  ///< bodies; empty = not sent, none came
};

/// Whose call it is.
struct Party {
  EditorConfig editor;
  ProfileConfig profile;
  /// Whose connection it is kept on (the generation of the professional's card); empty: the organisation's.
  std::string credential = {};
  /// Where the messages of this call are kept, whatever becomes of it; nullptr: nowhere.
  std::shared_ptr<Messages> messages = {};
};

/// One teleservice configuration with its keep-alive connections on a thread of its own (a handshake blocks).
/// Thread safe; every awaitable resumes on the awaiting executor.
class Exchange {
 public:
  /// Throws INSI_NOT_CONFIGURED (also mode organisation without a certificate) or CONFIG_INVALID (endpoint,
  /// trust store unreadable, the organisation's certificate or key: daemon/insi/client_key.h). Every call
  /// must have ended before the Exchange and before the executor that awaits it end.
  /// `remote`: makes the transport of a key that is on a token.
  using MakeTransport = std::function<std::unique_ptr<Transport>(const InsiConfig&)>;
  Exchange(const InsiConfig& config, const Clock& clock, const MakeTransport& remote = {});
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// Sends one request, in mode cps with a fresh assertion signed by `signer`, in mode organisation without
  /// any: `signer` is then nullptr. 00/01/02 are replies; all else is an Error: of layer INSI or
  /// of the Signer; CERTIFICATE_INVALID or TEST_CARD_REFUSED for its certificate; CONFIG_INVALID (profile
  /// without billing id); ORGANISATION_CERTIFICATE_INVALID (dates); NIR_MISSING, TRAITS_INVALID or
  /// INVALID_ARGUMENT for what cannot be sent; CANCELLED. The message id is made before and handed to
  /// `about_to_send` (the journal's begin) before anything is signed or sent; an exception of `about_to_send`
  /// ends the call. `signer` must outlive it. Nothing is ever sent twice: an assertion and its ids are of one
  /// question.
  using BeforeSend = std::function<boost::asio::awaitable<void>(const std::string& message_id)>;
  boost::asio::awaitable<Reply> by_card(CardQuery query, Party party, Signer* signer,
                                        BeforeSend about_to_send, std::stop_token stop);
  boost::asio::awaitable<Reply> by_traits(TraitsQuery query, Party party, Signer* signer,
                                          BeforeSend about_to_send, std::stop_token stop);

  /// The same for a unit verification, which needs a descriptor: OPERATION_NOT_CONFIGURED without one. A code
  /// that it does not list is INSI_ANSWER_INVALID. Any of the three is OPERATION_UNVERIFIED when its
  /// descriptor is unverified and the service is that of production; nothing is sent then.
  boost::asio::awaitable<Verdict> verify(VerificationQuery query, Party party, Signer* signer,
                                         BeforeSend about_to_send, std::stop_token stop);

  /// OUs of the organisations' certificates, the ids of their structures; empty in mode cps. A call goes out
  /// with the certificate whose OU is the profile's structure_id (PROFILE_UNKNOWN: there is none).
  [[nodiscard]] std::vector<std::string> organisation_ids() const;

  /// The CNs of the same certificates by these ids.
  [[nodiscard]] std::map<std::string, std::string> certificate_names() const;

  /// Closes the keep-alive connection of one credential (the professional's card left); empty: of all.
  void drop_connection(const std::string& credential = {});

  /// The teleservice's clock minus ours, by the last answer that told; above a minute searches are warned
  /// ("CLOCK_SKEWED") and the log says it once.
  [[nodiscard]] std::optional<std::chrono::seconds> clock_skew() const;

  /// Transport::stop().
  void stop();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace insd::insi
