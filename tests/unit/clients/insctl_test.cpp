// SPDX-License-Identifier: Apache-2.0
// Whole runs of insctl against a fake daemon: exit statuses, what is sent, what is said.
#include <algorithm>
#include <map>
#include <thread>

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "tests/unit/clients/fake_daemon.h"
#include "tests/unit/clients/fake_pinentry.h"
#include "tests/unit/clients/insctl_run.h"

namespace insd::cli {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kPin = "73917391";

class Insctl : public ::testing::Test {
 protected:
  Insctl() {
    daemon.info.set_version("9.8.7");
    daemon.info.set_environment(v1::ENVIRONMENT_TEST);
    daemon.info.set_insi_mode(v1::INSI_MODE_CPS);
    daemon.readers.mutable_pcsc()->set_state(v1::PCSC_STATE_AVAILABLE);
    auto& card = *daemon.card.mutable_card();
    card.set_reader("reader-a");
    card.set_generation("run-1");
    card.set_family_name("MARTIN");
    card.set_given_name("JEANNE");
    daemon.lease.set_lease("LEASE-TOKEN-1");
    daemon.lease.set_holder("JEANNE MARTIN");
    daemon.lease.set_generation("run-1");
    ask_for_pin(3);
    auto& reading = *daemon.vitale.mutable_reading();
    reading.set_reader("reader-b");
    reading.set_generation("run-2");
    add_person("DURAND", "PAUL", 0);
    add_person("DURAND", "LEA", 1);
    auto& result = *daemon.by_vitale.mutable_result();
    result.set_outcome(v1::SEARCH_OUTCOME_FOUND);
    result.set_environment(v1::ENVIRONMENT_TEST);
    result.mutable_answer()->mutable_number()->set_number("2550699999999");
    result.mutable_answer()->mutable_number()->set_key("34");
    result.mutable_answer()->mutable_number()->set_oid("1.2.250.1.213.1.4.10");
    result.mutable_answer()->mutable_number()->set_kind(v1::NUMBER_KIND_NIR_TEST);
    result.mutable_answer()->mutable_traits()->set_birth_name("DURAND");
    result.mutable_answer()->mutable_traits()->set_given_names("LEA ANNE");
    result.mutable_answer()->mutable_traits()->add_first_given_name_candidates("LEA");
    result.mutable_answer()->mutable_traits()->add_first_given_name_candidates("LEA ANNE");
    result.add_missing_for_qualification("ACCEPTANCE");
    result.add_missing_for_qualification("DOCUMENT_CHECK");
    result.add_warnings("BIRTH_RANK_ASSUMED");
    auto& attempt = *result.add_attempts();
    attempt.set_code("00");
    attempt.set_label("OK");
    *daemon.by_traits.mutable_result() = result;
  }

  void add_person(const std::string& name, const std::string& given_name, unsigned index) {
    auto& person = *daemon.vitale.mutable_reading()->add_beneficiaries();
    person.set_index(index);
    person.set_usual_name(name);
    person.set_given_name(given_name);
    person.set_birth_date("1999-06-25");
    person.set_nir("2550699999999");
  }

  void ask_for_pin(int tries_left) {
    v1::LoginPrompt prompt;
    prompt.set_prompt_id("pin-question");
    prompt.set_kind(v1::PROMPT_KIND_PIN);
    prompt.set_card_number("1234567890");
    prompt.set_holder("JEANNE MARTIN");
    prompt.set_reader("reader-a");
    prompt.set_tries_left(tries_left);
    daemon.prompts.push_back(prompt);
  }

  void ask_for_consent() {
    v1::LoginPrompt prompt = daemon.prompts.front();
    prompt.set_prompt_id("consent-question");
    prompt.set_kind(v1::PROMPT_KIND_LAST_TRY_CONSENT);
    prompt.set_tries_left(1);
    daemon.prompts.insert(daemon.prompts.begin(), prompt);
  }

  // Runs insctl with this standard input; `out` and `err` receive what it printed.
  int insctl(std::vector<std::string> arguments, const std::string& input = "", bool interactive = false) {
    return take(test::run_insctl(arguments, input, interactive, surroundings()));
  }

  int run_on(int input, const std::vector<std::string>& arguments, bool interactive) {
    return take(test::run_insctl_on(input, arguments, interactive, surroundings()));
  }

  test::Environment surroundings() {
    if (environment.count("INSD_SOCKET") == 0) environment["INSD_SOCKET"] = daemon.target();
    return [this](const char* name) {
      const auto found = environment.find(name);
      return found == environment.end() ? nullptr : found->second.c_str();
    };
  }

  int take(const test::Ran& ran) {
    out = ran.out;
    err = ran.err;
    EXPECT_THAT(out + err, Not(HasSubstr(kPin)));
    return ran.status;
  }

  void with_runtime_directory() { environment["XDG_RUNTIME_DIR"] = runtime.path().string(); }
  [[nodiscard]] LeaseFile lease_file() const { return {runtime.path().c_str(), Language::ENGLISH}; }

  google::protobuf::Struct json() {
    google::protobuf::Struct document;
    EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(out, &document).ok()) << out;
    return document;
  }

  test::FakeDaemon daemon;
  test::PrivateDirectory runtime;
  std::map<std::string, std::string> environment{{"LANG", "en_GB.UTF-8"}};
  std::string out;
  std::string err;
};

TEST_F(Insctl, AWrongCommandLineIsUsage) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"nonsense"},
                                             {"readers", "extra"},
                                             {"insi"},
                                             {"insi", "traits"},
                                             {"identify", "--beneficiary", "0"},
                                             {"identify", "--beneficiary", "x"},
                                             {"insi", "vitale", "--attributes", "bad"},
                                             {"identify", "--pin", kPin},
                                             {"login", kPin},
                                             {"--socket", "localhost:50051", "readers"}}) {
    EXPECT_EQ(insctl(arguments), EXIT_USAGE) << ::testing::PrintToString(arguments);
    EXPECT_EQ(out, "");
    EXPECT_NE(err, "");
  }
}

TEST_F(Insctl, HelpAndVersionNeedNoDaemon) {
  environment["INSD_SOCKET"] = "unix:/nonexistent/insd.sock";
  EXPECT_EQ(insctl({"--help"}), EXIT_OK);
  EXPECT_THAT(out, HasSubstr("identify"));
  EXPECT_EQ(insctl({"insi", "traits", "--help"}), EXIT_OK);
  EXPECT_THAT(out, HasSubstr("--birth-place"));
  EXPECT_EQ(insctl({"--version"}), EXIT_OK);
  EXPECT_THAT(out, HasSubstr("insctl "));
}

TEST_F(Insctl, NoDaemonAndNoPermissionHaveTheirOwnWords) {
  environment["INSD_SOCKET"] = "unix:" + (runtime.path() / "nobody.sock").string();
  EXPECT_EQ(insctl({"readers"}), EXIT_ERROR);
  EXPECT_THAT(err, HasSubstr("DAEMON_ABSENT"));
  EXPECT_THAT(err, HasSubstr("systemctl start insd.socket"));
  if (::geteuid() == 0) return;  // root passes every mode
  environment["INSD_SOCKET"] = daemon.target();
  ASSERT_EQ(::chmod(daemon.target().substr(5).c_str(), 0), 0);
  EXPECT_EQ(insctl({"readers"}), EXIT_ERROR);
  EXPECT_THAT(err, HasSubstr("DAEMON_REFUSED"));
}

TEST_F(Insctl, AnErrorShowsCodeSummaryAndRemedy) {
  auto detail = test::error_detail("CARD_ABSENT");
  auto& violation = *detail.add_field_violations();
  violation.set_field("context.purpose_id");
  violation.set_description("too long");
  daemon.failure = test::status_with(detail);
  EXPECT_EQ(insctl({"vitale"}), EXIT_ERROR);
  EXPECT_EQ(out, "");
  EXPECT_THAT(err, HasSubstr("CARD_ABSENT: SUMMARY-OF-CARD_ABSENT"));
  EXPECT_THAT(err, HasSubstr("REMEDY-OF-CARD_ABSENT"));
  EXPECT_THAT(err, HasSubstr("context.purpose_id"));
  EXPECT_THAT(err, Not(HasSubstr("DETAIL-OF")));
  EXPECT_EQ(insctl({"vitale", "--verbose"}), EXIT_ERROR);
  EXPECT_THAT(err, HasSubstr("DETAIL-OF-CARD_ABSENT"));
}

TEST_F(Insctl, AnErrorAsJsonIsOneDocumentOnStandardOutput) {
  daemon.failure = test::status_with(test::error_detail("CARD_ABSENT"));
  EXPECT_EQ(insctl({"vitale", "--json"}), EXIT_ERROR);
  EXPECT_EQ(json().fields().at("error").struct_value().fields().at("code").string_value(), "CARD_ABSENT");
  EXPECT_THAT(err, HasSubstr("CARD_ABSENT"));
}

TEST_F(Insctl, AStatusWithoutDetailIsStillAnError) {
  daemon.failure = grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "old daemon");
  EXPECT_EQ(insctl({"readers"}), EXIT_ERROR);
  EXPECT_THAT(err, HasSubstr("DAEMON_UNEXPECTED"));
  daemon.failure = grpc::Status(grpc::StatusCode::INTERNAL, "x", "\xff\xff not a status");
  EXPECT_EQ(insctl({"readers"}), EXIT_ERROR);
  EXPECT_THAT(err, HasSubstr("DAEMON_UNEXPECTED"));
}

TEST_F(Insctl, TextsOfTheDaemonCannotActOnTheTerminal) {
  auto& reader = *daemon.readers.add_readers();
  reader.set_name("bad\x1b]0;x\x07name");
  EXPECT_EQ(insctl({"readers"}), EXIT_OK);
  EXPECT_EQ(out.find('\x1b'), std::string::npos);
  EXPECT_THAT(out, HasSubstr("bad?]0;x?name"));
}

TEST_F(Insctl, TheLocaleChoosesTheLanguageHereAndThere) {
  EXPECT_EQ(insctl({"readers"}), EXIT_OK);
  EXPECT_THAT(out, HasSubstr("No reader."));
  EXPECT_EQ(insctl({"status"}), EXIT_OK);
  EXPECT_EQ(daemon.language, "en");
  environment["LANG"] = "C.UTF-8";
  EXPECT_EQ(insctl({"status"}), EXIT_OK);
  EXPECT_EQ(daemon.language, "fr");
  EXPECT_THAT(out, HasSubstr("Version du service"));
}

TEST_F(Insctl, CapabilitiesAreShownWhenAskedFor) {
  auto& can = *daemon.card.mutable_capabilities();
  can.set_backend(v1::CPS_BACKEND_MODULE);
  can.set_module("/usr/lib/cps.so");
  can.set_module_description("maker, name\x1b[2J 3.1");
  can.set_signature_key(v1::KEY_STATE_UNTRIED);
  EXPECT_EQ(insctl({"professional"}), EXIT_OK);
  EXPECT_EQ(out.find("/usr/lib/cps.so"), std::string::npos);
  EXPECT_EQ(insctl({"professional", "--capabilities"}), EXIT_OK);
  EXPECT_THAT(out, HasSubstr("PKCS#11 module"));
  EXPECT_THAT(out, HasSubstr("/usr/lib/cps.so (maker, name?[2J 3.1)"));
  EXPECT_THAT(out, HasSubstr("not tried yet"));
  EXPECT_THAT(out, HasSubstr("not on the card"));
  environment["LANG"] = "C.UTF-8";
  EXPECT_EQ(insctl({"professional", "--capabilities"}), EXIT_OK);
  EXPECT_THAT(out, HasSubstr("pas encore essayée"));
}

TEST_F(Insctl, ActivitiesNeedALoginAndAreShown) {
  daemon.card.mutable_card()->set_national_id("899900000017");
  daemon.card.mutable_card()->set_national_id_kind(v1::NATIONAL_ID_KIND_RPPS);
  daemon.card.mutable_card()->set_speciality_code("SM26");
  auto& activity = *daemon.card.add_activities();
  activity.set_number(3);
  activity.set_structure_name("CABINET\x1b[2J");
  activity.set_sector_code("SA07");
  daemon.card.set_activities_source(v1::DATUM_SOURCE_READ);
  EXPECT_EQ(insctl({"professional", "--activities"}), EXIT_ERROR);
  EXPECT_THAT(err, HasSubstr("LEASE_REQUIRED"));
  EXPECT_EQ(insctl({"professional", "--activities", "--lease", "LEASE-TOKEN-1"}), EXIT_OK);
  EXPECT_THAT(out, HasSubstr("899900000017 (RPPS)"));
  EXPECT_THAT(out, HasSubstr("SM26"));
  EXPECT_THAT(out, HasSubstr("Activity 3"));
  EXPECT_THAT(out, HasSubstr("CABINET?[2J, SA07"));
  EXPECT_EQ(insctl({"professional"}), EXIT_OK);
  EXPECT_THAT(out, Not(HasSubstr("Activity")));
  daemon.card.clear_activities();
  daemon.card.set_activities_source(v1::DATUM_SOURCE_NOT_PRESENT);
  EXPECT_EQ(insctl({"professional", "--activities", "--lease", "LEASE-TOKEN-1"}), EXIT_OK);
  EXPECT_THAT(out, HasSubstr("not on the card"));
}

TEST_F(Insctl, AuthenticatePrintsTheProofAlone) {
  daemon.proof.set_proof("header.payload.signature");
  const std::string challenge(32, 'a');
  EXPECT_EQ(
      insctl({"authenticate", "--audience", "https://a.example", "--challenge", challenge, "--lease", "L"}),
      EXIT_OK);
  EXPECT_EQ(out, "header.payload.signature\n");
  EXPECT_EQ(daemon.proof_request.challenge(), std::string(16, '\xaa'));
  EXPECT_EQ(daemon.proof_request.audience(), "https://a.example");
  EXPECT_EQ(daemon.proof_request.lease(), "L");
  EXPECT_EQ(insctl({"authenticate", "--audience", "x", "--challenge", challenge}), EXIT_ERROR);
  EXPECT_THAT(err, HasSubstr("LEASE_REQUIRED"));
  for (const std::string& bad : {std::string(), std::string(30, 'a'), std::string(33, 'a'),
                                 std::string(130, 'a'), std::string(32, 'g')}) {
    EXPECT_EQ(insctl({"authenticate", "--audience", "x", "--challenge", bad, "--lease", "L"}), EXIT_USAGE)
        << bad;
  }
}

TEST_F(Insctl, JsonKeepsTheContractsNames) {
  auto& reader = *daemon.readers.add_readers();
  reader.set_name("reader-a");
  reader.set_state(v1::READER_STATE_EMPTY);
  EXPECT_EQ(insctl({"readers", "--json"}), EXIT_OK);
  const auto document = json();
  const auto& first = document.fields().at("readers").list_value().values(0).struct_value().fields();
  EXPECT_EQ(first.at("state").string_value(), "READER_STATE_EMPTY");
  EXPECT_EQ(first.at("card_kind").string_value(), "CARD_KIND_UNSPECIFIED");
  EXPECT_FALSE(first.at("enabled").bool_value());
}

TEST_F(Insctl, AReaderIsEnabledAndDisabledByItsNameOrAlias) {
  auto& reader = *daemon.order_result.mutable_reader();
  reader.set_name("reader-a");
  reader.set_alias("desk-1");
  reader.set_state(v1::READER_STATE_DISABLED);
  EXPECT_EQ(insctl({"reader", "disable", "desk-1"}), EXIT_OK) << err;
  EXPECT_THAT(out, HasSubstr("desk-1 [reader-a]: disabled"));
  EXPECT_EQ(insctl({"reader", "enable", "--", "desk-1"}), EXIT_OK) << err;
  ASSERT_EQ(daemon.orders.size(), 2U);
  EXPECT_EQ(daemon.orders[0].reader(), "desk-1");
  EXPECT_FALSE(daemon.orders[0].enabled());
  EXPECT_EQ(daemon.orders[1].reader(), "desk-1");
  EXPECT_TRUE(daemon.orders[1].enabled());

  EXPECT_EQ(insctl({"reader"}), EXIT_USAGE);
  EXPECT_EQ(insctl({"reader", "enable"}), EXIT_USAGE);
  EXPECT_EQ(insctl({"reader", "forget", "desk-1"}), EXIT_USAGE);
  EXPECT_EQ(daemon.orders.size(), 2U);
  daemon.failure = test::status_with(test::error_detail("READER_NOT_FOUND"));
  EXPECT_EQ(insctl({"reader", "disable", "desk-2"}), EXIT_ERROR);
  EXPECT_THAT(err, HasSubstr("READER_NOT_FOUND"));
}

TEST_F(Insctl, AReaderThatIsNotPluggedInIsShownByItsAlias) {
  auto& reader = *daemon.order_result.mutable_reader();
  reader.set_alias("desk-1");
  reader.set_state(v1::READER_STATE_UNUSABLE);
  reader.set_problem_code("READER_NOT_FOUND");
  EXPECT_EQ(insctl({"reader", "enable", "desk-1"}), EXIT_OK) << err;
  EXPECT_THAT(out, HasSubstr("desk-1: unusable"));
  EXPECT_THAT(out, HasSubstr("READER_NOT_FOUND"));
}

TEST_F(Insctl, WatchPrintsOneDocumentALineAndTellsWhyItEnded) {
  for (std::uint64_t i = 1; i <= 3; ++i) {
    v1::WatchReadersResponse event;
    event.set_sequence(i);
    event.set_reader_removed("reader-" + std::to_string(i));
    daemon.events.push_back(event);
  }
  EXPECT_EQ(insctl({"watch"}), EXIT_ERROR);
  EXPECT_THAT(err, HasSubstr("SHUTTING_DOWN"));
  EXPECT_THAT(out, HasSubstr("reader-3"));
  EXPECT_EQ(insctl({"watch", "--json"}), EXIT_ERROR);
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 4);  // three events and the error
}

TEST_F(Insctl, WatchTellsAnOutageInWords) {
  const auto add = [&](v1::PcscEventKind kind, int outage_ms) {
    v1::WatchReadersResponse event;
    event.mutable_pcsc_event()->set_kind(kind);
    event.mutable_pcsc_event()->mutable_event_time()->set_seconds(1'700'000'000);
    if (outage_ms > 0) event.mutable_pcsc_event()->mutable_outage()->set_nanos(outage_ms * 1'000'000);
    daemon.events.push_back(event);
  };
  add(v1::PCSC_EVENT_KIND_LOST, 0);
  add(v1::PCSC_EVENT_KIND_RECOVERING, 0);
  add(v1::PCSC_EVENT_KIND_RECOVERED, 101);
  EXPECT_EQ(insctl({"watch"}), EXIT_ERROR);
  EXPECT_THAT(out, ContainsRegex(": smart card service lost;.*\n.*: recovering\n.*recovered after 101 ms\n"));
  environment["LANG"] = "fr_FR.UTF-8";
  EXPECT_EQ(insctl({"watch"}), EXIT_ERROR);
  EXPECT_THAT(out, HasSubstr("2023-11-1"));
  EXPECT_THAT(out, HasSubstr("liaison avec le service de cartes à puce perdue"));
  EXPECT_THAT(out, HasSubstr("rétablie en 101 ms"));
}

TEST_F(Insctl, ReadersSayWhatIsWrongWithItsCodeAndWhatToDo) {
  auto& reader = *daemon.readers.add_readers();
  reader.set_name("reader-a");
  reader.set_state(v1::READER_STATE_HELD);
  reader.mutable_since()->set_seconds(1'700'000'000);
  reader.set_generation("run-7");
  reader.set_problem_code("READER_HELD");
  reader.set_problem("Un autre logiciel utilise ce lecteur.");
  reader.set_remedy("Fermer l'autre logiciel.");
  auto& pcsc = *daemon.readers.mutable_pcsc();
  pcsc.set_state(v1::PCSC_STATE_RECOVERING);
  pcsc.mutable_since()->set_seconds(1'700'000'000);
  pcsc.set_problem_code("PCSC_RESTARTING");
  environment["LANG"] = "fr_FR.UTF-8";
  EXPECT_EQ(insctl({"readers"}), EXIT_OK);
  EXPECT_THAT(out, HasSubstr("liaison en cours de rétablissement, depuis 2023-11-1"));
  EXPECT_THAT(out, HasSubstr("  PCSC_RESTARTING\n"));
  EXPECT_THAT(out, HasSubstr("reader-a : utilisé par un autre logiciel, depuis 2023-11-1"));
  EXPECT_THAT(out, HasSubstr("  READER_HELD: Un autre logiciel utilise ce lecteur.\n"
                             "  Que faire : Fermer l'autre logiciel.\n"));
  EXPECT_THAT(out, Not(HasSubstr("run-7")));
  reader.set_pin_pad(v1::PIN_PAD_PRESENT);
  EXPECT_EQ(insctl({"readers", "--verbose"}), EXIT_OK);
  EXPECT_THAT(out, HasSubstr("reader-a : utilisé par un autre logiciel, avec clavier, depuis"));
  EXPECT_THAT(out, HasSubstr("  Insertion de la carte : run-7\n"));
}

TEST_F(Insctl, LoginKeepsTheLeaseAndLogoutEndsIt) {
  with_runtime_directory();
  ASSERT_EQ(insctl({"login", "--pin-stdin"}, std::string(kPin) + "\n"), EXIT_OK) << err;
  EXPECT_EQ(lease_file().load(), "LEASE-TOKEN-1");
  ASSERT_EQ(daemon.login_steps.size(), 2U);
  EXPECT_TRUE(daemon.login_steps[0].start().detached());
  EXPECT_EQ(daemon.login_steps[1].pin().pin(), kPin);
  EXPECT_EQ(daemon.login_steps[1].pin().prompt_id(), "pin-question");
  EXPECT_THAT(err, HasSubstr("1234567890"));
  EXPECT_THAT(err, HasSubstr("3 tries left"));
  EXPECT_THAT(out + err, Not(HasSubstr("LEASE-TOKEN")));
  ASSERT_EQ(insctl({"logout"}), EXIT_OK) << err;
  EXPECT_EQ(daemon.logged_out, std::vector<std::string>{"LEASE-TOKEN-1"});
  EXPECT_EQ(lease_file().load(), std::nullopt);
  EXPECT_EQ(insctl({"logout"}), EXIT_ERROR);
  EXPECT_THAT(err, HasSubstr("LEASE_REQUIRED"));
}

TEST_F(Insctl, LoginAsJsonDoesNotPrintTheToken) {
  with_runtime_directory();
  ASSERT_EQ(insctl({"login", "--pin-stdin", "--json"}, std::string(kPin) + "\n"), EXIT_OK) << err;
  EXPECT_EQ(json().fields().at("holder").string_value(), "JEANNE MARTIN");
  EXPECT_THAT(out + err, Not(HasSubstr("LEASE-TOKEN")));
}

TEST_F(Insctl, LoginWithoutAPlaceToKeepItSpendsNoTry) {
  EXPECT_EQ(insctl({"login", "--pin-stdin"}, std::string(kPin) + "\n"), EXIT_ERROR);
  EXPECT_THAT(err, HasSubstr("LEASE_NOT_DETACHABLE"));
  EXPECT_TRUE(daemon.login_steps.empty());
}

TEST_F(Insctl, LogoutOfAnEndedLeaseForgetsIt) {
  with_runtime_directory();
  lease_file().store("OLD");
  daemon.logout_failure = test::status_with(test::error_detail("LEASE_LOST"));
  EXPECT_EQ(insctl({"logout"}), EXIT_OK);
  EXPECT_EQ(lease_file().load(), std::nullopt);
  lease_file().store("KEPT");
  daemon.logout_failure = test::status_with(test::error_detail("BUSY"));
  EXPECT_EQ(insctl({"logout"}), EXIT_ERROR);
  EXPECT_EQ(lease_file().load(), "KEPT");
}

TEST_F(Insctl, LeaseShowsTheKeptLogin) {
  with_runtime_directory();
  EXPECT_EQ(insctl({"lease"}), EXIT_ERROR);
  EXPECT_THAT(err, HasSubstr("LEASE_REQUIRED"));
  lease_file().store("KEPT");
  daemon.lease_events.emplace_back().mutable_lease()->set_holder("JEANNE MARTIN");
  daemon.lease_events.emplace_back().mutable_ended()->set_cause(v1::LEASE_END_CAUSE_CARD_RESET);
  EXPECT_EQ(insctl({"lease"}), EXIT_OK) << err;
  EXPECT_THAT(daemon.watched, ::testing::ElementsAre("KEPT"));
  EXPECT_THAT(out, HasSubstr("JEANNE MARTIN"));
  EXPECT_THAT(out, Not(HasSubstr("ended"))) << "the state of now is all that was asked for";
  EXPECT_EQ(lease_file().load(), "KEPT");
}

TEST_F(Insctl, AFollowedLoginSaysWhyItEndedAndIsForgotten) {
  with_runtime_directory();
  lease_file().store("KEPT");
  daemon.lease_events.emplace_back().mutable_lease()->set_holder("JEANNE MARTIN");
  daemon.lease_events.emplace_back().mutable_ended()->set_cause(v1::LEASE_END_CAUSE_CARD_RESET);
  EXPECT_EQ(insctl({"lease", "--follow"}), EXIT_NEGATIVE) << err;
  EXPECT_THAT(out, HasSubstr("card reset by another program"));
  EXPECT_EQ(lease_file().load(), std::nullopt);
  daemon.lease_events.clear();
  daemon.watch_failure = test::status_with(test::error_detail("LEASE_LOST"));
  EXPECT_EQ(insctl({"lease", "--lease", "ANOTHER"}), EXIT_ERROR);
  EXPECT_THAT(err, HasSubstr("LEASE_LOST"));
  EXPECT_EQ(daemon.watched.back(), "ANOTHER");
}

TEST_F(Insctl, T_PIN_02_AWrongPinIsReportedOnceAndNeverTriedAgain) {
  with_runtime_directory();
  ask_for_pin(2);  // a daemon that asks again
  auto detail = test::error_detail("PIN_WRONG");
  detail.set_pin_try_spent(v1::PIN_TRY_SPENT_YES);
  detail.set_pin_tries_left(2);
  daemon.login_error = detail;
  EXPECT_EQ(insctl({"login", "--pin-stdin"}, std::string(kPin) + "\n" + kPin + "\n"), EXIT_ERROR);
  ASSERT_EQ(daemon.login_steps.size(), 3U);
  EXPECT_TRUE(daemon.login_steps[2].has_cancel());
}

TEST_F(Insctl, AWrongPinSaysThatATryWasSpentAndHowManyAreLeft) {
  with_runtime_directory();
  auto detail = test::error_detail("PIN_WRONG");
  detail.set_pin_try_spent(v1::PIN_TRY_SPENT_YES);
  detail.set_pin_tries_left(2);
  daemon.login_error = detail;
  environment["LANG"] = "fr_FR.UTF-8";
  EXPECT_EQ(insctl({"login", "--pin-stdin"}, std::string(kPin) + "\n"), EXIT_ERROR);
  EXPECT_THAT(err, HasSubstr("PIN_WRONG"));
  EXPECT_THAT(err, HasSubstr("Un essai a été utilisé."));
  EXPECT_THAT(err, HasSubstr("il reste 2 essais"));
  EXPECT_EQ(lease_file().load(), std::nullopt);
}

TEST_F(Insctl, T_PIN_03_TheLastTryNeedsConsent) {
  with_runtime_directory();
  ask_for_consent();
  EXPECT_EQ(insctl({"login", "--pin-stdin"}, std::string(kPin) + "\n"), EXIT_USAGE);
  ASSERT_EQ(daemon.login_steps.size(), 2U);
  EXPECT_TRUE(daemon.login_steps[1].has_cancel());
  EXPECT_EQ(daemon.login_steps[1].cancel().prompt_id(), "consent-question");
  EXPECT_THAT(err, HasSubstr("--accept-last-try"));
}

TEST_F(Insctl, T_PIN_03_ConsentCanBeGivenOnTheCommandLine) {
  with_runtime_directory();
  ask_for_consent();
  EXPECT_EQ(insctl({"login", "--pin-stdin", "--accept-last-try"}, std::string(kPin) + "\n"), EXIT_OK) << err;
  ASSERT_EQ(daemon.login_steps.size(), 3U);
  EXPECT_TRUE(daemon.login_steps[1].consent().agreed());
  EXPECT_EQ(daemon.login_steps[2].pin().pin(), kPin);
}

TEST_F(Insctl, T_PIN_03_AnythingButYesIsNoConsent) {
  with_runtime_directory();
  ask_for_consent();
  for (const char* line : {"\n", "n\n", "", "o\n"}) {  // "o" is yes in French only
    daemon.login_steps.clear();
    EXPECT_EQ(insctl({"login"}, line, true), EXIT_ERROR) << line;
    EXPECT_THAT(err, HasSubstr("PIN_CANCELLED"));
    EXPECT_TRUE(daemon.login_steps.back().has_cancel());
  }
}

TEST_F(Insctl, T_PIN_04_AnEmptyOrOverlongPinIsNotSent) {
  with_runtime_directory();
  for (const std::string& input : {std::string(), std::string(65, '7') + "\n"}) {
    daemon.login_steps.clear();
    EXPECT_EQ(insctl({"login", "--pin-stdin"}, input), EXIT_ERROR);
    EXPECT_THAT(err, HasSubstr("PIN_UNREADABLE"));
    EXPECT_TRUE(daemon.login_steps.back().has_cancel());
  }
}

TEST_F(Insctl, WithoutATerminalThePinNeedsItsOption) {
  with_runtime_directory();
  EXPECT_EQ(insctl({"login"}, std::string(kPin) + "\n"), EXIT_USAGE);
  EXPECT_THAT(err, HasSubstr("--pin-stdin"));
  EXPECT_TRUE(daemon.login_steps.back().has_cancel());
}

TEST_F(Insctl, APinentryAsksForThePin) {
  with_runtime_directory();
  daemon.prompts[0].set_caller("jeanne (4711)\nOK");
  const test::FakePinentry program({.getpin = std::string("D ") + kPin + "\nOK"});
  EXPECT_EQ(insctl({"login", "--pinentry", program.path()}), EXIT_OK) << err;
  EXPECT_EQ(daemon.login_steps.back().pin().pin(), kPin);
  EXPECT_THAT(program.heard(), ::testing::Contains("SETDESC Card 1234567890 of JEANNE MARTIN in reader "
                                                   "reader-a%0A3 tries left%0Aasked by jeanne (4711)?OK"));
}

TEST_F(Insctl, ThePinentryInThePathIsTakenWhereSomebodySeesIt) {
  with_runtime_directory();
  const test::FakePinentry program({.getpin = std::string("D ") + kPin + "\nOK"});
  environment["PATH"] = program.directory();
  EXPECT_EQ(insctl({"login"}), EXIT_USAGE) << "neither a terminal nor a display";
  environment["DISPLAY"] = ":0";
  EXPECT_EQ(insctl({"login"}), EXIT_OK) << err;
  EXPECT_EQ(insctl({"login", "--pinentry", "none"}), EXIT_USAGE);
  EXPECT_EQ(insctl({"login", "--pin-stdin"}, "1234\n"), EXIT_OK);
  EXPECT_EQ(daemon.login_steps.back().pin().pin(), "1234");
}

TEST_F(Insctl, ASearchLogsInThroughAPinentryToo) {
  with_runtime_directory();
  const test::FakePinentry program({.getpin = std::string("D ") + kPin + "\nOK"});
  const std::vector<std::string> search = {"insi", "traits", "--name", "DURAND",       "--given-names",
                                           "LEA",  "--sex",  "F",      "--birth-date", "1999-06-25"};
  EXPECT_EQ(insctl(search), EXIT_ERROR);
  EXPECT_THAT(err, HasSubstr("LEASE_REQUIRED"));
  auto asking = search;
  asking.insert(asking.end(), {"--pinentry", program.path()});
  EXPECT_EQ(insctl(asking), EXIT_OK) << err;
  EXPECT_EQ(daemon.login_steps.back().pin().pin(), kPin);
}

TEST_F(Insctl, T_PIN_02_ACancelInAPinentrySendsNoPin) {
  with_runtime_directory();
  const test::FakePinentry program({});
  EXPECT_EQ(insctl({"login", "--pinentry", program.path()}), EXIT_ERROR);
  EXPECT_THAT(err, HasSubstr("PIN_CANCELLED"));
  EXPECT_TRUE(daemon.login_steps.back().has_cancel());
}

TEST_F(Insctl, T_PIN_03_APinentryAsksForTheConsentToo) {
  with_runtime_directory();
  ask_for_consent();
  const std::string pin = std::string("D ") + kPin + "\nOK";
  const test::FakePinentry refusing({.getpin = pin, .confirm = "ERR 83886194 Not confirmed"});
  EXPECT_EQ(insctl({"login", "--pinentry", refusing.path()}), EXIT_ERROR);
  EXPECT_TRUE(daemon.login_steps.back().has_cancel());
  EXPECT_THAT(refusing.heard(), Not(::testing::Contains("GETPIN")));
  const test::FakePinentry agreeing({.getpin = pin, .confirm = "OK"});
  daemon.login_steps.clear();
  EXPECT_EQ(insctl({"login", "--pinentry", agreeing.path()}), EXIT_OK) << err;
  ASSERT_EQ(daemon.login_steps.size(), 3U);
  EXPECT_TRUE(daemon.login_steps[1].consent().agreed());
  EXPECT_THAT(agreeing.heard(), ::testing::Contains(HasSubstr("SETDESC Card 1234567890")));
}

TEST_F(Insctl, ACardThatIsTakenOutClosesThePinentry) {
  with_runtime_directory();
  // It waits for a person, who never comes.
  const std::string waiting =
      "trap 'kill $!; echo closed >> \"${0%/*}/heard\"; exit 0' TERM\nsleep 600 &\necho waiting >> "
      "\"${0%/*}/heard\"\nwait $!";
  daemon.login_error = test::error_detail("CARD_REMOVED");
  for (const bool consent : {false, true}) {
    if (consent) ask_for_consent();
    if (consent) daemon.prompts.resize(1);
    const test::FakePinentry program(
        consent ? test::FakePinentry::Answers{.script = "echo OK\nwhile read -r line; do\ncase \"$line\" in\n"
                                                        "CONFIRM)\n" +
                                                        waiting + "\n;;\n*)\necho OK\n;;\nesac\ndone\n"}
                : test::FakePinentry::Answers{.getpin = "# asks", .then = waiting});
    daemon.card_leaves = [&] {
      for (int look = 0; look < 2000; ++look) {
        const auto heard = program.heard();
        if (std::ranges::find(heard, "waiting") != heard.end()) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
      ADD_FAILURE() << "nobody was asked";
    };
    EXPECT_EQ(insctl({"login", "--pinentry", program.path()}), EXIT_ERROR);
    EXPECT_THAT(err, HasSubstr("CARD_REMOVED"));
    EXPECT_EQ(program.heard().back(), "closed");
    EXPECT_EQ(daemon.login_steps.size(), 1U) << "no PIN, no consent, no cancel";
    daemon.login_steps.clear();
  }
}

TEST_F(Insctl, ACardThatIsTakenOutEndsTheQuestionOnTheTerminal) {
  with_runtime_directory();
  daemon.login_error = test::error_detail("CARD_REMOVED");
  for (const bool consent : {false, true}) {
    if (consent) ask_for_consent();
    if (consent) daemon.prompts.resize(1);
    int terminal = -1, typed_on = -1;
    ASSERT_EQ(::openpty(&typed_on, &terminal, nullptr, nullptr, nullptr), 0);
    const auto echo = [&] {
      termios state{};
      EXPECT_EQ(::tcgetattr(terminal, &state), 0);
      return (state.c_lflag & ECHO) != 0;
    };
    daemon.card_leaves = [&] {
      // The PIN's question turns the echo off; the other one cannot be seen from here, nor needs to be.
      for (int look = 0; look < 2000 && !consent && echo(); ++look)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      EXPECT_EQ(::write(typed_on, "73", 2), 2);
    };
    EXPECT_EQ(run_on(terminal, {"login", "--pinentry", "none"}, true), EXIT_ERROR);
    EXPECT_THAT(err, HasSubstr("CARD_REMOVED"));
    EXPECT_EQ(daemon.login_steps.size(), 1U) << "no PIN, no consent, no cancel";
    EXPECT_TRUE(echo());
    daemon.login_steps.clear();
    ::close(terminal);
    ::close(typed_on);
  }
}

TEST_F(Insctl, APinentryThatWasChosenMustWork) {
  with_runtime_directory();
  EXPECT_EQ(insctl({"login", "--pinentry", "/nonexistent/pinentry"}), EXIT_USAGE);
  EXPECT_TRUE(daemon.login_steps.empty()) << "said before anybody is asked";
  const test::FakePinentry broken({.script = "exit 1\n"});
  EXPECT_EQ(insctl({"login", "--pinentry", broken.path()}, "", true), EXIT_ERROR);
  EXPECT_THAT(err, HasSubstr("PINENTRY_FAILED"));
  EXPECT_TRUE(daemon.login_steps.back().has_cancel());
}

TEST_F(Insctl, APinentryThatHappensToBeInstalledGivesWayToTheTerminal) {
  with_runtime_directory();
  const test::FakePinentry broken({.script = "exit 1\n"});
  environment["PATH"] = broken.directory();
  EXPECT_EQ(insctl({"login"}, "", true), EXIT_ERROR);
  EXPECT_THAT(err, HasSubstr("PIN_UNREADABLE")) << "asked on the terminal, which is none here";
}

TEST_F(Insctl, SearchByTraitsSendsAWholeContext) {
  with_runtime_directory();
  lease_file().store("STORED");
  EXPECT_EQ(insctl({"insi", "traits", "--name", "DURAND", "--given-names", "LEA", "ANNE MARIE", "--sex", "F",
                    "--birth-date", "1999-06-25", "--birth-place", "63220"}),
            EXIT_OK)
      << err;
  ASSERT_TRUE(daemon.traits_search);
  const auto& context = daemon.traits_search->context();
  EXPECT_EQ(context.purpose_id(), "insctl");
  ASSERT_EQ(context.identity_attributes_size(), 1);
  EXPECT_EQ(context.identity_attributes(0), v1::IDENTITY_ATTRIBUTE_NONE);
  EXPECT_EQ(context.lease(), "STORED");
  EXPECT_EQ(context.request_id().size(), 36U);
  const auto& traits = daemon.traits_search->traits();
  EXPECT_EQ(traits.given_names_size(), 2);
  EXPECT_EQ(traits.given_names(1), "ANNE MARIE");
  EXPECT_EQ(traits.birth_place(), "63220");
  EXPECT_THAT(err, HasSubstr("--attributes"));
  EXPECT_THAT(err, HasSubstr("--purpose"));
  EXPECT_TRUE(daemon.login_steps.empty());
}

TEST_F(Insctl, OptionsReplaceTheDefaultsOfTheContext) {
  EXPECT_EQ(insctl({"insi",          "traits",
                    "--name",        "D",
                    "--given-names", "L",
                    "--sex",         "F",
                    "--birth-date",  "1999-06-25",
                    "--purpose",     "VISIT-1",
                    "--attributes",  "homonym,doubtful",
                    "--profile",     "cabinet",
                    "--lease",       "L1",
                    "--acting-user", "u",
                    "--acting-how",  "otp"}),
            EXIT_OK)
      << err;
  const auto& context = daemon.traits_search->context();
  EXPECT_EQ(context.purpose_id(), "VISIT-1");
  ASSERT_EQ(context.identity_attributes_size(), 2);
  EXPECT_EQ(context.identity_attributes(1), v1::IDENTITY_ATTRIBUTE_DOUBTFUL);
  EXPECT_EQ(context.profile(), "cabinet");
  EXPECT_EQ(context.lease(), "L1");
  EXPECT_EQ(context.acting_user().authenticated_how(), "otp");
  EXPECT_EQ(err, "");
}

TEST_F(Insctl, ANegativeResultIsExitOne) {
  for (const auto outcome : {v1::SEARCH_OUTCOME_NOT_FOUND, v1::SEARCH_OUTCOME_SEVERAL}) {
    daemon.by_traits.mutable_result()->set_outcome(outcome);
    EXPECT_EQ(insctl({"insi", "traits", "--name", "D", "--given-names", "L", "--sex", "F", "--birth-date",
                      "1999-06-25", "--lease", "L1"}),
              EXIT_NEGATIVE);
    EXPECT_THAT(out, Not(HasSubstr("2550699999999")));
  }
}

TEST_F(Insctl, CouldNotAskIsNeverANegativeResult) {
  daemon.search_failure = test::status_with(test::error_detail("INSI_UNREACHABLE"));
  EXPECT_EQ(insctl({"insi", "traits", "--name", "D", "--given-names", "L", "--sex", "F", "--birth-date",
                    "1999-06-25", "--lease", "L1"}),
            EXIT_ERROR);
  EXPECT_THAT(err, HasSubstr("INSI_UNREACHABLE"));
}

TEST_F(Insctl, AFailedSearchTellsWhatItSent) {
  daemon.search_failure = test::status_with(test::error_detail("INSI_FAULT"));
  auto& attempt = *daemon.failed_search.emplace().add_attempts();
  attempt.set_given_name_sent("LEONARDO\x1b[2J");
  attempt.set_error_code("INSI_FAULT");
  attempt.set_message_id("uuid:1");
  const std::vector<std::string> search{"insi",          "traits",     "--name",  "D",
                                        "--given-names", "L",          "--sex",   "F",
                                        "--birth-date",  "1999-06-25", "--lease", "L1"};
  EXPECT_EQ(insctl(search), EXIT_ERROR);
  EXPECT_THAT(err, HasSubstr("INSI_FAULT: SUMMARY-OF-INSI_FAULT"));
  EXPECT_THAT(err, HasSubstr("  Questions put to the service:\n     LEONARDO?[2J: INSI_FAULT"));
  ASSERT_TRUE(daemon.traits_search);
  EXPECT_THAT(daemon.attempts_asked_of, ::testing::ElementsAre(daemon.traits_search->context().request_id()));

  auto with_json = search;
  with_json.insert(with_json.begin(), "--json");
  EXPECT_EQ(insctl(with_json), EXIT_ERROR);
  EXPECT_THAT(out, HasSubstr("\"error\":{\"code\":\"INSI_FAULT\""));
  EXPECT_THAT(out, HasSubstr("\"search\":{\"attempts\":[{"));
  EXPECT_THAT(out, HasSubstr("\"message_id\":\"uuid:1\""));

  daemon.failed_search.reset();
  EXPECT_EQ(insctl(with_json), EXIT_ERROR);
  EXPECT_THAT(out, HasSubstr("\"code\":\"INSI_FAULT\"")) << "what cannot be listed does not hide why";
  EXPECT_THAT(out, Not(HasSubstr("\"search\"")));
}

TEST_F(Insctl, TheStateOfTheServiceInWordsAndByTheExitStatus) {
  EXPECT_EQ(insctl({"insi", "state"}), EXIT_OK) << "nothing is known against it";
  EXPECT_THAT(out, HasSubstr("INSi (not configured): not asked yet\n"));
  auto& state = daemon.insi_state;
  state.set_environment(v1::ENVIRONMENT_TEST);
  state.set_availability(v1::INSI_AVAILABILITY_AVAILABLE);
  state.mutable_clock_skew()->set_seconds(60);
  EXPECT_EQ(insctl({"insi", "state"}), EXIT_OK);
  EXPECT_EQ(out, "INSi (test): answers\n");
  state.mutable_clock_skew()->set_seconds(-61);
  EXPECT_EQ(insctl({"insi", "state"}), EXIT_OK);
  EXPECT_THAT(out, HasSubstr("differ by 61 s"));
  state.set_availability(v1::INSI_AVAILABILITY_DOWN);
  state.set_code("INSI_UNREACHABLE");
  state.set_summary("SUMMARY\x1b");
  state.set_remedy("REMEDY");
  EXPECT_EQ(insctl({"insi", "state"}), EXIT_NEGATIVE);
  EXPECT_THAT(out, HasSubstr("INSi (test): does not answer\n  INSI_UNREACHABLE: SUMMARY?\n"));
  EXPECT_THAT(out, HasSubstr("What to do: REMEDY"));
  EXPECT_EQ(insctl({"--json", "insi", "state"}), EXIT_NEGATIVE);
  EXPECT_THAT(out, HasSubstr("\"availability\":\"INSI_AVAILABILITY_DOWN\""));
}

TEST_F(Insctl, TheStateOfTheServiceIsFollowedUntilTheDaemonEnds) {
  for (const auto availability : {v1::INSI_AVAILABILITY_AVAILABLE, v1::INSI_AVAILABILITY_DEGRADED})
    daemon.insi_states.emplace_back().mutable_state()->set_availability(availability);
  EXPECT_EQ(insctl({"insi", "state", "--follow"}), EXIT_ERROR);
  EXPECT_EQ(out, "INSi (not configured): answers\nINSi (not configured): answers in part\n");
  EXPECT_THAT(err, HasSubstr("SHUTTING_DOWN"));
  EXPECT_EQ(insctl({"--json", "insi", "state", "--follow"}), EXIT_ERROR);
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 3) << "a line for each, and the error: " << out;
}

TEST_F(Insctl, AnEndedKeptLoginIsForgotten) {
  with_runtime_directory();
  lease_file().store("STORED");
  daemon.search_failure = test::status_with(test::error_detail("LEASE_LOST"));
  EXPECT_EQ(insctl({"insi", "vitale", "--beneficiary", "1"}), EXIT_ERROR);
  EXPECT_THAT(err, HasSubstr("LEASE_LOST"));
  EXPECT_EQ(lease_file().load(), std::nullopt);
}

TEST_F(Insctl, ASearchWithoutALoginSaysSo) {
  EXPECT_EQ(insctl({"insi", "vitale", "--beneficiary", "1"}), EXIT_ERROR);
  EXPECT_THAT(err, HasSubstr("LEASE_REQUIRED"));
  EXPECT_FALSE(daemon.vitale_search);
}

TEST_F(Insctl, ASearchCanHoldItsOwnLogin) {
  EXPECT_EQ(insctl({"insi", "vitale", "--beneficiary", "2", "--rank", "2", "--pin-stdin"},
                   std::string(kPin) + "\n"),
            EXIT_OK)
      << err;
  ASSERT_TRUE(daemon.vitale_search);
  EXPECT_EQ(daemon.vitale_search->card().beneficiary_index(), 1U);
  EXPECT_EQ(daemon.vitale_search->card().card().generation(), "run-2");
  EXPECT_EQ(daemon.vitale_search->birth_rank(), 2U);
  EXPECT_EQ(daemon.vitale_search->context().lease(), "LEASE-TOKEN-1");
  ASSERT_EQ(daemon.vitale_search->expected_generations_size(), 1);
  EXPECT_EQ(daemon.vitale_search->expected_generations(0), "run-1");
  EXPECT_FALSE(daemon.login_steps[0].start().detached());
  EXPECT_TRUE(daemon.login_stream_ended());
  EXPECT_EQ(daemon.logged_out, std::vector<std::string>{"LEASE-TOKEN-1"});
}

TEST_F(Insctl, InModeOrganisationNoLoginIsAskedFor) {
  daemon.info.set_insi_mode(v1::INSI_MODE_ORGANISATION);
  EXPECT_EQ(insctl({"insi", "vitale", "--beneficiary", "1"}), EXIT_OK) << err;
  EXPECT_EQ(daemon.vitale_search->context().lease(), "");
  EXPECT_TRUE(daemon.login_steps.empty());
}

TEST_F(Insctl, WithSeveralPeopleSomebodyMustChoose) {
  EXPECT_EQ(insctl({"identify", "--pin-stdin"}, std::string(kPin) + "\n"), EXIT_USAGE);
  EXPECT_THAT(err, HasSubstr("--beneficiary"));
  EXPECT_FALSE(daemon.vitale_search);
  EXPECT_TRUE(daemon.login_stream_ended());
}

TEST_F(Insctl, ANumberThatIsNotOnTheCardIsUsage) {
  EXPECT_EQ(insctl({"insi", "vitale", "--beneficiary", "3", "--lease", "L1"}), EXIT_USAGE);
  EXPECT_FALSE(daemon.vitale_search);
}

TEST_F(Insctl, APersonIsAskedForOnATerminal) {
  EXPECT_EQ(insctl({"insi", "vitale", "--lease", "L1"}, "7\n2\n", true), EXIT_OK) << err;
  EXPECT_EQ(daemon.vitale_search->card().beneficiary_index(), 1U);
}

TEST_F(Insctl, TheOnlyPersonNeedsNoChoice) {
  daemon.vitale.mutable_reading()->mutable_beneficiaries()->RemoveLast();
  EXPECT_EQ(insctl({"insi", "vitale", "--lease", "L1"}), EXIT_OK) << err;
}

TEST_F(Insctl, AVitaleReadingSaysWhereEachDatumComesFrom) {
  auto& reading = *daemon.vitale.mutable_reading();
  reading.set_nature(v1::CARD_NATURE_TEST);
  reading.set_nature_source(v1::DATUM_SOURCE_READ);
  reading.set_serial_source(v1::DATUM_SOURCE_OFFICIAL_API_ONLY);
  reading.set_validity_start_date("2018-03-15");
  reading.set_validity_start_source(v1::DATUM_SOURCE_READ);
  auto& person = *reading.mutable_beneficiaries(0);
  person.set_nationality_source(v1::DATUM_SOURCE_UNSUPPORTED);
  person.set_birth_rank_source(v1::DATUM_SOURCE_OFFICIAL_API_ONLY);
  person.set_nir_key("00");
  EXPECT_EQ(insctl({"vitale"}), EXIT_OK);
  EXPECT_THAT(out, HasSubstr("test card (read from the card)"));
  EXPECT_THAT(out, HasSubstr("2018-03-15 (read from the card)"));
  EXPECT_THAT(out, HasSubstr("readable only through the official interface"));
  EXPECT_THAT(out, HasSubstr("not found: its place is not public"));
  EXPECT_THAT(out, HasSubstr("the key is wrong"));
  EXPECT_EQ(insctl({"vitale", "--json"}), EXIT_OK);
  const auto shown = json().fields().at("reading").struct_value();
  EXPECT_EQ(shown.fields().at("nature_source").string_value(), "DATUM_SOURCE_READ");
  person.set_nir_key_valid(true);
  environment["LANG"] = "fr_FR.UTF-8";
  EXPECT_EQ(insctl({"vitale"}), EXIT_OK);
  EXPECT_THAT(out, HasSubstr("carte de test (lu sur la carte)"));
  EXPECT_THAT(out, HasSubstr("Rang de naissance"));
}

TEST_F(Insctl, IdentifyGoesTheWholeWay) {
  EXPECT_EQ(insctl({"identify", "--beneficiary", "2", "--pin-stdin"}, std::string(kPin) + "\n"), EXIT_OK)
      << err;
  for (const char* step : {"[1/6]", "[2/6]", "[3/6]", "[4/6]", "[5/6]", "[6/6]"})
    EXPECT_THAT(err, HasSubstr(step));
  EXPECT_THAT(out, HasSubstr("2550699999999  key 34"));
  EXPECT_THAT(out, HasSubstr("1.2.250.1.213.1.4.10"));
  EXPECT_THAT(out, HasSubstr("LEA | LEA ANNE"));
  EXPECT_THAT(out, HasSubstr("worth nothing for care"));
  EXPECT_THAT(out, HasSubstr("not yet a retrieved identity"));
  EXPECT_THAT(out, HasSubstr("check an identity document"));
  EXPECT_THAT(out, HasSubstr("birth rank not on the card"));
  EXPECT_EQ(daemon.vitale_search->card().beneficiary_index(), 1U);
  EXPECT_EQ(daemon.vitale_search->expected_generations(0), "run-1");
  EXPECT_TRUE(daemon.login_stream_ended());
}

TEST_F(Insctl, IdentifyAsJsonIsOneDocument) {
  EXPECT_EQ(insctl({"identify", "--beneficiary", "1", "--pin-stdin", "--json"}, std::string(kPin) + "\n"),
            EXIT_OK)
      << err;
  const auto document = json();
  for (const char* part :
       {"info", "readers", "professional_card", "lease", "reading", "beneficiary_index", "result"}) {
    EXPECT_EQ(document.fields().count(part), 1U) << part;
  }
  EXPECT_EQ(document.fields().at("result").struct_value().fields().at("outcome").string_value(),
            "SEARCH_OUTCOME_FOUND");
  EXPECT_THAT(out, Not(HasSubstr("LEASE-TOKEN")));
}

TEST_F(Insctl, IdentifyInFrenchUsesTheDesksTerms) {
  environment["LANG"] = "fr_FR.UTF-8";
  EXPECT_EQ(insctl({"identify", "--beneficiary", "1", "--pin-stdin"}, std::string(kPin) + "\n"), EXIT_OK)
      << err;
  for (const char* words :
       {"Matricule INS", "Nom de naissance", "Liste des prénoms de naissance",
        "pas encore une identité récupérée", "Ce qui manque pour la qualifier", "ENVIRONNEMENT DE TEST"}) {
    EXPECT_THAT(out, HasSubstr(words));
  }
  EXPECT_THAT(err, HasSubstr("il reste 3 essais"));
}

TEST_F(Insctl, AnAnswerOfProductionIsNotMarkedAsTest) {
  daemon.by_vitale.mutable_result()->set_environment(v1::ENVIRONMENT_PRODUCTION);
  EXPECT_EQ(insctl({"insi", "vitale", "--beneficiary", "1", "--lease", "L1"}), EXIT_OK);
  EXPECT_THAT(out, Not(HasSubstr("TEST ENVIRONMENT")));
}

TEST_F(Insctl, ConformityCasesAreNeverPlayedInProduction) {
  const auto folder = (runtime.path() / "dossier").string();
  const std::vector<std::string> command = {"insi",  "cnda", "--case",  "2.05",
                                            "--out", folder, "--lease", "L1"};
  daemon.info.set_environment(v1::ENVIRONMENT_PRODUCTION);
  EXPECT_EQ(insctl(command), EXIT_ERROR);
  EXPECT_THAT(err, HasSubstr("PERMISSION_DENIED"));
  EXPECT_FALSE(daemon.traits_search) << "nobody was asked about";
  EXPECT_FALSE(std::filesystem::exists(folder));
  daemon.info.set_environment(v1::ENVIRONMENT_TEST);
  EXPECT_EQ(insctl(command), EXIT_NEGATIVE) << "the daemon of this test answers about somebody else";
  ASSERT_TRUE(daemon.traits_search);
  EXPECT_TRUE(daemon.traits_search->context().return_messages());
  EXPECT_TRUE(std::filesystem::exists(folder + "/index.html"));
}

}  // namespace
}  // namespace insd::cli
