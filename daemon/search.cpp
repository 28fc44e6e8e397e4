// SPDX-License-Identifier: Apache-2.0
#include "daemon/search.h"

#include <exception>

#include "daemon/asking.h"
#include "daemon/name_strategy.h"
#include "daemon/search_rules.h"
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

/// One search from its first question to its last.
struct Search::Course : Questions {
  bool fault_read_as_not_found = false;         // insi.qualification_not_found
  std::optional<vitale::Beneficiary> person{};  // chosen on the card in the reader
};

Search::Search(SearchParts parts, Asking& asking, AnswerStore& answers, const Clock& clock)
    : parts_(std::move(parts)), asking_(asking), answers_(answers), clock_(clock) {}

template <class Query, class Ask>
asio::awaitable<insi::Reply> Search::ask(Course& course, const Signatory& signatory, SentTraits sent,
                                         std::string operation, Query query, const Ask& send) {
  const bool lenient = course.searcher.config->insi.qualification_not_found;
  Question question(asking_, course, signatory, operation, std::move(sent));
  insi::Reply reply;
  try {
    reply = co_await send(course.searcher, std::move(query), question.party(), signatory.signer(),
                          question.before_send(), course.stop);
  } catch (const Error& error) {
    const Error failure = question.failed(error, lenient);
    if (!lenient || !is_half_down(failure)) throw Error(failure);
    const SearchAttempt& attempt = course.attempts.back();
    reply.outcome = insi::Outcome::NOT_FOUND;
    reply.label = failure.insi_fault()->label;
    reply.message_id = attempt.message_id;
    reply.operation = std::move(operation);
    reply.sent_at = attempt.sent_at;
    reply.duration = attempt.duration;
    course.fault_read_as_not_found = true;
    co_return reply;
  } catch (...) {
    question.ended(std::current_exception());
    throw;
  }
  question.answered(reply, reply.answer ? reply.answer->active.number : std::string());
  co_return reply;
}

asio::awaitable<Signatory> Search::open_question(const Course& course,
                                                 const std::vector<std::string>& generations,
                                                 SearchResult& result) {
  if (course.stop.stop_requested()) throw Error(Code::CANCELLED);
  Signatory signatory = co_await choose_signatory(parts_, course.context, course.searcher, course.stop);
  parts_.require_current(generations);
  result.profile = signatory.party.profile.name;
  if (signatory.grant) result.professional_card = signatory.grant->professional.card;
  co_return signatory;
}

asio::awaitable<insi::Reply> Search::ask_by_card(Course& course, const VitaleSearch& search,
                                                 SearchResult& result) {
  const Searcher& searcher = course.searcher;
  const Signatory signatory = co_await open_question(course, search.expected_generations, result);
  insi::CardQuery query;
  if (const auto* choice = std::get_if<CardChoice>(&search.reading)) {
    if (choice->card.generation.empty()) {
      throw Error(Code::INVALID_ARGUMENT).with_field("card.card.generation", "is missing");
    }
    // Read again right before: the number sent is the one of the card that is there now.
    desk::Patience patience(course.stop, searcher.owner.uid, searcher.owner.pid);
    patience.until = searcher.until;
    const CardReading reading = co_await parts_.read_vitale_again(choice->card, searcher.allowed, patience);
    if (signatory.grant) require_same_desk(signatory.grant->professional.card, reading.card);
    refuse_test_card(card_nature(reading.content), searcher.config->insi.environment);
    query = card_query(reading.content, choice->beneficiary_index, search.birth_rank);
    course.person = reading.content.beneficiaries[choice->beneficiary_index];
    result.vitale_card = reading.card;
    auto generations = search.expected_generations;
    generations.push_back(reading.card.generation);
    parts_.require_current(generations);
  } else {
    const auto& supplied = std::get<SuppliedCard>(search.reading);
    refuse_test_card(supplied.nature, searcher.config->insi.environment);
    query = card_query(supplied, search.birth_rank, clock_.wall());
  }
  require_serial(query, searcher.config->insi);
  result.sent = {
      query.birth_name.value_or(""), "", "", query.birth_date, "", query.birth_rank, !search.birth_rank};
  co_return co_await ask(course, signatory, result.sent, "rechercherInsAvecCarteVitale", std::move(query),
                         parts_.ask_by_card);
}

asio::awaitable<SearchResult> Search::by_vitale(VitaleSearch search, Searcher searcher,
                                                std::stop_token stop) {
  check_gates(search.context, searcher);
  asking_.admit(searcher);
  Course course{{search.context, searcher, stop}};
  try {
    co_return co_await follow_card(course, search);
  } catch (...) {
    asking_.keep_failed(course);
    throw;
  }
}

asio::awaitable<SearchResult> Search::follow_card(Course& course, const VitaleSearch& search) {
  SearchResult result;
  result.by_card = true;
  result.card_supplied = std::holds_alternative<SuppliedCard>(search.reading);
  const auto once = [&] { return ask_by_card(course, search, result); };
  result.reply = co_await asking_.patiently(course, once);
  const auto& answer = result.reply.answer;
  if (course.person && !key_is_right(*course.person)) result.warnings.emplace_back("CARD_KEY_INVALID");
  if (result.sent.birth_rank_assumed) result.warnings.emplace_back("BIRTH_RANK_ASSUMED");
  if (answer && !(course.person ? is_beneficiary(*answer, *course.person)
                                : answers_what_was_asked(*answer, result.sent))) {
    result.warnings.emplace_back("ANSWER_NOT_BENEFICIARY");
    result.blocked = true;
  }
  if (!answer) result.next_steps = {"SEARCH_BY_TRAITS", "KEEP_PROVISIONAL"};
  finish(course, result);
  co_return result;
}

asio::awaitable<insi::Reply> Search::ask_by_traits(Course& course, const TraitsSearch& search,
                                                   insi::TraitsQuery query, SearchResult& result) {
  const Signatory signatory = co_await open_question(course, search.expected_generations, result);
  SentTraits sent{query.birth_name,
                  query.given_name,
                  query.sex,
                  query.birth_date,
                  query.birth_place.value_or(""),
                  std::nullopt,
                  false};
  co_return co_await ask(course, signatory, std::move(sent), "rechercherInsAvecTraitsIdentite",
                         std::move(query), parts_.ask_by_traits);
}

asio::awaitable<SearchResult> Search::by_traits(TraitsSearch search, Searcher searcher,
                                                std::stop_token stop) {
  check_gates(search.context, searcher);
  const identity::SearchTraits traits = normalised_traits(search);
  asking_.admit(searcher);
  Course course{{search.context, searcher, stop}};
  try {
    co_return co_await follow_traits(course, search, traits);
  } catch (...) {
    asking_.keep_failed(course);
    throw;
  }
}

asio::awaitable<SearchResult> Search::follow_traits(Course& course, const TraitsSearch& search,
                                                    const identity::SearchTraits& traits) {
  SearchResult result;
  insi::TraitsQuery query;
  query.birth_name = traits.birth_name;
  query.sex = identity::to_letter(traits.sex);
  query.birth_date = traits.birth_date;
  NameStrategy strategy(traits);
  bool login_ended = false;
  bool answered = false;
  const auto once = [&] { return ask_by_traits(course, search, query, result); };
  while (const auto step = strategy.next()) {
    query.given_name = step->given_name;
    query.birth_place = step->birth_place;
    insi::Reply reply;
    try {
      reply = co_await asking_.patiently(course, once);
    } catch (Error& error) {
      if (answered) error.prefix("question " + std::to_string(course.attempts.size()));
      if (!answered || !login_is_over(error)) throw;
      login_ended = true;
      break;
    }
    answered = true;
    // The answer that counts: the last one, but a 02 is not made undone by a narrower question's 01.
    strategy.answered(reply.outcome);
    if (reply.outcome == strategy.outcome()) {
      result.reply = std::move(reply);
      result.sent = course.attempts.back().sent;
    }
  }
  result.matched_given_name = strategy.matched_given_name();
  result.next_steps = strategy.next_steps();
  if (login_ended) result.next_steps.insert(result.next_steps.begin(), "LOGIN_AGAIN");
  if (result.reply.answer && !answers_what_was_asked(*result.reply.answer, result.sent)) {
    result.warnings.emplace_back("ANSWER_NOT_AS_ASKED");
    result.blocked = true;
  }
  finish(course, result);
  co_return result;
}

void Search::finish(Course& course, SearchResult& result) {
  const Searcher& searcher = course.searcher;
  result.environment = searcher.config->insi.environment;
  result.warnings.insert(result.warnings.begin(), result.reply.warnings.begin(), result.reply.warnings.end());
  if (course.fault_read_as_not_found) result.warnings.emplace_back("FAULT_READ_AS_NOT_FOUND");
  result.attempts = std::move(course.attempts);
  if (result.vitale_card) result.generations.push_back(result.vitale_card->generation);
  if (result.professional_card) result.generations.push_back(result.professional_card->generation);
  if (!result.reply.answer) return;
  KeptAnswer kept{*result.reply.answer, result.environment};
  kept.asked_at = result.reply.sent_at;
  kept.blocked = result.blocked;
  kept.generations = result.generations;
  kept.ends_with_card = searcher.role == CallerRole::KIOSK;
  kept.found_by_other_given_name = !result.matched_given_name.empty();
  result.answer = answers_.keep(searcher.owner.uid, std::move(kept), searcher.config->insi.answer_ttl);
  result.missing_for_qualification = {"ACCEPTANCE", "DOCUMENT_CHECK"};
}

}  // namespace insd
