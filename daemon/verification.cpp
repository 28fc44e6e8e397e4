// SPDX-License-Identifier: Apache-2.0
#include "daemon/verification.h"

#include "daemon/asking.h"
#include "daemon/identity/birth_date.h"
#include "daemon/identity/matricule.h"
#include "daemon/identity/name.h"
#include "daemon/identity/oid.h"
#include "daemon/search_rules.h"
#include "drivers/base/error.h"

namespace insd {
namespace {

namespace asio = boost::asio;
constexpr const char* kOperation = "verification";  // its national name is the descriptor's affair

// The rules of a search for what a search has; its violations come back under "identity".
identity::SearchTraits normalised(const IdentityVerification& asked) {
  identity::SearchTraits traits;
  traits.birth_name = asked.birth_name;
  traits.given_names = asked.given_names;
  if (traits.given_names.empty()) traits.given_names.push_back(asked.first_given_name);
  traits.sex = identity::parse_sex(asked.sex);
  traits.birth_date = asked.birth_date;
  if (!asked.birth_place.empty()) traits.birth_place = asked.birth_place;
  return identity::normalise(traits, "identity");
}

class Violations {
 public:
  void add(const char* field, const char* description) {
    error_.add_field(std::string("identity.") + field, description);
  }
  template <class Work>
  void gather(const Work& work) {
    try {
      work();
    } catch (const Error& error) {
      if (error.code() != Code::TRAITS_INVALID) throw;
      for (const auto& each : error.fields()) error_.add_field(each.path, each.description);
    }
  }
  void throw_if_any() const {
    if (!error_.fields().empty()) throw Error(error_);
  }

 private:
  Error error_{Code::TRAITS_INVALID};
};

void check_number(const IdentityVerification& asked, InsiEnvironment environment, Violations& violations) {
  if (!identity::is_number(asked.number))
    violations.add("number", "must be 13 digits (A or B allowed as the 7th character)");
  if (!asked.key.empty() && !identity::is_key(asked.key)) violations.add("key", "must be two digits");
  const auto oid = identity::find_oid(asked.oid);
  if (!oid) {
    violations.add("oid", "must be the OID of an INS");
  } else if (environment == InsiEnvironment::PRODUCTION &&
             oid->environment != identity::OidEnvironment::PRODUCTION) {
    violations.add("oid", "is that of a test range, and the service is that of production");
  }
}

}  // namespace

insi::VerificationQuery normalised_identity(const IdentityVerification& asked, InsiEnvironment environment,
                                            std::vector<std::string>& given_names) {
  Violations violations;
  check_number(asked, environment, violations);
  insi::VerificationQuery query;
  violations.gather([&] {
    const identity::SearchTraits traits = normalised(asked);
    query.birth_name = traits.birth_name;
    query.sex = identity::to_letter(traits.sex);
    query.birth_date = traits.birth_date;
    query.birth_place = traits.birth_place.value_or("");
    if (asked.given_names.empty()) return;
    given_names = traits.given_names;
    query.given_names = identity::joined_given_names(traits);
  });
  if (!asked.first_given_name.empty()) {
    violations.gather([&] {
      query.first_given_name =
          identity::normalise_given_name(asked.first_given_name, "identity.first_given_name");
    });
  }
  violations.throw_if_any();
  query.number = asked.number;
  query.key = asked.key;
  query.oid = asked.oid;
  return query;
}

Verification::Verification(VerificationParts parts, Asking& asking)
    : parts_(std::move(parts)), asking_(asking) {}

asio::awaitable<insi::Verdict> Verification::ask(const IdentityVerification& asked, Questions& questions,
                                                 VerificationResult& result) {
  if (questions.stop.stop_requested()) throw Error(Code::CANCELLED);
  const Searcher& searcher = questions.searcher;
  const Signatory signatory = co_await choose_signatory(parts_, asked.context, searcher, questions.stop);
  parts_.require_current(asked.expected_generations);
  result.profile = signatory.party.profile.name;
  if (signatory.grant) result.professional_card = signatory.grant->professional.card;

  const insi::VerificationQuery& query = result.sent;
  const std::string& names = query.given_names.empty() ? query.first_given_name : query.given_names;
  SentTraits sent{query.birth_name,  names,        query.sex, query.birth_date,
                  query.birth_place, std::nullopt, false};
  Question question(asking_, questions, signatory, kOperation, std::move(sent));
  insi::Verdict verdict;
  try {
    verdict = co_await parts_.ask(searcher, query, question.party(), signatory.signer(),
                                  question.before_send(), questions.stop);
  } catch (const Error& error) {
    throw question.failed(error);
  } catch (...) {
    question.ended(std::current_exception());
    throw;
  }
  question.answered(verdict, query.number);
  co_return verdict;
}

asio::awaitable<VerificationResult> Verification::verify(IdentityVerification asked, Searcher searcher,
                                                         std::stop_token stop) {
  check_gates(asked.context, searcher, InsiUse::VERIFY);
  VerificationResult result;
  result.environment = searcher.config->insi.environment;
  result.sent = normalised_identity(asked, result.environment, result.given_names_sent);
  asking_.admit(searcher);
  Questions questions{asked.context, searcher, std::move(stop)};
  const auto once = [&] { return ask(asked, questions, result); };
  try {
    result.verdict = co_await asking_.patiently(questions, once);
  } catch (...) {
    asking_.keep_failed(questions);
    throw;
  }
  result.attempts = std::move(questions.attempts);
  if (result.professional_card) result.generations.push_back(result.professional_card->generation);
  const bool right_key =
      result.sent.key.empty() || identity::key_matches({result.sent.number, result.sent.key});
  if (!right_key) result.warnings.emplace_back("SENT_KEY_INVALID");
  if (!result.verdict.contract_verified) result.warnings.emplace_back("CONTRACT_UNVERIFIED");
  co_return result;
}

}  // namespace insd
