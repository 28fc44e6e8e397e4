// SPDX-License-Identifier: Apache-2.0
#include "daemon/asking.h"

namespace insd {

bool login_is_over(const Error& error) {
  return error.code() == Code::LEASE_INVALID || error.code() == Code::LEASE_LOST;
}

bool Asking::may_ask_again(const Questions& questions, const Error& failure) const {
  const auto delay = questions.searcher.config->insi.retry_delay;
  const auto& until = questions.searcher.until;
  const bool in_time = !until || std::chrono::steady_clock::now() + delay < *until;
  return is_passing(failure) && !questions.asked_again && delay.count() != 0 && in_time;
}

void Asking::keep_failed(Questions& questions) {
  failed_.keep(questions.searcher.owner.uid, questions.context.request_id, std::move(questions.attempts),
               questions.searcher.config->insi.answer_ttl);
}

Question::Question(Asking& asking, Questions& questions, const Signatory& signatory, std::string operation,
                   SentTraits sent)
    : asking_(asking),
      questions_(questions),
      record_(asking.journal_, asking.clock_,
              begin_record(std::move(operation), questions.context, questions.searcher, signatory)),
      party_(signatory.party),
      started_(asking.clock_.steady()),
      before_send_([this](const std::string& message_id) { return begin(message_id); }) {
  attempt_.sent = std::move(sent);
  if (questions.context.return_messages) {
    attempt_.messages = std::make_shared<insi::Messages>();
    party_.messages = attempt_.messages;
  }
}

boost::asio::awaitable<void> Question::begin(const std::string& message_id) {
  co_await record_.begin(message_id);
  sent_ = true;
  attempt_.message_id = message_id;
  attempt_.sent_at = asking_.clock_.wall();
  asking_.limits_.count(questions_.searcher.owner.uid, questions_.searcher.config->insi);
}

Error Question::failed(const Error& error, bool half_down_answers) {
  Error failure = read_by_rules(error, questions_.searcher.config->insi);
  record_.end(journal::outcome_of(failure));
  if (!sent_) return failure;
  attempt_.duration = asking_.clock_.steady() - started_;
  attempt_.error = failure.code();
  attempt_.fault = failure.insi_fault();
  questions_.attempts.push_back(std::move(attempt_));
  observe(half_down_answers && is_half_down(failure) ? nullptr : &failure);
  return failure;
}

void Question::observe(const Error* failure) const {
  if (asking_.parts_.observed) asking_.parts_.observed(questions_.searcher, failure);
}

}  // namespace insd
