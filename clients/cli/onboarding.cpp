// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/onboarding.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <initializer_list>
#include <ostream>

#include <google/protobuf/struct.pb.h>

#include "clients/cli/checkpoints.h"
#include "clients/cli/commands.h"
#include "clients/cli/doctor.h"
#include "clients/cli/json.h"
#include "clients/cli/text.h"

namespace insd::cli {
namespace {

constexpr auto kTitles = std::to_array<StepTitle>({
    {"service", "Service insd", "The insd daemon"},
    {"readers", "Lecteurs", "Readers"},
    {"cards", "Cartes", "Cards"},
    {"module", "Accès à la carte du professionnel", "Way to the professional's card"},
    {"certificate", "Certificat qui signe ou authentifie", "Certificate that signs or authenticates"},
    {"trust_store", "Autorités de confiance", "Trust store"},
    {"clock", "Horloge", "Clock"},
    {"proxy", "Serveur mandataire", "Proxy"},
    {"editor", "Éditeur et numéro d'autorisation", "Editor and authorisation number"},
    {"profile", "Profil d'exercice", "Profile"},
    {"journal", "Piste d'audit", "Audit trail"},
    {"reachability", "Liaison avec le téléservice INSi", "Connection with the INSi teleservice"},
});

Step named(std::string_view name) {
  Step step;
  step.name = name;
  return step;
}

class Examination {
 public:
  Examination(Language language, const Observed& seen, std::int64_t now)
      : language_(language), seen_(seen), now_(now) {}

  [[nodiscard]] Step examine(std::string_view name) const {
    if (!seen_.info) return name == "service" ? failed(name, "info") : before(name);
    if (name == "service")
      return done(name, "insd " + seen_.info->version() + ", " + seen_.info->insi_endpoint());
    if (name == "readers") return readers();
    if (name == "cards") return cards();
    if (name == "module") return module();
    if (name == "certificate") return certificate();
    if (name == "journal") return journal();
    if (name == "reachability")
      return checked(name, {"environment", "connection", "tls", "host_name", "server_certificate"});
    return checked(name, {name});
  }

 private:
  [[nodiscard]] static Step done(std::string_view name, std::string detail) {
    Step step = named(name);
    step.state = StepState::DONE;
    step.detail = printable(detail);
    return step;
  }

  [[nodiscard]] Step advised(std::string_view name, StepState state, std::string_view code) const {
    const Finding words = advice(language_, code);
    Step step = named(name);
    step.state = state;
    step.code = words.code;
    step.summary = words.summary;
    step.remedy = words.remedy;
    return step;
  }

  // Another step stands before this one.
  [[nodiscard]] Step before(std::string_view name) const {
    return advised(name, StepState::UNKNOWN, "EARLIER_STEP_FIRST");
  }

  [[nodiscard]] Step failed(std::string_view name, const std::string& call) const {
    const auto found = seen_.failures.find(call);
    if (found == seen_.failures.end()) return before(name);
    const v1::ErrorDetail& why = found->second;
    if (why.code() == "PERMISSION_DENIED") return advised(name, StepState::UNKNOWN, "ASK_AN_ADMINISTRATOR");
    Step step = named(name);
    step.state = StepState::TO_DO;
    step.code = printable(why.code());
    step.summary = printable(why.summary());
    step.remedy = printable(why.remedy());
    return step;
  }

  [[nodiscard]] Step readers() const {
    if (!seen_.readers) return failed("readers", "readers");
    for (const Finding& finding : check_readers(language_, *seen_.readers)) {
      if (finding.severity != Severity::PROBLEM || is_about_a_card(finding.code)) continue;
      Step step = named("readers");
      step.state = StepState::TO_DO;
      step.code = finding.code;
      step.summary = (finding.subject.empty() ? "" : finding.subject + colon_()) + finding.summary;
      step.remedy = finding.remedy;
      return step;
    }
    return done("readers", std::to_string(seen_.readers->readers_size()));
  }

  // A reader that works, with a card that does not, is a matter of the next step.
  [[nodiscard]] static bool is_about_a_card(const std::string& code) { return code.starts_with("CARD_"); }
  [[nodiscard]] std::string colon_() const { return std::string(colon(language_)); }
  [[nodiscard]] bool by_card() const { return seen_.info->insi_mode() != v1::INSI_MODE_ORGANISATION; }

  [[nodiscard]] bool has_card(std::initializer_list<v1::CardKind> kinds) const {
    return std::ranges::any_of(seen_.readers->readers(), [&](const v1::Reader& reader) {
      return std::ranges::find(kinds, reader.card_kind()) != kinds.end();
    });
  }
  [[nodiscard]] bool has_professional() const { return has_card({v1::CARD_KIND_CPS_3, v1::CARD_KIND_CPS_4}); }

  [[nodiscard]] Step cards() const {
    if (!seen_.readers || seen_.readers->readers().empty()) return before("cards");
    if (by_card() && !has_professional())
      return advised("cards", StepState::TO_DO, "PROFESSIONAL_CARD_MISSING");
    if (!has_card({v1::CARD_KIND_VITALE_2, v1::CARD_KIND_VITALE_1}))
      return advised("cards", StepState::TO_DO, "VITALE_CARD_MISSING");
    return done("cards", by_card() ? "CPS, Vitale" : "Vitale");
  }

  [[nodiscard]] Step module() const {
    if (!by_card()) return done("module", "mode organisation");
    if (!seen_.readers || !has_professional()) return before("module");
    if (!seen_.card) return failed("module", "card");
    const auto& how = seen_.card->capabilities();
    return done("module",
                v1::CpsBackend_Name(how.backend()) + (how.module().empty() ? "" : ", " + how.module()));
  }

  [[nodiscard]] Step certificate() const {
    if (!by_card())
      return checked("certificate", {"credential", "certificate_chain", "certificate_validity"});
    if (!seen_.card) return before("certificate");
    const auto& card = seen_.card->card();
    if (!card.has_not_after()) return advised("certificate", StepState::UNKNOWN, "CERTIFICATE_DATES_UNKNOWN");
    if (card.not_after().seconds() < now_ || (card.has_not_before() && card.not_before().seconds() > now_))
      return advised("certificate", StepState::TO_DO, "PROFESSIONAL_CERTIFICATE_DATES");
    return done("certificate", v1::CertificateTrust_Name(card.certificate_trust()));
  }

  [[nodiscard]] Step journal() const {
    if (!seen_.journal) return failed("journal", "journal");
    if (seen_.journal->bad_sequence() != 0) return advised("journal", StepState::TO_DO, "AUDIT_TRAIL_BROKEN");
    return done("journal", std::to_string(seen_.journal->record_count()));
  }

  // The worst of the checks with these names: a failure before what was not looked at.
  [[nodiscard]] Step checked(std::string_view name, std::initializer_list<std::string_view> names) const {
    if (!seen_.insi) return failed(name, "insi");
    bool told = false;
    bool untold = false;
    std::string detail;
    for (const v1::Check& check : seen_.insi->checks()) {
      if (std::ranges::find(names, check.name()) == names.end()) continue;
      const bool bad = check.state() == v1::CHECK_STATE_FAILED || check.code() == "CLOCK_SKEWED";
      if (bad) {
        Step step = named(name);
        step.state = StepState::TO_DO;
        step.code = printable(check.code());
        step.remedy = printable(check.remedy());
        step.detail = printable(check.detail());
        return step;
      }
      told = true;
      untold = untold || check.state() == v1::CHECK_STATE_SKIPPED;
      detail += (detail.empty() ? "" : "; ") + check.detail();
    }
    if (!told || untold) {
      Step step = before(name);
      step.detail = printable(detail);
      return step;
    }
    return done(name, detail);
  }

  Language language_;
  const Observed& seen_;
  std::int64_t now_;
};

Observed observe(Session& session) {
  Observed seen;
  const auto ask = [&](const char* name, auto& answer, const auto& call) {
    try {
      answer = call();
    } catch (const Failure& failure) {
      seen.failures[name] = failure.detail();
    }
  };
  Client& client = session.client;
  ask("info", seen.info, [&] { return client.info(); });
  if (!seen.info) return seen;
  ask("readers", seen.readers, [&] { return client.readers(); });
  ask("card", seen.card, [&] {
    v1::GetProfessionalCardRequest request;
    *request.mutable_card() = selection(session, session.options.cps_reader);
    return client.professional_card(request);
  });
  ask("insi", seen.insi, [&] {
    v1::CheckInsiRequest request;
    request.set_profile(session.options.profile);
    request.set_offline(session.options.offline);
    return client.check_insi(request);
  });
  ask("journal", seen.journal, [&] {
    v1::VerifyJournalRequest request;
    add_checkpoints(request);
    return client.verify_journal(request);
  });
  return seen;
}

std::string_view name_of(StepState state) {
  if (state == StepState::DONE) return "done";
  return state == StepState::TO_DO ? "to_do" : "unknown";
}

std::string title_of(Language language, std::string_view name) {
  const auto* const title = std::ranges::find(kTitles, name, &StepTitle::name);
  return std::string(language == Language::FRENCH ? title->fr : title->en);
}

std::string document(Language language, const std::vector<Step>& steps, const Step* next) {
  google::protobuf::Struct whole;
  auto& fields = *whole.mutable_fields();
  fields["next"].set_string_value(next == nullptr ? "" : next->name);
  auto& list = *fields["steps"].mutable_list_value();
  for (const Step& step : steps) {
    auto& entry = *list.add_values()->mutable_struct_value()->mutable_fields();
    entry["name"].set_string_value(step.name);
    entry["title"].set_string_value(title_of(language, step.name));
    entry["state"].set_string_value(std::string(name_of(step.state)));
    entry["code"].set_string_value(step.code);
    entry["summary"].set_string_value(step.summary);
    entry["remedy"].set_string_value(step.remedy);
    entry["detail"].set_string_value(step.detail);
  }
  return to_json(whole);
}

void print(const Session& session, const Step& step, std::size_t number) {
  auto& out = session.io.out;
  const Word state = step.state == StepState::DONE    ? Word::ONBOARDING_DONE
                     : step.state == StepState::TO_DO ? Word::ONBOARDING_TO_DO
                                                      : Word::ONBOARDING_UNKNOWN;
  out << padded(std::to_string(number), 3) << padded(session.say(state), 12)
      << title_of(session.language, step.name);
  if (!step.summary.empty()) out << colon(session.language) << step.summary;
  if (step.state == StepState::TO_DO) out << " (" << step.code << ")";
  out << '\n';
  if (session.options.verbose && !step.detail.empty()) out << std::string(15, ' ') << step.detail << '\n';
  if (!step.remedy.empty())
    out << std::string(15, ' ') << session.say(Word::REMEDY_IS, {step.remedy}) << '\n';
}

}  // namespace

std::span<const StepTitle> step_titles() {
  return kTitles;
}

std::vector<Step> onboarding_steps(Language language, const Observed& seen, std::int64_t now) {
  const Examination examination(language, seen, now);
  std::vector<Step> steps;
  for (const StepTitle& title : kTitles) steps.push_back(examination.examine(title.name));
  return steps;
}

const Step* next_step(const std::vector<Step>& steps) {
  for (const StepState wanted : {StepState::TO_DO, StepState::UNKNOWN}) {
    const auto found = std::ranges::find(steps, wanted, &Step::state);
    if (found != steps.end()) return &*found;
  }
  return nullptr;
}

int run_onboarding(Session& session) {
  const auto steps = onboarding_steps(session.language, observe(session), std::time(nullptr));
  const Step* const next = next_step(steps);
  const int status = next == nullptr ? EXIT_OK : EXIT_NEGATIVE;
  if (session.options.json) {
    session.io.out << document(session.language, steps, next) << '\n';
    return status;
  }
  for (std::size_t i = 0; i < steps.size(); ++i) print(session, steps[i], i + 1);
  session.io.out << (next == nullptr
                         ? session.say(Word::ONBOARDING_COMPLETE)
                         : session.say(Word::ONBOARDING_NEXT, {title_of(session.language, next->name)}))
                 << '\n';
  return status;
}

}  // namespace insd::cli
