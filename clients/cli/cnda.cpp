// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/cnda.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <ostream>
#include <sstream>

#include <google/protobuf/struct.pb.h>
#include <sys/stat.h>

#include "clients/cli/commands.h"
#include "clients/cli/json.h"
#include "clients/cli/render.h"
#include "clients/cli/search_lease.h"
#include "clients/cli/text.h"

namespace insd::cli {
namespace {

constexpr int kSecondsAMinute = 60;

std::vector<std::string> words_of(std::string_view text) {
  std::istringstream stream{std::string(text)};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::string codes_of(const v1::SearchResult& result) {
  std::string codes;
  for (const auto& attempt : result.attempts()) {
    if (!codes.empty()) codes += ' ';
    codes += attempt.code().empty() ? attempt.error_code() : attempt.code();
  }
  return codes;
}

/// Both sides of a comparison, of what is expected only.
class Comparison {
 public:
  void add(std::string_view name, std::string_view expected, std::string_view got, bool fits) {
    if (expected.empty()) return;
    append(expected_, name, expected);
    append(got_, name, got);
    good_ = good_ && fits;
  }
  void same(std::string_view name, std::string_view expected, std::string_view got) {
    add(name, expected, got, expected == got);
  }
  void finish(CaseOutcome& outcome) const {
    outcome.expected = expected_;
    outcome.got = got_;
    outcome.verdict = good_ ? CaseVerdict::PASSED : CaseVerdict::FAILED;
  }

 private:
  static void append(std::string& to, std::string_view name, std::string_view text) {
    if (!to.empty()) to += "; ";
    if (!name.empty()) to.append(name).append(" ");
    to.append(text);
  }
  std::string expected_, got_;
  bool good_ = true;
};

// A question to INSi of this case, under `lease`.
v1::SearchResult ask(Session& session, const CndaCase& what, v1::CallContext context,
                     const SearchLease& lease) {
  context.set_request_id("cnda-" + std::string(what.slug));
  context.set_return_messages(true);
  if (what.play == Play::TRAITS) {
    v1::SearchByTraitsRequest request;
    *request.mutable_context() = context;
    auto& traits = *request.mutable_traits();
    traits.set_birth_name(std::string(what.birth_name));
    for (const auto& name : words_of(what.given_names)) traits.add_given_names(name);
    traits.set_sex(std::string(what.sex));
    traits.set_birth_date(std::string(what.birth_date));
    traits.set_birth_place(std::string(what.birth_place));
    lease.expect(request);
    return session.client.search_by_traits(request).result();
  }
  v1::SearchByVitaleRequest request;
  *request.mutable_context() = context;
  auto& reading = *request.mutable_supplied();
  reading.set_serial(std::string(what.serial));
  reading.set_insured_nir(std::string(what.insured_nir));
  reading.set_birth_date(std::string(what.birth_date));
  reading.mutable_read_time()->set_seconds(std::time(nullptr) -
                                           std::int64_t{what.reading_age_minutes} * kSecondsAMinute);
  lease.expect(request);
  return session.client.search_by_vitale(request).result();
}

// Not of one case: nothing can be played, and a dossier would tell lies.
bool ends_the_session(const std::string& code) {
  return code == "PERMISSION_DENIED" || code == "INSI_NOT_CONFIGURED" || code == "EDITOR_NOT_CONFIGURED" ||
         code.starts_with("LEASE_") || code.starts_with("PROFILE_") || code.starts_with("DAEMON_");
}

CaseOutcome play(Session& session, const CndaCase& what, const v1::CallContext& context,
                 const SearchLease& lease) {
  CaseOutcome outcome;
  outcome.what = &what;
  std::ostringstream screen;
  if (what.play != Play::NOT_PLAYABLE) {
    try {
      outcome.result = ask(session, what, context, lease);
      print_result(screen, session.language, outcome.result);
    } catch (const Failure& failure) {
      lease.forget_if_ended(failure);
      if (ends_the_session(failure.detail().code())) throw;
      outcome.error = failure.detail();
      *outcome.result.mutable_attempts() = failure.search().attempts();
      report(screen, failure, session.language, false);
    }
  }
  outcome.screen = screen.str();
  judge(session.language, outcome);
  return outcome;
}

std::vector<const CndaCase*> chosen(const Session& session) {
  const std::string& wanted = session.options.conformity_case;
  std::vector<const CndaCase*> found;
  std::string known;
  for (const CndaCase& each : cnda_cases()) {
    if (wanted == "all" || wanted == each.id || wanted == each.slug) found.push_back(&each);
    known += (known.empty() ? "" : ", ") + std::string(each.slug);
  }
  if (found.empty()) throw UsageError(session.say(Word::CNDA_UNKNOWN_CASE, {printable(wanted), known}));
  return found;
}

}  // namespace

std::string name_of(CaseVerdict verdict) {
  if (verdict == CaseVerdict::PASSED) return "passed";
  return verdict == CaseVerdict::FAILED ? "failed" : "not_playable";
}

void judge(Language language, CaseOutcome& outcome) {
  const Expectation& wanted = outcome.what->expected;
  if (outcome.what->play == Play::NOT_PLAYABLE) {
    outcome.verdict = CaseVerdict::NOT_PLAYABLE;
    return;
  }
  Comparison comparison;
  const bool failed = !outcome.error.code().empty();
  const auto& result = outcome.result;
  const auto in_words = [language](v1::SearchOutcome which) {
    return term_of(language, which, v1::SearchOutcome_Name);
  };
  const std::string got = failed ? outcome.error.code() : in_words(result.outcome());
  if (wanted.outcome == v1::SEARCH_OUTCOME_UNSPECIFIED) {
    comparison.same("", wanted.error, got);
    return comparison.finish(outcome);
  }
  comparison.same("", in_words(wanted.outcome), got);
  const auto& answer = result.answer();
  const auto label = [language](Word word) { return say(language, word); };
  comparison.same(label(Word::INS_NUMBER), wanted.number, answer.number().number());
  comparison.same(label(Word::KEY), wanted.key, answer.number().key());
  comparison.same("OID", wanted.oid, answer.number().oid());
  comparison.same(label(Word::GIVEN_NAMES), wanted.given_names, answer.traits().given_names());
  comparison.same(label(Word::BIRTH_PLACE), wanted.birth_place, answer.traits().birth_place());
  if (wanted.history > 0) {
    comparison.add(label(Word::HISTORY), ">= " + std::to_string(wanted.history),
                   std::to_string(answer.history_size()), answer.history_size() >= wanted.history);
  }
  comparison.same(label(Word::BIRTH_NAME), wanted.name_sent, result.trace().traits_sent().birth_name());
  comparison.same(label(Word::CNDA_REQUEST), wanted.codes, codes_of(result));
  comparison.finish(outcome);
}

int run_insi_cnda(Session& session) {
  const auto cases = chosen(session);
  const std::string& directory = session.options.directory;
  struct stat facts {};
  if (::lstat(directory.c_str(), &facts) == 0)
    throw UsageError(session.say(Word::CNDA_EXISTS, {printable(directory), std::strerror(EEXIST)}));
  // The daemon refuses again, by its own configuration, each question that asks for its messages.
  const auto info = session.client.info();
  if (info.environment() != v1::ENVIRONMENT_TEST) {
    throw Failure("PERMISSION_DENIED", session.say(Word::CNDA_PRODUCTION),
                  session.say(Word::CNDA_PRODUCTION_REMEDY));
  }
  const SearchLease lease(session);
  const v1::CallContext context = call_context(session, lease.token());
  std::vector<CaseOutcome> outcomes;
  for (const CndaCase* const each : cases) outcomes.push_back(play(session, *each, context, lease));
  write_dossier(session.language, directory, outcomes,
                "insd " + info.version() + ", " + info.insi_endpoint());

  const auto count = [&](CaseVerdict verdict) {
    return std::to_string(std::ranges::count(outcomes, verdict, &CaseOutcome::verdict));
  };
  const auto failed = count(CaseVerdict::FAILED);
  if (session.options.json) {
    google::protobuf::Struct document;
    for (const CaseOutcome& each : outcomes)
      (*document.mutable_fields())[std::string(each.what->slug)].set_string_value(name_of(each.verdict));
    session.io.out << to_json(document) << '\n';
  } else {
    session.io.out << session.say(Word::CNDA_WRITTEN, {printable(directory), count(CaseVerdict::PASSED),
                                                       failed, count(CaseVerdict::NOT_PLAYABLE)})
                   << '\n';
  }
  return failed == "0" ? EXIT_OK : EXIT_NEGATIVE;
}

}  // namespace insd::cli
