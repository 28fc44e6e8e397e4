// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/options.h"

#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>

#include "clients/cli/decision.h"
#include "clients/cli/failure.h"
#include "clients/cli/text.h"

#ifndef INSD_VERSION
#error "INSD_VERSION comes from the build"
#endif

namespace insd::cli {
namespace {

// The names of clients/cli/commands_identity.cpp.
const std::vector<std::string> kFormats = {
    "fhir-2.1.0",     "fhir-2.2.0",     "hl7",       "cda",  "datamatrix",
    "datamatrix-png", "datamatrix-svg", "cartouche", "label"};
const std::vector<std::string> kAttributes = {"none", "homonym", "doubtful", "fictitious"};

// What was not understood, fit to be shown again: somebody may have typed a PIN there.
std::string nameable(const std::string& argument) {
  const std::string name = argument.substr(0, argument.find('='));
  const bool has_digit = std::any_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
  return has_digit ? "***" : printable(name);
}

// 16 to 64 bytes in hexadecimal.
bool is_challenge(const std::string& text) {
  return text.size() % 2 == 0 && text.size() >= 32 && text.size() <= 128 &&
         text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
}

class CommandLine {
 public:
  explicit CommandLine(Language language) : language_(language), app_(word(Word::ABOUT), "insctl") {
    auto formatter = std::make_shared<CLI::Formatter>();
    formatter->label("Usage", word(Word::LABEL_USAGE));
    formatter->label("OPTIONS", word(Word::LABEL_OPTIONS));
    formatter->label("SUBCOMMAND", word(Word::LABEL_SUBCOMMAND));
    formatter->label("SUBCOMMANDS", word(Word::LABEL_SUBCOMMANDS));
    formatter->label("REQUIRED", word(Word::LABEL_REQUIRED));
    formatter->label("TEXT", word(Word::LABEL_TEXT));
    formatter->label("Needs", word(Word::LABEL_NEEDS));
    formatter->label("UINT", word(Word::LABEL_NUMBER));
    formatter->column_width(34);
    app_.formatter(formatter);
    app_.fallthrough();
    app_.require_subcommand(1);
    app_.set_help_flag("-h,--help", word(Word::HELP_HELP));
    app_.set_version_flag("--version", std::string("insctl ") + INSD_VERSION, word(Word::HELP_VERSION));
    app_.add_option("--socket", options_.socket, word(Word::HELP_SOCKET));
    app_.add_flag("--json", options_.json, word(Word::HELP_JSON));
    app_.add_flag("-v,--verbose", options_.verbose, word(Word::HELP_VERBOSE));
    add_desk_commands();
    add_insi_commands();
    add_ins_commands();
  }

  Parsed parse(const std::vector<std::string>& arguments) {
    try {
      std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as CLI11 wants them
      app_.parse(reversed);
    } catch (const CLI::CallForHelp&) {
      return {.options = {}, .information = app_.help()};
    } catch (const CLI::CallForVersion&) {
      return {.options = {}, .information = app_.version() + "\n"};
    } catch (const CLI::ParseError& error) {
      throw UsageError(in_words(error) + "\n" + word(Word::USAGE_SEE_HELP));
    }
    return {.options = options_, .information = {}};
  }

 private:
  [[nodiscard]] std::string word(Word word) const { return say(language_, word); }

  CLI::App* command(CLI::App& parent, const char* name, Word help, Command command) {
    auto* const sub = parent.add_subcommand(name, word(help));
    sub->group(word(Word::LABEL_SUBCOMMANDS));
    sub->callback([this, command] { options_.command = command; });
    return sub;
  }

  void add_desk_commands() {
    command(app_, "status", Word::HELP_STATUS, Command::STATUS);
    command(app_, "doctor", Word::HELP_DOCTOR, Command::DOCTOR);
    auto* const onboarding = command(app_, "onboarding", Word::HELP_ONBOARDING, Command::ONBOARDING);
    onboarding->add_option("--profile", options_.profile, word(Word::HELP_PROFILE));
    onboarding->add_flag("--offline", options_.offline, word(Word::HELP_OFFLINE));
    onboarding->add_option("--cps-reader", options_.cps_reader, word(Word::HELP_CPS_READER));
    add_desk(onboarding);
    command(app_, "readers", Word::HELP_READERS, Command::READERS);
    command(app_, "watch", Word::HELP_WATCH, Command::WATCH);
    auto* const reader = app_.add_subcommand("reader", word(Word::HELP_READER_ORDER));
    reader->group(word(Word::LABEL_SUBCOMMANDS));
    reader->require_subcommand(1);
    for (auto* const order :
         {command(*reader, "enable", Word::HELP_READER_ENABLE, Command::READER_ENABLE),
          command(*reader, "disable", Word::HELP_READER_DISABLE, Command::READER_DISABLE)}) {
      order->add_option("reader", options_.reader, word(Word::HELP_READER_NAME))->required();
    }
    auto* const journal = app_.add_subcommand("journal", word(Word::HELP_JOURNAL));
    journal->group(word(Word::LABEL_SUBCOMMANDS));
    journal->require_subcommand(1);
    command(*journal, "verify", Word::HELP_JOURNAL_VERIFY, Command::JOURNAL_VERIFY);
    auto* const records = command(*journal, "export", Word::HELP_JOURNAL_EXPORT, Command::JOURNAL_EXPORT);
    records->add_option("--from", options_.from, word(Word::HELP_FROM));
    records->add_option("--to", options_.until, word(Word::HELP_TO));
    records->add_option("--professional", options_.professional, word(Word::HELP_BY_PROFESSIONAL));
    auto* const keys = app_.add_subcommand("keys", word(Word::HELP_KEYS));
    keys->group(word(Word::LABEL_SUBCOMMANDS));
    keys->require_subcommand(1);
    command(*keys, "list", Word::HELP_KEYS_LIST, Command::KEYS_LIST);
    auto* const rotate = command(*keys, "rotate", Word::HELP_KEYS_ROTATE, Command::KEYS_ROTATE);
    rotate->add_option("use", options_.key_use, word(Word::HELP_KEY_USE));
    auto* const backup = command(*keys, "backup", Word::HELP_KEYS_BACKUP, Command::KEYS_BACKUP);
    backup->add_option("directory", options_.directory, word(Word::HELP_KEYS_DIRECTORY))->required();
    auto* const professional = command(app_, "professional", Word::HELP_PROFESSIONAL, Command::PROFESSIONAL);
    add_reader(professional);
    professional->add_flag("--capabilities", options_.capabilities, word(Word::HELP_CAPABILITIES));
    professional->add_flag("--activities", options_.activities, word(Word::HELP_ACTIVITIES));
    professional->add_option("--lease", options_.lease, word(Word::HELP_LEASE));
    auto* const login = command(app_, "login", Word::HELP_LOGIN, Command::LOGIN);
    add_reader(login);
    add_pin(login);
    auto* const logout = command(app_, "logout", Word::HELP_LOGOUT, Command::LOGOUT);
    logout->add_option("--lease", options_.lease, word(Word::HELP_LEASE));
    auto* const authenticate = command(app_, "authenticate", Word::HELP_AUTHENTICATE, Command::AUTHENTICATE);
    authenticate->add_option("--audience", options_.audience, word(Word::HELP_AUDIENCE))->required();
    authenticate->add_option("--challenge", options_.challenge, word(Word::HELP_CHALLENGE))
        ->required()
        ->check([](const std::string& value) { return std::string(is_challenge(value) ? "" : "hex"); });
    authenticate->add_option("--purpose", options_.purpose, word(Word::HELP_PURPOSE));
    authenticate->add_option("--lease", options_.lease, word(Word::HELP_LEASE));
    add_reader(authenticate);
    add_pin(authenticate);
    auto* const lease = command(app_, "lease", Word::HELP_SHOW_LEASE, Command::LEASE);
    lease->add_option("--lease", options_.lease, word(Word::HELP_LEASE));
    lease->add_flag("--follow", options_.follow, word(Word::HELP_FOLLOW));
    add_reader(command(app_, "vitale", Word::HELP_VITALE, Command::VITALE));
  }

  void add_insi_commands() {
    auto* const insi = app_.add_subcommand("insi", word(Word::HELP_INSI));
    insi->group(word(Word::LABEL_SUBCOMMANDS));
    insi->require_subcommand(1);
    auto* const check = command(*insi, "check", Word::HELP_INSI_CHECK, Command::INSI_CHECK);
    check->add_option("--profile", options_.profile, word(Word::HELP_PROFILE));
    check->add_flag("--offline", options_.offline, word(Word::HELP_OFFLINE));
    command(*insi, "state", Word::HELP_INSI_STATE, Command::INSI_STATE)
        ->add_flag("--follow", options_.follow, word(Word::HELP_FOLLOW_STATE));
    auto* const cnda = command(*insi, "cnda", Word::HELP_CNDA, Command::INSI_CNDA);
    cnda->add_option("--case", options_.conformity_case, word(Word::HELP_CASE))->required();
    cnda->add_option("--out", options_.directory, word(Word::HELP_DOSSIER))->required();
    add_desk(cnda);
    add_context(cnda);
    auto* const traits = command(*insi, "traits", Word::HELP_INSI_TRAITS, Command::INSI_TRAITS);
    auto* const verify = command(*insi, "verify", Word::HELP_INSI_VERIFY, Command::INSI_VERIFY);
    verify->add_option("--number", options_.number, word(Word::HELP_NUMBER))->required();
    verify->add_option("--key", options_.key, word(Word::HELP_KEY));
    verify->add_option("--oid", options_.oid, word(Word::HELP_OID))->required();
    for (auto* const by_traits : {traits, verify}) {
      add_traits(by_traits, Word::HELP_NAME, true);
      add_desk(by_traits);
      add_context(by_traits);
    }

    auto* const vitale = command(*insi, "vitale", Word::HELP_INSI_VITALE, Command::INSI_VITALE);
    auto* const identify = command(app_, "identify", Word::HELP_IDENTIFY, Command::IDENTIFY);
    for (auto* const by_card : {vitale, identify}) {
      add_reader(by_card);
      by_card->add_option("--beneficiary", options_.beneficiary, word(Word::HELP_BENEFICIARY))
          ->check(CLI::Range(1U, 19U));
      by_card->add_option("--rank", options_.rank, word(Word::HELP_RANK))->check(CLI::Range(1U, 9U));
      add_context(by_card);
    }
    add_decision(identify);
  }

  // What the person at the desk says, when nobody is to be asked.
  void add_decision(CLI::App* sub) {
    const auto one_of = [&](const char* name, std::string& value, Word help,
                            const std::vector<std::string>& names) {
      return sub->add_option(name, value, word(help))
          ->check(CLI::IsMember(names).description(""))
          ->type_name("TEXT");
    };
    add_traits(sub, Word::HELP_SEEN_NAME, false);
    sub->add_option("--first-given-name", options_.first_given_name, word(Word::HELP_FIRST_GIVEN_NAME));
    auto* const oid = sub->add_option("--oid", options_.oid, word(Word::HELP_OID));
    sub->add_option("--number", options_.number, word(Word::HELP_KNOWN_NUMBER))->needs(oid);
    sub->add_flag("--accept", options_.accept, word(Word::HELP_ACCEPT));
    sub->add_option("--confirm", options_.confirmed, word(Word::HELP_CONFIRM))
        ->check(CLI::IsMember(trait_names()).description(""))
        ->delimiter(',')
        ->type_name("TEXT");
    sub->add_flag("--confirm-number-change", options_.confirm_number_change, word(Word::HELP_CONFIRM_NUMBER));
    auto* const evidence = one_of("--evidence", options_.evidence, Word::HELP_EVIDENCE, evidence_names());
    sub->add_option("--issuing-country", options_.issuing_country, word(Word::HELP_COUNTRY))->needs(evidence);
    sub->add_option("--document-expires", options_.expire_date, word(Word::HELP_EXPIRES))->needs(evidence);
    auto* const guardian =
        one_of("--guardian", options_.guardian, Word::HELP_GUARDIAN, {"parent", "guardian"})->needs(evidence);
    one_of("--guardian-evidence", options_.guardian_evidence, Word::HELP_GUARDIAN_EVIDENCE, evidence_names())
        ->needs(guardian);
    sub->add_flag("--court-decision-seen", options_.court_decision_seen, word(Word::HELP_COURT))
        ->needs(guardian);
  }

  void add_ins_commands() {
    auto* const identity = app_.add_subcommand("identity", word(Word::HELP_IDENTITY));
    identity->group(word(Word::LABEL_SUBCOMMANDS));
    identity->require_subcommand(1);
    auto* const render = command(*identity, "render", Word::HELP_RENDER, Command::IDENTITY_RENDER);
    render->add_option("--format", options_.format, word(Word::HELP_FORMAT))
        ->required()
        ->check(CLI::IsMember(kFormats).description(""))
        ->type_name("TEXT");
    auto* const id = render->add_option("--identity", options_.identity, word(Word::HELP_IDENTITY_ID));
    render->add_option("--token-file", options_.token_file, word(Word::HELP_TOKEN_FILE))->excludes(id);
    render->add_option("--local-id", options_.local_ids, word(Word::HELP_LOCAL_ID));
    render->add_option("--output", options_.output, word(Word::HELP_OUTPUT));
    auto* const ins = app_.add_subcommand("ins", word(Word::HELP_INS));
    ins->group(word(Word::LABEL_SUBCOMMANDS));
    ins->require_subcommand(1);
    auto* const check = command(*ins, "check", Word::HELP_INS_CHECK, Command::INS_CHECK);
    check->add_option("number", options_.number, word(Word::HELP_INS_NUMBER));
    check->add_option("--oid", options_.oid, word(Word::HELP_INS_OID));
    auto* const parse =
        command(*ins, "parse-datamatrix", Word::HELP_PARSE_DATAMATRIX, Command::INS_PARSE_DATAMATRIX);
    parse->add_option("data", options_.data, word(Word::HELP_DATAMATRIX_DATA));
  }

  void add_traits(CLI::App* sub, Word name, bool required) {
    sub->add_option("--name", options_.name, word(name))->required(required);
    sub->add_option("--given-names", options_.given_names, word(Word::HELP_GIVEN_NAMES))->required(required);
    sub->add_option("--sex", options_.sex, word(Word::HELP_SEX))->required(required);
    sub->add_option("--birth-date", options_.birth_date, word(Word::HELP_BIRTH_DATE))->required(required);
    sub->add_option("--birth-place", options_.birth_place, word(Word::HELP_BIRTH_PLACE));
  }

  void add_reader(CLI::App* sub) {
    sub->add_option("--reader", options_.reader, word(Word::HELP_READER));
    add_desk(sub);
  }

  void add_desk(CLI::App* sub) {
    sub->add_option("--desk", options_.desk, word(Word::HELP_DESK))->envname("INSD_DESK");
  }

  void add_pin(CLI::App* sub) {
    sub->add_flag("--pin-stdin", options_.pin_stdin, word(Word::HELP_PIN_STDIN));
    sub->add_option("--pinentry", options_.pinentry, word(Word::HELP_PINENTRY));
    sub->add_flag("--accept-last-try", options_.accept_last_try, word(Word::HELP_ACCEPT_LAST_TRY));
  }

  void add_context(CLI::App* sub) {
    sub->add_option("--purpose", options_.purpose, word(Word::HELP_PURPOSE));
    sub->add_option("--attributes", options_.attributes, word(Word::HELP_ATTRIBUTES))
        ->check(CLI::IsMember(kAttributes).description(""))
        ->delimiter(',')
        ->type_name("TEXT");
    sub->add_option("--profile", options_.profile, word(Word::HELP_PROFILE));
    sub->add_option("--lease", options_.lease, word(Word::HELP_LEASE));
    sub->add_option("--cps-reader", options_.cps_reader, word(Word::HELP_CPS_READER));
    auto* const user = sub->add_option("--acting-user", options_.acting_user, word(Word::HELP_ACTING_USER));
    sub->add_option("--acting-how", options_.acting_how, word(Word::HELP_ACTING_HOW))->needs(user);
    add_pin(sub);
  }

  // CLI11 speaks English only; what it knows about the place of the error is the first word of its text.
  [[nodiscard]] std::string in_words(const CLI::ParseError& error) const {
    const std::string text = error.what();
    const auto option_start = text.find("--");
    const std::string option =
        option_start == std::string::npos
            ? ""
            : text.substr(option_start, text.find_first_of(" :,[", option_start) - option_start);
    // CLI11 misses the command before it looks at what it did not understand.
    const auto unknown = app_.remaining(true);
    if (!unknown.empty()) return say(language_, Word::USAGE_UNKNOWN, {nameable(unknown.front())});
    if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
      return option.empty() ? word(Word::USAGE_MISSING_COMMAND)
                            : say(language_, Word::USAGE_MISSING, {printable(option)});
    }
    if (option.empty()) return word(Word::USAGE_OTHER);
    return say(language_, Word::USAGE_VALUE, {printable(option)});
  }

  Language language_;
  Options options_;
  CLI::App app_;
};

}  // namespace

Parsed parse_command_line(const std::vector<std::string>& arguments, Language language) {
  return CommandLine(language).parse(arguments);
}

}  // namespace insd::cli
