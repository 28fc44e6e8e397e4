// SPDX-License-Identifier: Apache-2.0
// How INSi is asked, whatever the question: the limits, the record before and after, the attempt told to the
// caller, and the one repetition after a passing fault. Searches and verifications ask through it.
#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/failed_searches.h"
#include "daemon/insi_monitor.h"
#include "daemon/signatory.h"

namespace insd {

/// What one call asks INSi, from its first question to its last.
struct Questions {
  const SearchContext& context;
  const Searcher& searcher;
  std::stop_token stop;
  std::vector<SearchAttempt> attempts{};  ///< in the order they were sent
  bool asked_again = false;               ///< after a passing fault; once in one call
};

struct AskingParts {
  /// Between a passing fault and the second question; CANCELLED when stopped.
  std::function<boost::asio::awaitable<void>(std::chrono::milliseconds, std::stop_token)> pause;
  /// How INSi did, after each question that was sent: nullptr for an answer.
  std::function<void(const Searcher&, const Error*)> observed;
};

/// The lease's signatures are used up, or it ended meanwhile.
bool login_is_over(const Error& error);

/// On the executor only.
class Asking {
 public:
  Asking(AskingParts parts, FailedSearches& failed, journal::Writer& journal, const Clock& clock)
      : parts_(std::move(parts)), failed_(failed), journal_(journal), clock_(clock), limits_(clock) {}

  /// Throws RATE_LIMITED.
  void admit(const Searcher& searcher) { limits_.admit(searcher.owner.uid, searcher.config->insi); }

  /// `once` asks; after a passing fault it asks once more, as another message under the lease of that moment.
  template <class Once>
  std::invoke_result_t<Once> patiently(Questions& questions, const Once& once);

  /// The caller gets an error, which has no room for what was sent: kept for ListSearchAttempts.
  void keep_failed(Questions& questions);

 private:
  friend class Question;
  [[nodiscard]] bool may_ask_again(const Questions& questions, const Error& failure) const;

  AskingParts parts_;
  FailedSearches& failed_;
  journal::Writer& journal_;
  const Clock& clock_;
  SearchLimits limits_;
};

/// One question. Its record begins when it is about to be sent; one of answered(), failed() and ended() is
/// called when it is over.
class Question {
 public:
  /// `operation`: the name in the record. All but the strings must outlive the question.
  Question(Asking& asking, Questions& questions, const Signatory& signatory, std::string operation,
           SentTraits sent);
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;

  [[nodiscard]] const insi::Party& party() const { return party_; }
  [[nodiscard]] const insi::Exchange::BeforeSend& before_send() const { return before_send_; }

  /// `Answer`: insi::Reply or insi::Verdict. `number`: of the identity, for the record; empty: none.
  template <class Answer>
  void answered(const Answer& answer, const std::string& number) {
    record_.end(answer.code, number);
    attempt_.sent_at = answer.sent_at;
    attempt_.duration = answer.duration;
    attempt_.code = answer.code;
    attempt_.label = answer.label;
    attempt_.result_xml = answer.result_xml;
    questions_.attempts.push_back(std::move(attempt_));
    observe(nullptr);
  }
  /// Returns the error as the configuration reads its fault (insi.fault). `half_down_answers`: a fault of one
  /// half of the service is an answer to the caller (insi.qualification_not_found).
  [[nodiscard]] Error failed(const Error& error, bool half_down_answers = false);
  /// What is no Error of ours.
  void ended(const std::exception_ptr& exception) { record_.end(exception); }

 private:
  boost::asio::awaitable<void> begin(const std::string& message_id);
  void observe(const Error* failure) const;

  Asking& asking_;
  Questions& questions_;
  CallRecord record_;
  insi::Party party_;
  SearchAttempt attempt_;
  const Clock::Steady started_;
  bool sent_ = false;
  insi::Exchange::BeforeSend before_send_;
};

template <class Once>
std::invoke_result_t<Once> Asking::patiently(Questions& questions, const Once& once) {
  const std::size_t sent = questions.attempts.size();
  std::optional<Error> failure;
  try {
    co_return co_await once();
  } catch (const Error& error) {
    failure = error;
  }
  if (questions.attempts.size() == sent || !may_ask_again(questions, *failure)) throw Error(*failure);
  questions.asked_again = true;
  co_await parts_.pause(questions.searcher.config->insi.retry_delay, questions.stop);
  try {
    co_return co_await once();
  } catch (const Error& error) {
    // No signature is left for the second question: the first one's failure is what there is to tell.
    throw Error(login_is_over(error) ? *failure : error);
  }
}

}  // namespace insd
