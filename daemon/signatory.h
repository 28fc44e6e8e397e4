// SPDX-License-Identifier: Apache-2.0
// Who signs a question to INSi and for whom, and its records in the audit trail: what searches and
// verifications have in common (design: 4.4).
#pragma once

#include "daemon/search.h"

namespace insd {

struct Signatory {
  std::optional<desk::ProfessionalDesk::Grant> grant;  ///< mode cps: of the lease
  std::string user;  ///< for the journal: the professional, or who acts for the organisation
  insi::Party party;

  [[nodiscard]] Signer* signer() const { return grant ? grant->signer.get() : nullptr; }
};

/// By the lease of the context or the organisation's certificates; never the one instead of the other. A
/// profile with a structure in mode cps is one activity of the card: structure and sector both come from it.
/// Errors: those of the parts, TEST_CARD_REFUSED, PROFILE_REQUIRED, PROFILE_UNKNOWN, PROFILE_NOT_ON_CARD.
boost::asio::awaitable<Signatory> choose_signatory(const SignatoryParts& parts, SearchContext context,
                                                   const Searcher& searcher, std::stop_token stop);

/// The record that goes before one question. `operation`: its national name.
journal::Begin begin_record(std::string operation, const SearchContext& context, const Searcher& searcher,
                            const Signatory& signatory);

/// The two records of one question.
class CallRecord {
 public:
  CallRecord(journal::Writer& journal, const Clock& clock, journal::Begin begin);

  /// To be called before anything is signed or sent. Throws JOURNAL_UNAVAILABLE.
  boost::asio::awaitable<void> begin(std::string message_id);
  /// Nothing when there was no begin(). `number`: of the identity, when one is known.
  void end(std::string_view code, const std::string& number = {});
  void end(const std::exception_ptr& failure);

 private:
  journal::Writer& journal_;
  const Clock& clock_;
  const Clock::Steady started_;
  journal::Begin begin_;
  std::optional<std::uint64_t> record_;
};

}  // namespace insd
