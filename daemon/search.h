// SPDX-License-Identifier: Apache-2.0
// One search, composed: the gates in their order, the professional's lease, the card read again, the
// exchange, the journal around it. Free of gRPC.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "daemon/answer_store.h"
#include "daemon/desk/professional.h"
#include "daemon/insi/exchange.h"
#include "daemon/journal/writer.h"
#include "daemon/search_limits.h"
#include "drivers/base/error.h"
#include "drivers/vitale/vitale.h"

namespace insd {

enum class IdentityAttribute : std::uint8_t { HOMONYM, DOUBTFUL, FICTITIOUS };

struct ActingUser {
  std::string id;
  std::string authenticated_how;
};

/// A CallContext whose form has been checked.
struct SearchContext {
  std::string purpose_id;
  std::vector<IdentityAttribute> attributes;  ///< empty = the caller said NONE
  std::string lease;
  std::string profile;
  std::optional<ActingUser> acting_user;
  std::string request_id;
  bool from_apcv = false;        ///< the identity came from the application carte Vitale
  bool return_messages = false;  ///< for a dossier of conformity: never in production
};

/// Who searches, as the kernel and the policy say, and the configuration that this search goes by.
struct Searcher {
  desk::Owner owner;
  std::optional<std::chrono::steady_clock::time_point> until;  ///< the caller's deadline
  CallerRole role = CallerRole::NONE;
  desk::ReaderFilter allowed;
  std::shared_ptr<const Config> config;
  const EditorConfig* editor = nullptr;       ///< in *config; nullptr: none matches the caller
  std::shared_ptr<insi::Exchange> exchange;   ///< belongs to *config; nullptr: INSi is not configured
  std::vector<std::string> organisation_ids;  ///< of the exchange's certificates; mode organisation
  std::map<std::string, std::string> certificate_names{};  ///< their CNs, by these ids
};

/// The person chosen on a card in a reader of this machine.
struct CardChoice {
  desk::Selection card;  ///< the generation is mandatory
  std::size_t beneficiary_index = 0;
};

enum class CardNature : std::uint8_t { UNKNOWN, REAL, TEST, DEMONSTRATION };

/// A reading made by the application through the official interface.
struct SuppliedCard {
  std::string serial, insured_nir, beneficiary_nir, birth_name, birth_date;
  std::optional<Clock::Wall> read_at;  ///< mandatory: readings age (kMaxReadingAge)
  CardNature nature = CardNature::UNKNOWN;
};

/// The national test 1.02 refuses what was read of a card longer ago (specs: insi 3.2).
inline constexpr std::chrono::minutes kMaxReadingAge{20};

struct VitaleSearch {
  SearchContext context;
  std::variant<CardChoice, SuppliedCard> reading;
  std::optional<unsigned> birth_rank;
  std::vector<std::string> expected_generations;
};

struct TraitsSearch {
  SearchContext context;
  std::string birth_name;
  std::vector<std::string> given_names;
  std::string sex, birth_date, birth_place;
  std::vector<std::string> expected_generations;
};

/// What was sent after normalisation; empty = not sent.
struct SentTraits {
  std::string birth_name, given_name, sex, birth_date, birth_place;
  std::optional<unsigned> birth_rank;
  bool birth_rank_assumed = false;
};

/// One request that was sent, and what came of it.
struct SearchAttempt {
  SentTraits sent;
  std::string message_id;
  Clock::Wall sent_at{};
  std::chrono::nanoseconds duration{};
  std::string code, label;                   ///< of the answer; empty when none came
  std::string result_xml;                    ///< as received; empty when none came
  std::optional<Code> error;                 ///< why there was none
  std::optional<InsiFault> fault;            ///< what the service said instead
  std::shared_ptr<insi::Messages> messages;  ///< nullptr unless the context asks for them
};

struct SearchResult {
  insi::Reply reply;
  InsiEnvironment environment = InsiEnvironment::UNSET;
  std::string profile;
  SentTraits sent;
  std::optional<AnswerStore::Named> answer;  ///< FOUND only
  std::vector<std::string> warnings;
  std::vector<std::string> missing_for_qualification;
  std::vector<std::string> generations;
  std::optional<desk::Chosen> professional_card;  ///< mode cps
  std::optional<desk::Chosen> vitale_card;        ///< when it was read in a reader of this machine
  bool by_card = false;                           ///< else by traits
  bool card_supplied = false;                     ///< the application read the card
  std::vector<SearchAttempt> attempts;            ///< in order; the last is not always the one that counts
  std::string matched_given_name;                 ///< of a 00, when it was not the first alone
  std::vector<std::string> next_steps;            ///< after 01 and 02, stable codes
  bool blocked = false;                           ///< not about the person asked for: not to be accepted
};

struct CardReading {
  desk::Chosen card;
  vitale::Reading content;
};

/// What every question to INSi is made of; tests bring their own.
struct SignatoryParts {
  std::function<desk::ProfessionalDesk::Grant(const std::string& lease, std::uint32_t uid)>
      grant;  ///< mode cps
  /// Of the card of a lease; asked for when a profile names a professional and a structure.
  std::function<boost::asio::awaitable<desk::Activities>(const std::string& lease, std::uint32_t uid,
                                                         desk::Patience)>
      activities;
  std::function<void(const std::vector<std::string>& generations)> require_current;
};

/// The parts a search is made of.
struct SearchParts : SignatoryParts {
  /// Reads the card again; CARD_CHANGED unless it is the one read under the selection's generation.
  std::function<boost::asio::awaitable<CardReading>(desk::Selection, desk::ReaderFilter, desk::Patience)>
      read_vitale_again;
  std::function<boost::asio::awaitable<insi::Reply>(const Searcher&, insi::CardQuery, insi::Party, Signer*,
                                                    insi::Exchange::BeforeSend, std::stop_token)>
      ask_by_card;
  std::function<boost::asio::awaitable<insi::Reply>(const Searcher&, insi::TraitsQuery, insi::Party, Signer*,
                                                    insi::Exchange::BeforeSend, std::stop_token)>
      ask_by_traits;
};

struct Signatory;
class Asking;

/// On the executor only.
class Search {
 public:
  Search(SearchParts parts, Asking& asking, AnswerStore& answers, const Clock& clock);

  /// Errors beyond those of the parts: IDENTITY_FORBIDS_CALL, INSI_NOT_CONFIGURED, PERMISSION_DENIED,
  /// EDITOR_NOT_CONFIGURED, PROFILE_REQUIRED, PROFILE_UNKNOWN, PROFILE_NOT_ON_CARD, TEST_CARD_REFUSED,
  /// INVALID_ARGUMENT, TRAITS_INVALID, DESK_MISMATCH, BENEFICIARY_NOT_FOUND, NIR_MISSING,
  /// BIRTH_RANK_REQUIRED, VITALE_SERIAL_UNAVAILABLE, APCV_IDENTITY_REFUSED, RATE_LIMITED. None of these has
  /// sent anything. A passing fault is asked once more in one search, after insi.retry_delay, as a new
  /// message.
  boost::asio::awaitable<SearchResult> by_vitale(VitaleSearch search, Searcher searcher,
                                                 std::stop_token stop);
  /// Asks by the NameStrategy; each question has its message id, assertion and record of its own.
  boost::asio::awaitable<SearchResult> by_traits(TraitsSearch search, Searcher searcher,
                                                 std::stop_token stop);

 private:
  struct Course;
  boost::asio::awaitable<SearchResult> follow_card(Course& course, const VitaleSearch& search);
  boost::asio::awaitable<SearchResult> follow_traits(Course& course, const TraitsSearch& search,
                                                     const identity::SearchTraits& traits);
  template <class Query, class Ask>
  boost::asio::awaitable<insi::Reply> ask(Course& course, const Signatory& signatory, SentTraits sent,
                                          std::string operation, Query query, const Ask& send);
  boost::asio::awaitable<Signatory> open_question(const Course& course,
                                                  const std::vector<std::string>& generations,
                                                  SearchResult& result);
  boost::asio::awaitable<insi::Reply> ask_by_card(Course& course, const VitaleSearch& search,
                                                  SearchResult& result);
  boost::asio::awaitable<insi::Reply> ask_by_traits(Course& course, const TraitsSearch& search,
                                                    insi::TraitsQuery query, SearchResult& result);
  void finish(Course& course, SearchResult& result);

  SearchParts parts_;
  Asking& asking_;
  AnswerStore& answers_;
  const Clock& clock_;
};

}  // namespace insd
