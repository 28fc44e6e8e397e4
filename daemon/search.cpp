// SPDX-License-Identifier: Apache-2.0
#include "daemon/search.h"

#include <exception>

#include "daemon/search_rules.h"
#include "drivers/base/error.h"

namespace insd {
namespace {

namespace asio = boost::asio;

std::string_view environment_name(InsiEnvironment environment) {
  switch (environment) {
    case InsiEnvironment::TEST:
      return "test";
    case InsiEnvironment::PRODUCTION:
      return "production";
    case InsiEnvironment::UNSET:
      return "";
  }
  return "";
}

// Of two desks, one may have the neighbour's patient. A reader without a desk belongs to all of them.
void require_same_desk(const desk::Chosen& professional, const desk::Chosen& patient) {
  if (professional.desk.empty() || patient.desk.empty() || professional.desk == patient.desk) return;
  throw Error(Code::DESK_MISMATCH, patient.desk + " and " + professional.desk);
}

std::string_view result_code(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    return error.entry().name;
  } catch (...) {
    return catalogue_entry(Code::INTERNAL).name;
  }
}

}  // namespace

/// Who signs and for whom, in one search.
struct Search::Session {
  std::optional<desk::ProfessionalDesk::Grant> grant;  // mode cps: of the lease
  std::string user;  // for the journal: the professional, or who acts for the organisation
  insi::Party party;
};

Search::Search(SearchParts parts, AnswerStore& answers, journal::Journal& journal, const Clock& clock)
    : parts_(std::move(parts)), answers_(answers), journal_(journal), clock_(clock) {}

Search::Session Search::open_session(const SearchContext& context, const Searcher& searcher) {
  Session session;
  desk::Professional holder;
  if (searcher.config->insi.mode == InsiMode::ORGANISATION) {
    holder.organisation_id = searcher.organisation_id;
    if (context.acting_user) session.user = context.acting_user->id;
  } else {
    session.grant = parts_.grant(context.lease, searcher.owner.uid);
    holder = session.grant->professional;
    session.user = holder.national_id;
    if (holder.test_pki && searcher.config->insi.environment == InsiEnvironment::PRODUCTION) {
      throw Error(Code::TEST_CARD_REFUSED);
    }
  }
  session.party.profile = choose_profile(searcher.config->profiles, context.profile, holder);
  session.party.editor = *searcher.editor;
  return session;
}

template <class Query, class Ask>
asio::awaitable<SearchResult> Search::ask(const SearchContext& context, const Searcher& searcher,
                                          Session& session, std::string operation, Query query,
                                          const Ask& send, std::stop_token stop) {
  journal::Begin begin;
  begin.operation = std::move(operation);
  begin.uid = searcher.owner.uid;
  begin.pid = searcher.owner.pid;
  begin.unit = searcher.owner.unit;
  begin.request_id = context.request_id;
  begin.purpose_id = context.purpose_id;
  begin.professional = session.user;
  begin.profile = session.party.profile.name;
  begin.editor = session.party.editor.name;
  begin.mode = searcher.config->insi.mode == InsiMode::ORGANISATION ? "organisation" : "cps";
  begin.environment = environment_name(searcher.config->insi.environment);
  std::optional<std::uint64_t> record;
  SearchResult result;
  const Clock::Steady started = clock_.steady();
  const auto end_record = [&](std::string_view code) {
    if (!record) return;
    const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady() - started);
    journal::End end{std::string(code), spent.count()};
    if (result.reply.answer) end.number = result.reply.answer->active.number;
    journal_.end(*record, end);
  };
  const insi::Exchange::BeforeSend before_send = [&](const std::string& message_id) {
    begin.message_id = message_id;
    record = journal_.begin(begin);
  };

  try {
    Signer* const signer = session.grant ? session.grant->signer.get() : nullptr;
    result.reply =
        co_await send(searcher, std::move(query), session.party, signer, before_send, std::move(stop));
  } catch (...) {
    end_record(result_code(std::current_exception()));
    throw;
  }
  end_record(result.reply.code);

  result.environment = searcher.config->insi.environment;
  result.profile = session.party.profile.name;
  result.warnings = result.reply.warnings;
  if (session.grant) {
    result.professional_card = session.grant->professional.card;
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
  Session session = open_session(search.context, searcher);
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
    if (session.grant) require_same_desk(session.grant->professional.card, reading.card);
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
  SearchResult result = co_await ask(search.context, searcher, session, "rechercherInsAvecCarteVitale",
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
  Session session = open_session(search.context, searcher);
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
  SearchResult result = co_await ask(search.context, searcher, session, "rechercherInsAvecTraitsIdentite",
                                     std::move(query), parts_.ask_by_traits, std::move(stop));
  result.sent = sent;
  if (result.reply.answer && !answers_what_was_asked(*result.reply.answer, sent)) {
    result.warnings.emplace_back("ANSWER_NOT_AS_ASKED");
  }
  co_return result;
}

}  // namespace insd
