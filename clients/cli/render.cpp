// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/render.h"

#include <array>
#include <ctime>
#include <ostream>

#include <google/protobuf/util/time_util.h>

#include "clients/cli/login_dialogue.h"
#include "clients/cli/text.h"

namespace insd::cli {
namespace {

constexpr std::size_t kLabelWidth = 28;

void line(std::ostream& out, std::string_view label, std::string_view value,
          std::size_t width = kLabelWidth) {
  print_line(out, label, value, width);
}

template <typename Names>
std::string joined(const Names& names, std::string_view separator) {
  std::string out;
  for (const auto& name : names) {
    if (!out.empty()) out += separator;
    out += name;
  }
  return out;
}

void print_history(std::ostream& out, Language language, const v1::InsiAnswer& answer) {
  if (answer.history().empty()) {
    line(out, say(language, Word::HISTORY), say(language, Word::NONE), kIdentityLabelWidth);
    return;
  }
  std::string label = say(language, Word::HISTORY);
  for (const auto& number : answer.history()) {
    std::string text = number_in_words(language, number) + "  " + oid_in_words(language, number);
    if (!number.start_date().empty()) text += "  " + say(language, Word::HISTORY_FROM, {number.start_date()});
    if (!number.end_date().empty()) text += "  " + say(language, Word::HISTORY_UNTIL, {number.end_date()});
    line(out, label, text, kIdentityLabelWidth);
    label.clear();
  }
}

void print_answer(std::ostream& out, Language language, const v1::InsiAnswer& answer) {
  const auto identity_line = [&](Word label, const std::string& value) {
    line(out, say(language, label), value, kIdentityLabelWidth);
  };
  const auto& traits = answer.traits();
  identity_line(Word::INS_NUMBER, number_in_words(language, answer.number()));
  identity_line(Word::OID, oid_in_words(language, answer.number()));
  identity_line(Word::BIRTH_NAME, traits.birth_name());
  identity_line(Word::GIVEN_NAMES, traits.given_names());
  // Never computed from the list: « ANNE SOPHIE » may be one given name or two (specs: ins-rules 1.6).
  identity_line(Word::FIRST_GIVEN_NAME, traits.first_given_name().empty()
                                            ? say(language, Word::FIRST_GIVEN_NAME_CHOOSE,
                                                  {joined(traits.first_given_name_candidates(), " | ")})
                                            : traits.first_given_name());
  identity_line(Word::SEX, traits.sex());
  identity_line(Word::BIRTH_DATE, traits.birth_date());
  identity_line(Word::BIRTH_PLACE, traits.birth_place());
  print_history(out, language, answer);
}

// ", since ..." when that is known.
std::string since(Language language, const google::protobuf::Timestamp& time) {
  const std::string text = local_time(time);
  return text.empty() ? text : ", " + say(language, Word::READER_LINE_SINCE, {text});
}

// What is wrong, its code, and what to do.
template <typename State>
void print_problem(std::ostream& out, Language language, const State& state) {
  if (!state.problem_code().empty()) {
    out << "  " << printable(state.problem_code());
    if (!state.problem().empty()) out << ": " << printable(state.problem());
    out << '\n';
  }
  if (!state.remedy().empty())
    out << "  " << say(language, Word::REMEDY_IS, {printable(state.remedy())}) << '\n';
}

}  // namespace

std::string local_time(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0) return {};
  const std::time_t seconds = google::protobuf::util::TimeUtil::TimestampToTimeT(time);
  std::tm parts{};
  if (::localtime_r(&seconds, &parts) == nullptr) return {};
  std::array<char, 32> buffer{};
  const auto length = std::strftime(buffer.data(), buffer.size(), "%Y-%m-%d %H:%M:%S", &parts);
  return {buffer.data(), length};
}

void print_line(std::ostream& out, std::string_view label, std::string_view value, std::size_t width) {
  if (!value.empty()) out << "  " << padded(label, width) << printable(value) << '\n';
}

std::string number_in_words(Language language, const v1::InsNumber& number) {
  std::string text = number.number();
  if (!number.key().empty()) text += "  " + say(language, Word::KEY) + " " + number.key();
  return text;
}

std::string oid_in_words(Language language, const v1::InsNumber& number) {
  return number.oid() + "  (" + term_of(language, number.kind(), v1::NumberKind_Name) + ")";
}

std::string reader_in_words(const std::string& alias, const std::string& name) {
  return printable(alias.empty() ? name : alias + " [" + name + "]");
}

void print_reader(std::ostream& out, Language language, const v1::Reader& reader, bool verbose) {
  out << reader_in_words(reader.alias(), reader.name()) << colon(language)
      << term_of(language, reader.state(), v1::ReaderState_Name);
  if (reader.state() == v1::READER_STATE_CARD_PRESENT)
    out << ", " << term_of(language, reader.card_kind(), v1::CardKind_Name);
  if (reader.role() != v1::READER_ROLE_UNSPECIFIED)
    out << ", " << term_of(language, reader.role(), v1::ReaderRole_Name);
  if (!reader.desk().empty())
    out << ", " << say(language, Word::READER_LINE_DESK, {printable(reader.desk())});
  if (reader.pin_pad() == v1::PIN_PAD_PRESENT) out << ", " << say(language, Word::READER_LINE_PIN_PAD);
  out << since(language, reader.since()) << '\n';
  if (verbose && !reader.generation().empty())
    out << "  " << say(language, Word::READER_GENERATION, {printable(reader.generation())}) << '\n';
  print_problem(out, language, reader);
}

void print_pcsc(std::ostream& out, Language language, const v1::PcscStatus& pcsc) {
  out << say(language, Word::SMART_CARD_SERVICE, {term_of(language, pcsc.state(), v1::PcscState_Name)})
      << since(language, pcsc.since()) << '\n';
  print_problem(out, language, pcsc);
}

void print_pcsc_event(std::ostream& out, Language language, const v1::PcscEvent& event) {
  const std::string when = local_time(event.event_time());
  switch (event.kind()) {
    case v1::PCSC_EVENT_KIND_LOST:
      out << say(language, Word::WATCH_PCSC_LOST, {when}) << '\n';
      break;
    case v1::PCSC_EVENT_KIND_RECOVERING:
      out << say(language, Word::WATCH_PCSC_RECOVERING, {when}) << '\n';
      break;
    case v1::PCSC_EVENT_KIND_RECOVERED: {
      const auto outage = google::protobuf::util::TimeUtil::DurationToMilliseconds(event.outage());
      out << say(language, Word::WATCH_PCSC_RECOVERED, {when, std::to_string(outage)}) << '\n';
      break;
    }
    default:
      break;  // a newer daemon
  }
}

std::string holder_of(const v1::ProfessionalCard& card) {
  std::string out;
  for (const auto& part : {card.title(), card.given_name(), card.family_name()}) {
    if (part.empty()) continue;
    if (!out.empty()) out += ' ';
    out += part;
  }
  return out.empty() ? card.label() : out;
}

void print_card(std::ostream& out, Language language, const v1::ProfessionalCard& card) {
  const auto card_line = [&](Word label, const std::string& value) {
    line(out, say(language, label), value);
  };
  card_line(Word::CARD_HOLDER, holder_of(card));
  std::string id = card.national_id();
  if (card.national_id_kind() != v1::NATIONAL_ID_KIND_UNSPECIFIED)
    id += " (" + term_of(language, card.national_id_kind(), v1::NationalIdKind_Name) + ")";
  card_line(Word::NATIONAL_ID, id);
  card_line(Word::PROFESSION_CODE, card.profession_code());
  card_line(Word::SPECIALITY, card.speciality_code());
  card_line(Word::ORGANISATION, card.organisation_id());
  std::string type = term_of(language, card.card_type(), v1::ProfessionalCardType_Name);
  if (card.test_pki()) type += " (" + say(language, Word::TEST_CARD) + ")";
  card_line(Word::CARD_TYPE, type);
  card_line(Word::CARD_NUMBER, card.card_number());
  card_line(Word::READER, reader_in_words(card.reader_alias(), card.reader()));
  card_line(Word::ISSUER, card.issuer());
  card_line(Word::VALID_UNTIL, local_time(card.not_after()));
  std::string trust = term_of(language, card.certificate_trust(), v1::CertificateTrust_Name);
  if (card.revocation_list_stale()) trust += " (" + say(language, Word::STALE_LIST) + ")";
  card_line(Word::CERTIFICATE, trust);
  if (card.pin_blocked()) {
    out << "  " << say(language, Word::PIN_BLOCKED) << '\n';
  } else if (card.has_pin_tries_left()) {
    out << "  " << tries_in_words(language, card.pin_tries_left()) << '\n';
  }
}

void print_activities(std::ostream& out, Language language, const v1::GetProfessionalCardResponse& response) {
  if (response.activities_source() != v1::DATUM_SOURCE_READ) {
    line(out, say(language, Word::ACTIVITIES),
         term_of(language, response.activities_source(), v1::DatumSource_Name));
  }
  for (const auto& activity : response.activities()) {
    std::string text = activity.structure_name();
    for (const auto& part : {activity.structure_id(), activity.sector_code()}) {
      if (!text.empty() && !part.empty()) text += ", ";
      text += part;
    }
    line(out, say(language, Word::ACTIVITY, {std::to_string(activity.number())}), text);
  }
}

void print_capabilities(std::ostream& out, Language language, const v1::CardCapabilities& capabilities) {
  const auto key = [&](Word label, v1::KeyState state) {
    line(out, say(language, label), term_of(language, state, v1::KeyState_Name));
  };
  line(out, say(language, Word::WAY_TO_CARD), term_of(language, capabilities.backend(), v1::CpsBackend_Name));
  std::string module = capabilities.module();
  if (!capabilities.module_description().empty()) module += " (" + capabilities.module_description() + ")";
  line(out, say(language, Word::MODULE), module);
  key(Word::SIGNATURE_KEY, capabilities.signature_key());
  key(Word::AUTHENTICATION_KEY, capabilities.authentication_key());
  if (capabilities.pin_pad_used()) {
    out << "  " << say(language, Word::PIN_PAD_USED) << '\n';
  } else if (capabilities.pin_pad()) {
    out << "  " << say(language, Word::PIN_PAD_UNUSED) << '\n';
  }
}

std::string describe(const v1::Beneficiary& person) {
  return person.usual_name() + " " + person.given_name() + ", " + person.birth_date();
}

void print_vitale(std::ostream& out, Language language, const v1::VitaleReading& reading) {
  const auto datum = [&](Word label, const std::string& value, v1::DatumSource source) {
    const std::string from = term_of(language, source, v1::DatumSource_Name);
    line(out, say(language, label), value.empty() ? from : value + " (" + from + ")");
  };
  print_beneficiaries(out, language, reading);
  const std::string nature = reading.nature() == v1::CARD_NATURE_UNSPECIFIED
                                 ? ""
                                 : term_of(language, reading.nature(), v1::CardNature_Name);
  datum(Word::CARD_NATURE, nature, reading.nature_source());
  datum(Word::CARD_VALIDITY_START, reading.validity_start_date(), reading.validity_start_source());
  datum(Word::CARD_SERIAL, reading.serial(), reading.serial_source());
  line(out, say(language, Word::CARD_READ_AT), local_time(reading.read_time()));
  for (const auto& person : reading.beneficiaries()) {
    out << "  " << printable(describe(person)) << '\n';
    const std::string rank = person.has_birth_rank() ? std::to_string(person.birth_rank()) : "";
    datum(Word::BIRTH_NAME, person.birth_name(), person.birth_name_source());
    datum(Word::BIRTH_RANK, rank, person.birth_rank_source());
    datum(Word::NATIONALITY, person.nationality(), person.nationality_source());
  }
}

void print_beneficiaries(std::ostream& out, Language language, const v1::VitaleReading& reading) {
  out << say(language, Word::BENEFICIARIES) << '\n';
  int position = 0;
  for (const auto& person : reading.beneficiaries()) {
    out << "  " << ++position << ". " << printable(describe(person));
    if (!person.nir().empty()) {
      out << ", "
          << say(language, Word::CARD_NUMBER_ON_VITALE,
                 {printable(person.nir()), printable(person.nir_key())});
      if (!person.nir_key_valid()) out << " (" << say(language, Word::CARD_NUMBER_KEY_WRONG) << ")";
    }
    out << '\n';
  }
  out << "  " << say(language, Word::INSURED_NUMBER_NOTE) << '\n';
}

void print_attempts(std::ostream& out, Language language, const SearchAttempts& attempts) {
  if (attempts.empty()) return;
  out << "  " << say(language, Word::QUESTIONS_ASKED) << '\n';
  for (const auto& attempt : attempts) {
    out << "    " << local_time(attempt.send_time()) << " " << printable(attempt.given_name_sent());
    if (!attempt.birth_place_sent().empty()) out << " (" << printable(attempt.birth_place_sent()) << ")";
    out << colon(language)
        << printable(term(language, attempt.code().empty() ? attempt.error_code() : attempt.code())) << '\n';
  }
}

namespace {

void print_next_steps(std::ostream& out, Language language, const v1::SearchResult& result) {
  if (result.next_steps().empty()) return;
  out << say(language, Word::WHAT_NEXT) << '\n';
  for (const auto& step : result.next_steps()) out << "  - " << printable(term(language, step)) << '\n';
}

}  // namespace

void print_result(std::ostream& out, Language language, const v1::SearchResult& result) {
  out << say(language, Word::ANSWER_TITLE) << '\n';
  if (result.environment() != v1::ENVIRONMENT_PRODUCTION)
    out << "  " << say(language, Word::ANSWER_TEST) << '\n';
  if (result.outcome() == v1::SEARCH_OUTCOME_FOUND) {
    print_answer(out, language, result.answer());
  } else {
    out << "  "
        << say(language, result.outcome() == v1::SEARCH_OUTCOME_SEVERAL ? Word::SEVERAL : Word::NOT_FOUND)
        << '\n';
  }
  for (const auto& warning : result.warnings()) out << "  ! " << printable(term(language, warning)) << '\n';
  if (result.attempts_size() > 1) print_attempts(out, language, result.attempts());
  if (!result.matched_given_name().empty())
    out << "  " << say(language, Word::FOUND_BY_NAME, {printable(result.matched_given_name())}) << '\n';
  print_next_steps(out, language, result);
  if (result.outcome() != v1::SEARCH_OUTCOME_FOUND) return;
  out << '\n' << say(language, Word::WHAT_IT_IS) << '\n';
  if (result.missing_for_qualification().empty()) return;
  out << say(language, Word::WHAT_IS_MISSING) << '\n';
  for (const auto& missing : result.missing_for_qualification())
    out << "  - " << printable(term(language, missing)) << '\n';
}

void print_result(std::ostream& out, Language language, const v1::VerificationResult& result) {
  out << say(language, Word::ANSWER_TITLE) << '\n';
  if (result.environment() != v1::ENVIRONMENT_PRODUCTION)
    out << "  " << say(language, Word::ANSWER_TEST) << '\n';
  const bool consistent = result.outcome() == v1::VERIFICATION_OUTCOME_CONSISTENT;
  out << "  " << say(language, consistent ? Word::CONSISTENT : Word::INCONSISTENT) << '\n';
  for (const auto& warning : result.warnings()) out << "  ! " << printable(term(language, warning)) << '\n';
}

void print_status(std::ostream& out, Language language, const v1::GetInfoResponse& info,
                  const v1::WhatMayIDoResponse& rights) {
  const auto status_line = [&](Word label, const std::string& value) {
    line(out, say(language, label), value.empty() ? say(language, Word::NONE) : value);
  };
  status_line(Word::STATUS_VERSION, info.version());
  status_line(Word::STATUS_SINCE, local_time(info.start_time()));
  status_line(Word::STATUS_ENVIRONMENT, term_of(language, info.environment(), v1::Environment_Name));
  status_line(Word::STATUS_MODE, term_of(language, info.insi_mode(), v1::InsiMode_Name));
  status_line(Word::STATUS_ENDPOINT, info.insi_endpoint());
  status_line(Word::STATUS_PROFILES, joined(info.profiles(), ", "));
  line(out, say(language, Word::STATUS_CALLER, {std::to_string(rights.uid())}),
       term_of(language, rights.role(), v1::CallerRole_Name));
  status_line(Word::STATUS_METHODS, joined(rights.methods(), ", "));
  status_line(Word::STATUS_READERS, joined(rights.readers(), ", "));
  status_line(Word::STATUS_EDITOR, rights.editor());
}

}  // namespace insd::cli
