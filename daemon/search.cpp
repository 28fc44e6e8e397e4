// SPDX-License-Identifier: Apache-2.0
#include "daemon/search.h"

#include <exception>

#include "daemon/search_rules.h"
#include "daemon/signatory.h"
#include "drivers/base/error.h"

namespace insd {
namespace {

namespace asio = boost::asio;

// Of two desks, one may have the neighbour's patient. A reader without a desk belongs to all of them.
void require_same_desk(const desk::Chosen& professional, const desk::Chosen& patient) {
  if (professional.desk.empty() || patient.desk.empty() || professional.desk == patient.desk) return;
  throw Error(Code::DESK_MISMATCH, patient.desk + " and " + professional.desk);
}

}  // namespace

Search::Search(SearchParts parts, AnswerStore& answers, journal::Journal& journal, const Clock& clock)
    : parts_(std::move(parts)), answers_(answers), journal_(journal), clock_(clock) {}

template <class Query, class Ask>
asio::awaitable<SearchResult> Search::ask(const SearchContext& context, const Searcher& searcher,
                                          const Signatory& signatory, std::string operation, Query query,
                                          const Ask& send, std::stop_token stop) {
  SearchResult result;
  CallRecord record(journal_, clock_, begin_record(std::move(operation), context, searcher, signatory));
  const insi::Exchange::BeforeSend before_send = [&record](const std::string& message_id) {
    record.begin(message_id);
  };
  try {
    result.reply = co_await send(searcher, std::move(query), signatory.party, signatory.signer(), before_send,
                                 std::move(stop));
  } catch (...) {
    record.end(std::current_exception());
    throw;
  }
  record.end(result.reply.code, result.reply.answer ? result.reply.answer->active.number : std::string());

  result.environment = searcher.config->insi.environment;
  result.profile = signatory.party.profile.name;
  result.warnings = result.reply.warnings;
  if (signatory.grant) {
    result.professional_card = signatory.grant->professional.card;
    result.generations.push_back(result.professional_card->generation);
  }
  if (result.reply.outcome == insi::Outcome::FOUND && result.reply.answer) {
    result.answer = answers_.keep(searcher.owner.uid, {*result.reply.answer, result.environment},
                                  searcher.config->insi.answer_ttl);
    result.missing_for_qualification = {"ACCEPTANCE", "DOCUMENT_CHECK"};
  }
  co_return result;
}

asio::awaitable<SearchResult> Search::by_vitale(VitaleSearch search, Searcher searcher,
                                                std::stop_token stop) {
  check_gates(search.context, searcher);
  const Signatory signatory = co_await choose_signatory(parts_, search.context, searcher, stop);
  parts_.require_current(search.expected_generations);

  insi::CardQuery query;
  std::optional<desk::Chosen> card;
  std::optional<vitale::Beneficiary> person;
  if (const auto* choice = std::get_if<CardChoice>(&search.reading)) {
    if (choice->card.generation.empty()) {
      throw Error(Code::INVALID_ARGUMENT).with_field("card.card.generation", "is missing");
    }
    // Read again right before: the number sent is the one of the card that is there now.
    desk::Patience patience(stop, searcher.owner.uid, searcher.owner.pid);
    patience.until = searcher.until;
    const CardReading reading = co_await parts_.read_vitale_again(choice->card, searcher.allowed, patience);
    if (signatory.grant) require_same_desk(signatory.grant->professional.card, reading.card);
    refuse_test_card(card_nature(reading.content), searcher.config->insi.environment);
    query = card_query(reading.content, choice->beneficiary_index, search.birth_rank);
    person = reading.content.beneficiaries[choice->beneficiary_index];
    card = reading.card;
    search.expected_generations.push_back(card->generation);
    parts_.require_current(search.expected_generations);
  } else {
    const auto& supplied = std::get<SuppliedCard>(search.reading);
    refuse_test_card(supplied.nature, searcher.config->insi.environment);
    query = card_query(supplied, search.birth_rank, clock_.wall());
  }

  const SentTraits sent{
      query.birth_name.value_or(""), "", "", query.birth_date, "", query.birth_rank, !search.birth_rank};
  SearchResult result = co_await ask(search.context, searcher, signatory, "rechercherInsAvecCarteVitale",
                                     std::move(query), parts_.ask_by_card, std::move(stop));
  result.sent = sent;
  if (card) result.generations.insert(result.generations.begin(), card->generation);
  result.by_card = true;
  result.card_supplied = !card;
  result.vitale_card = std::move(card);
  if (person && !key_is_right(*person)) result.warnings.emplace_back("CARD_KEY_INVALID");
  if (sent.birth_rank_assumed) result.warnings.emplace_back("BIRTH_RANK_ASSUMED");
  if (result.reply.answer && !(person ? is_beneficiary(*result.reply.answer, *person)
                                      : answers_what_was_asked(*result.reply.answer, sent))) {
    result.warnings.emplace_back("ANSWER_NOT_BENEFICIARY");
  }
  co_return result;
}

asio::awaitable<SearchResult> Search::by_traits(TraitsSearch search, Searcher searcher,
                                                std::stop_token stop) {
  check_gates(search.context, searcher);
  const identity::SearchTraits traits = normalised_traits(search);
  const Signatory signatory = co_await choose_signatory(parts_, search.context, searcher, stop);
  parts_.require_current(search.expected_generations);

  insi::TraitsQuery query;
  query.birth_name = traits.birth_name;
  query.given_name = identity::joined_given_names(traits);
  query.sex = identity::to_letter(traits.sex);
  query.birth_date = traits.birth_date;
  query.birth_place = traits.birth_place;
  const SentTraits sent{query.birth_name,
                        query.given_name,
                        query.sex,
                        query.birth_date,
                        query.birth_place.value_or(""),
                        std::nullopt,
                        false};
  SearchResult result = co_await ask(search.context, searcher, signatory, "rechercherInsAvecTraitsIdentite",
                                     std::move(query), parts_.ask_by_traits, std::move(stop));
  result.sent = sent;
  if (result.reply.answer && !answers_what_was_asked(*result.reply.answer, sent)) {
    result.warnings.emplace_back("ANSWER_NOT_AS_ASKED");
  }
  co_return result;
}

}  // namespace insd
