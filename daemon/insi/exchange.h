// SPDX-License-Identifier: Apache-2.0
// One INSi exchange: contexts, assertion (mode cps) or client certificate (mode organisation), envelope,
// HTTPS, answer. Knows nothing of cards or gRPC.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/clock.h"
#include "daemon/config.h"
#include "daemon/identity/traits.h"
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

/// Whose call it is.
struct Party {
  EditorConfig editor;
  ProfileConfig profile;
};

/// One teleservice configuration with its keep-alive connection on a thread of its own (a handshake blocks).
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
  using BeforeSend = std::function<void(const std::string& message_id)>;
  boost::asio::awaitable<Reply> by_card(CardQuery query, Party party, Signer* signer,
                                        BeforeSend about_to_send, std::stop_token stop);
  boost::asio::awaitable<Reply> by_traits(TraitsQuery query, Party party, Signer* signer,
                                          BeforeSend about_to_send, std::stop_token stop);

  /// OU of the organisation's certificate, the id of its structure; empty in mode cps.
  [[nodiscard]] const std::string& organisation_id() const;

  /// Closes the keep-alive connection (the professional's card left).
  void drop_connection();

  /// Transport::stop().
  void stop();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace insd::insi
