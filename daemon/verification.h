// SPDX-License-Identifier: Apache-2.0
// Unit verification: does INSi say that this number, with this OID, belongs to these traits? With the gates,
// the signatory and the records of a search; free of gRPC. What the national contract calls it and how it
// answers is a descriptor's (daemon/insi/operation.h).
#pragma once

#include "daemon/search.h"

namespace insd {

struct IdentityVerification {
  SearchContext context;
  std::string number, key, oid;
  std::string birth_name, first_given_name;
  std::vector<std::string> given_names;
  std::string sex, birth_date, birth_place;
  std::vector<std::string> expected_generations;
};

struct VerificationResult {
  insi::Verdict verdict;
  std::vector<SearchAttempt> attempts;  ///< in order; the last is the one that was answered
  InsiEnvironment environment = InsiEnvironment::UNSET;
  std::string profile;
  insi::VerificationQuery sent;
  std::vector<std::string> given_names_sent;
  std::vector<std::string> warnings;
  std::vector<std::string> generations;
  std::optional<desk::Chosen> professional_card;  ///< mode cps
};

struct VerificationParts : SignatoryParts {
  std::function<boost::asio::awaitable<insi::Verdict>(const Searcher&, insi::VerificationQuery, insi::Party,
                                                      Signer*, insi::Exchange::BeforeSend, std::stop_token)>
      ask;
};

/// Normalised as a search's traits are; what was asked for is what is sent, or refused. Throws TRAITS_INVALID
/// with paths "identity....". In production the OID of a test range is refused.
insi::VerificationQuery normalised_identity(const IdentityVerification& asked, InsiEnvironment environment,
                                            std::vector<std::string>& given_names);

struct Questions;

/// On the executor only.
class Verification {
 public:
  Verification(VerificationParts parts, Asking& asking);

  /// Errors: the gates of a search (but a caller that keeps no identities may verify), those of
  /// normalised_identity(), RATE_LIMITED (it counts as a search), those of choose_signatory() and of
  /// insi::Exchange::verify(). Nothing has been sent by those before the last. A passing fault is asked once
  /// more, as in a search.
  boost::asio::awaitable<VerificationResult> verify(IdentityVerification asked, Searcher searcher,
                                                    std::stop_token stop);

 private:
  boost::asio::awaitable<insi::Verdict> ask(const IdentityVerification& asked, Questions& questions,
                                            VerificationResult& result);

  VerificationParts parts_;
  Asking& asking_;
};

}  // namespace insd
