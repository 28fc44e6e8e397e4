// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/qualification.h"

#include <ostream>

#include "clients/cli/commands.h"
#include "clients/cli/decision.h"
#include "clients/cli/render_identity.h"
#include "clients/cli/text.h"

namespace insd::cli {
namespace {

class Course {
 public:
  Course(Session& session, const Step& step, JsonDocument& document, const v1::CallContext& context)
      : session_(session), step_(step), document_(document), context_(context) {}

  std::optional<v1::IdentityReport> run(const v1::SearchResult& result) {
    step_(Word::STEP_SEEN, session_.say(Word::STEP_SEEN_TEXT));
    const auto seen = traits_seen(session_);
    if (!seen) return std::nullopt;
    create(*seen);
    if (result.outcome() == v1::SEARCH_OUTCOME_FOUND) {
      compare_and_accept(result);
    } else {
      step_(Word::STEP_ACCEPTANCE, session_.say(Word::NOTHING_TO_ACCEPT));
    }
    check_document();
    document_.add("identity", identity_);
    return identity_;
  }

 private:
  [[nodiscard]] v1::ActContext act() const {
    v1::ActContext act;
    act.set_purpose_id(context_.purpose_id());
    act.set_request_id(random_request_id());
    if (context_.has_acting_user()) {
      *act.mutable_acting_user() = context_.acting_user();
    } else {
      act.set_lease(context_.lease());
    }
    return act;
  }

  template <class Act>
  void attempt(Act change) {
    try {
      identity_ = change();
    } catch (const Failure& failure) {
      report(session_.io.err, failure, session_.language, session_.options.verbose);
      document_.add("error", failure.detail());
    }
  }

  void create(const v1::IdentityTraits& seen) {
    v1::CreateIdentityRequest request;
    *request.mutable_context() = act();
    *request.mutable_traits() = seen;
    for (const auto attribute : context_.identity_attributes()) {
      request.add_attributes(static_cast<v1::IdentityAttribute>(attribute));
    }
    identity_ = session_.client.create_identity(request).identity();
  }

  void compare_and_accept(const v1::SearchResult& result) {
    v1::CompareRequest comparing;
    comparing.set_answer_id(result.answer_id());
    comparing.mutable_identity()->set_identity_id(identity_.identity_id());
    if (!session_.options.number.empty()) {
      // The number that the application knew; an identity just typed has none.
      comparing.clear_identity();
      *comparing.mutable_known_traits() = identity_.facts().traits();
      comparing.mutable_known_number()->set_number(session_.options.number);
      comparing.mutable_known_number()->set_oid(session_.options.oid);
    }
    const auto comparison = session_.client.compare_identity(comparing).comparison();
    document_.add("comparison", comparison);
    step_(Word::STEP_ACCEPTANCE, term_of(session_.language, comparison.advice(), v1::CompareAdvice_Name));
    print_comparison(session_.io.err, session_.language, comparison);
    v1::AcceptRequest request;
    if (!accepts(session_, comparison, request)) {
      session_.io.err << "      " << session_.say(Word::NOT_ACCEPTED) << std::endl;
      return;
    }
    *request.mutable_context() = act();
    request.set_answer_id(result.answer_id());
    if (comparing.has_identity()) {
      *request.mutable_identity() = comparing.identity();
      request.set_expected_revision(identity_.revision());
    } else {
      *request.mutable_known_traits() = comparing.known_traits();
      *request.mutable_known_number() = comparing.known_number();
    }
    attempt([&] { return session_.client.accept_identity(request).identity(); });
  }

  void check_document() {
    step_(Word::STEP_DOCUMENT, session_.say(Word::STEP_DOCUMENT_TEXT));
    print_traits(session_.io.err, session_.language, identity_.facts().traits());
    const auto evidence = evidence_seen(session_);
    if (!evidence) {
      session_.io.err << "      " << session_.say(Word::NO_DOCUMENT) << std::endl;
      return;
    }
    v1::ValidateRequest request;
    *request.mutable_context() = act();
    request.mutable_identity()->set_identity_id(identity_.identity_id());
    *request.mutable_evidence() = *evidence;
    request.set_traits_digest(identity_.traits_digest());
    request.set_expected_revision(identity_.revision());
    attempt([&] { return session_.client.validate_identity(request).identity(); });
  }

  Session& session_;
  const Step& step_;
  JsonDocument& document_;
  const v1::CallContext& context_;
  v1::IdentityReport identity_;
};

}  // namespace

std::optional<v1::IdentityReport> qualify(Session& session, const Step& step, JsonDocument& document,
                                          const v1::CallContext& context, const v1::SearchResult& result) {
  return Course(session, step, document, context).run(result);
}

}  // namespace insd::cli
