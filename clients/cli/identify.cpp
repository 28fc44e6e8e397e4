// SPDX-License-Identifier: Apache-2.0
// `insctl identify`: the whole way from the readers to an INSi answer, and, where a person or options decide,
// to a qualified identity. Progress goes to standard error, the result to standard output.
#include <optional>
#include <ostream>

#include <google/protobuf/util/time_util.h>

#include "clients/cli/commands.h"
#include "clients/cli/decision.h"
#include "clients/cli/json.h"
#include "clients/cli/login_dialogue.h"
#include "clients/cli/qualification.h"
#include "clients/cli/render.h"
#include "clients/cli/render_identity.h"
#include "clients/cli/text.h"

namespace insd::cli {
namespace {

constexpr int kSearchSteps = 6;

class Identification {
 public:
  explicit Identification(Session& session)
      : session_(session),
        decides_(is_decision_wanted(session)),
        steps_(kSearchSteps + (decides_ ? kQualificationSteps : 0)) {}

  int run() {
    ask_daemon();
    list_readers();
    const bool with_card = info_.insi_mode() != v1::INSI_MODE_ORGANISATION;
    if (with_card) {
      read_professional();
      log_in();
    } else {
      step(Word::STEP_PROFESSIONAL, session_.say(Word::STEP_ORGANISATION));
      step(Word::STEP_LOGIN, session_.say(Word::NONE));
    }
    const auto reading = read_patient();
    const auto& person = chosen_beneficiary(session_, reading);
    session_.io.err << "      " << session_.say(Word::CHOSEN, {printable(describe(person))}) << std::endl;
    const auto result = search(reading, person);
    std::optional<v1::IdentityReport> identity;
    if (decides_) {
      const Step next = [this](Word title, const std::string& text) { step(title, text); };
      identity = qualify(session_, next, document_, context_, result);
    }
    if (session_.options.json) session_.io.out << document_.text() << '\n';
    if (!identity) return exit_status_of(result);
    if (!session_.options.json) {
      session_.io.err << std::endl;
      print_identity(session_.io.out, session_.language, *identity);
    }
    return identity->complete() ? EXIT_OK : EXIT_NEGATIVE;
  }

 private:
  void step(Word title, const std::string& text) {
    session_.io.err << '[' << ++step_ << '/' << steps_ << "] " << session_.say(title)
                    << colon(session_.language) << text << std::endl;
  }

  void ask_daemon() {
    info_ = session_.client.info();
    document_.add("info", info_);
    step(Word::STEP_DAEMON, "insd " + printable(info_.version()) + ", " +
                                session_.say(Word::STATUS_ENVIRONMENT) +
                                std::string(colon(session_.language)) +
                                term_of(session_.language, info_.environment(), v1::Environment_Name));
  }

  void list_readers() {
    const auto readers = session_.client.readers();
    document_.add("readers", readers);
    step(Word::STEP_READERS,
         readers.readers().empty() ? session_.say(Word::NO_READER) : std::to_string(readers.readers_size()));
    if (readers.pcsc().state() != v1::PCSC_STATE_AVAILABLE)
      print_pcsc(session_.io.err, session_.language, readers.pcsc());
    for (const auto& reader : readers.readers()) {
      session_.io.err << "      ";
      print_reader(session_.io.err, session_.language, reader, session_.options.verbose);
    }
  }

  void read_professional() {
    v1::GetProfessionalCardRequest request;
    *request.mutable_card() = selection(session_, session_.options.cps_reader);
    card_ = session_.client.professional_card(request).card();
    document_.add("professional_card", card_);
    std::string text = holder_of(card_) + ", " + card_.national_id();
    if (card_.test_pki()) text += " (" + session_.say(Word::TEST_CARD) + ")";
    step(Word::STEP_PROFESSIONAL, printable(text));
  }

  void log_in() {
    // The reader of the card just read, so that the question is about the same card.
    login_.emplace(session_, card_.reader(), LoginForm::HELD);
    v1::Lease shown = login_->lease();
    shown.clear_lease();
    document_.add("lease", shown);
    step(Word::STEP_LOGIN, session_.say(Word::LOGGED_IN, {printable(shown.holder())}));
    for (const auto& warning : shown.warnings())
      session_.io.err << "      ! " << printable(session_.term(warning)) << '\n';
  }

  v1::VitaleReading read_patient() {
    auto reading = read_vitale(session_);
    document_.add("reading", reading);
    step(Word::STEP_VITALE, reader_in_words(reading.reader_alias(), reading.reader()));
    print_beneficiaries(session_.io.err, session_.language, reading);
    return reading;
  }

  v1::SearchResult search(const v1::VitaleReading& reading, const v1::Beneficiary& person) {
    auto request = vitale_request(session_, reading, person);
    context_ = call_context(session_, login_ ? login_->lease().lease() : "");
    *request.mutable_context() = context_;
    if (login_) request.add_expected_generations(card_.generation());
    const auto response = session_.client.search_by_vitale(request);
    const auto& result = response.result();
    std::string attempts;
    for (const auto& attempt : result.attempts()) {
      const auto milliseconds = google::protobuf::util::TimeUtil::DurationToMilliseconds(attempt.duration());
      attempts += (attempts.empty() ? "" : "; ") + attempt.code() + " " + attempt.label() + " (" +
                  std::to_string(milliseconds) + " ms)";
    }
    step(Word::STEP_INSI, printable(attempts));
    document_.add("beneficiary_index", person.index());
    document_.add("result", result);
    if (!session_.options.json) {
      session_.io.err << std::endl;
      print_result(session_.io.out, session_.language, result);
      session_.io.out.flush();
    }
    return result;
  }

  Session& session_;
  const bool decides_;
  const int steps_;
  JsonDocument document_;
  v1::CallContext context_;
  v1::GetInfoResponse info_;
  v1::ProfessionalCard card_;
  std::optional<Login> login_;
  int step_ = 0;
};

}  // namespace

int run_identify(Session& session) {
  return Identification(session).run();
}

}  // namespace insd::cli
