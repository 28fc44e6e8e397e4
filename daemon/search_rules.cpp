// SPDX-License-Identifier: Apache-2.0
#include "daemon/search_rules.h"

#include <algorithm>

#include "daemon/identity/birth_date.h"
#include "daemon/identity/matricule.h"
#include "daemon/identity/name.h"
#include "drivers/base/error.h"

namespace insd {
namespace {

constexpr std::size_t kNumberLength = 13;

bool belongs_to(const ProfileConfig& profile, const ProfileHolder& holder) {
  if (!profile.professional_id.empty()) return profile.professional_id == holder.national_id;
  // A staff card speaks for its structure (specs: cps, CPE and CPA), as an organisation's certificate does.
  return !profile.structure_id.empty() && std::find(holder.structures.begin(), holder.structures.end(),
                                                    profile.structure_id) != holder.structures.end();
}

// "ANNE-SOPHIE D'ARC" -> " ANNE SOPHIE D ARC ": words that can be looked for as a whole.
std::string as_words(std::string_view name) {
  std::string words = " ";
  for (const char c : name) {
    const bool letter = c >= 'A' && c <= 'Z';
    if (letter) {
      words.push_back(c);
    } else if (words.back() != ' ') {
      words.push_back(' ');
    }
  }
  if (words.back() != ' ') words.push_back(' ');
  return words;
}

std::string normalised_or_empty(std::string_view given_name) {
  try {
    return identity::normalise_given_name(given_name, "given_name");
  } catch (const Error&) {
    return {};
  }
}

// Live answers hold the list, older ones only the first name (specs: insi 1.3).
std::string given_names_of(const insi::Answer& answer) {
  return as_words(answer.given_names + ' ' + answer.first_given_name);
}

bool dates_agree(const std::string& answer, const std::string& card) {
  if (answer == card) return true;
  const bool lunar = !identity::is_calendar_date(answer) || !identity::is_calendar_date(card);
  return lunar && answer.substr(0, 4) == card.substr(0, 4);
}

void check_rank(std::optional<unsigned> birth_rank, std::vector<FieldViolation>& violations) {
  if (birth_rank && (*birth_rank < 1 || *birth_rank > 9)) {
    violations.push_back({"birth_rank", "must be 1 to 9"});
  }
}

void throw_if_any(const std::vector<FieldViolation>& violations) {
  if (violations.empty()) return;
  Error error(Code::INVALID_ARGUMENT);
  for (const auto& each : violations) {
    error.add_field(each.path, each.description);
  }
  throw Error(std::move(error));
}

// No card names the human then, so the caller does, and says how it knows.
void require_acting_user(const SearchContext& context, InsiMode mode) {
  if (mode != InsiMode::ORGANISATION) return;
  if (!context.acting_user || context.acting_user->id.empty()) {
    throw Error(Code::INVALID_ARGUMENT).with_field("context.acting_user.id", "is missing");
  }
  if (context.acting_user->authenticated_how.empty()) {
    throw Error(Code::INVALID_ARGUMENT).with_field("context.acting_user.authenticated_how", "is missing");
  }
}

// Corsica was 20 until 1976: the same place is 20020, 2A020 or 2B020 by the time of the writing.
std::string as_place(std::string place) {
  if (place.size() == 5 && place[0] == '2' && (place[1] == 'A' || place[1] == 'B')) place[1] = '0';
  return place;
}

}  // namespace

void check_gates(const SearchContext& context, const Searcher& searcher, InsiUse use) {
  for (const IdentityAttribute attribute : context.attributes) {
    if (attribute != IdentityAttribute::HOMONYM) throw Error(Code::IDENTITY_FORBIDS_CALL);
  }
  if (context.from_apcv) throw Error(Code::APCV_IDENTITY_REFUSED);
  const InsiConfig& insi = searcher.config->insi;
  if (insi.environment == InsiEnvironment::UNSET) {
    throw Error(Code::INSI_NOT_CONFIGURED, "insi.environment is not set");
  }
  if (insi.endpoint.empty()) throw Error(Code::INSI_NOT_CONFIGURED, "insi.endpoint is not set");
  if (insi.mode == InsiMode::ORGANISATION && !insi.organisation.configured()) {
    throw Error(Code::INSI_NOT_CONFIGURED, "insi.organisation: neither pkcs12 nor pkcs11_uri is set");
  }
  require_acting_user(context, insi.mode);
  const bool keeps_none = searcher.role == CallerRole::NON_REPOSITORY;
  if (searcher.role == CallerRole::NONE || (keeps_none && use == InsiUse::RETRIEVE)) {
    throw Error(Code::PERMISSION_DENIED, "this role may not retrieve identities");
  }
  if (context.return_messages &&
      (insi.environment != InsiEnvironment::TEST || searcher.role != CallerRole::ADMIN)) {
    throw Error(Code::PERMISSION_DENIED, "messages of an exchange: an administrator's, of a test service")
        .with_field("context.return_messages", "is an administrator's, and refused in production");
  }
  if (searcher.editor == nullptr) throw Error(Code::EDITOR_NOT_CONFIGURED);
}

const ProfileConfig& choose_profile(const std::vector<ProfileConfig>& profiles, const std::string& name,
                                    const ProfileHolder& holder) {
  const ProfileConfig* only = nullptr;
  for (const ProfileConfig& profile : profiles) {
    if (!belongs_to(profile, holder)) continue;
    if (!name.empty()) {
      if (profile.name == name) return profile;
      continue;
    }
    if (only != nullptr) throw Error(Code::PROFILE_REQUIRED, "several profiles match");
    only = &profile;
  }
  if (!name.empty()) throw Error(Code::PROFILE_UNKNOWN);
  if (only == nullptr) throw Error(Code::PROFILE_REQUIRED, "no profile matches");
  return *only;
}

CardNature card_nature(const vitale::Reading& reading) {
  const auto nobodys = [](const vitale::Beneficiary& person) {
    return person.nir && !identity::parse_matricule(*person.nir);
  };
  const auto& people = reading.beneficiaries;
  return std::any_of(people.begin(), people.end(), nobodys) ? CardNature::TEST : CardNature::UNKNOWN;
}

void refuse_test_card(CardNature nature, InsiEnvironment environment) {
  const bool test = nature == CardNature::TEST || nature == CardNature::DEMONSTRATION;
  if (test && environment == InsiEnvironment::PRODUCTION) throw Error(Code::TEST_CARD_REFUSED);
}

bool key_is_right(const vitale::Beneficiary& person) {
  const auto number = person.nir ? identity::parse_matricule(*person.nir) : std::nullopt;
  return number && identity::key_matches(*number);
}

insi::CardQuery card_query(const vitale::Reading& reading, std::size_t beneficiary_index,
                           std::optional<unsigned> birth_rank) {
  std::vector<FieldViolation> violations;
  check_rank(birth_rank, violations);
  throw_if_any(violations);
  const auto& people = reading.beneficiaries;
  if (beneficiary_index >= people.size()) throw Error(Code::BENEFICIARY_NOT_FOUND);
  const vitale::Beneficiary& person = people[beneficiary_index];
  const auto birth_date = identity::birth_date_from_card(person.birth_date);
  if (!birth_date) throw Error(Code::CARD_DATA_INVALID, "the birth date is not AAAAMMJJ");
  if (!person.nir) throw Error(Code::NIR_MISSING);
  const std::string number = person.nir->substr(0, kNumberLength);
  if (!identity::is_number(number)) throw Error(Code::CARD_DATA_INVALID, "the number has not 13 digits");
  // With one number for a whole family, the birth date and the rank tell twins apart.
  const auto twins = std::count_if(people.begin(), people.end(), [&](const vitale::Beneficiary& other) {
    return other.birth_date == person.birth_date;
  });
  if (twins > 1 && !birth_rank) throw Error(Code::BIRTH_RANK_REQUIRED);
  insi::CardQuery query;
  query.insured_nir = number;
  query.birth_date = *birth_date;
  query.birth_rank = birth_rank.value_or(1);
  return query;
}

insi::CardQuery card_query(const SuppliedCard& supplied, std::optional<unsigned> birth_rank,
                           Clock::Wall now) {
  std::vector<FieldViolation> violations;
  check_rank(birth_rank, violations);
  if (!supplied.read_at) {
    violations.push_back({"supplied.read_time", "is missing"});
  } else if (now - *supplied.read_at > kMaxReadingAge || *supplied.read_at - now > kMaxReadingAge) {
    violations.push_back({"supplied.read_time", "is more than 20 minutes away: read the card again"});
  }
  insi::CardQuery query;
  if (!identity::is_number(supplied.insured_nir)) {
    violations.push_back({"supplied.insured_nir", "must be 13 digits (A or B allowed as the 7th character)"});
  }
  query.insured_nir = supplied.insured_nir;
  if (!supplied.beneficiary_nir.empty()) {
    if (!identity::is_number(supplied.beneficiary_nir)) {
      violations.push_back(
          {"supplied.beneficiary_nir", "must be 13 digits (A or B allowed as the 7th character)"});
    }
    query.beneficiary_nir = supplied.beneficiary_nir;
  }
  if (!identity::is_birth_date(supplied.birth_date)) {
    violations.push_back({"supplied.birth_date", "must be AAAA-MM-JJ"});
  }
  query.birth_date = supplied.birth_date;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!supplied.serial.empty()) {
    if (supplied.serial.size() > 20 || !std::all_of(supplied.serial.begin(), supplied.serial.end(), digit)) {
      violations.push_back({"supplied.serial", "must be at most 20 digits"});
    }
    query.vitale_serial = supplied.serial;
  }
  if (!supplied.birth_name.empty()) {
    try {
      query.birth_name = identity::normalise_birth_name(supplied.birth_name, "supplied.birth_name");
    } catch (const Error& error) {
      violations.insert(violations.end(), error.fields().begin(), error.fields().end());
    }
  }
  throw_if_any(violations);
  query.birth_rank = birth_rank.value_or(1);
  return query;
}

identity::SearchTraits normalised_traits(const TraitsSearch& search) {
  identity::SearchTraits traits;
  traits.birth_name = search.birth_name;
  traits.given_names = search.given_names;
  traits.sex = identity::parse_sex(search.sex);
  traits.birth_date = search.birth_date;
  if (!search.birth_place.empty()) traits.birth_place = search.birth_place;
  return identity::normalise(traits, "traits");
}

void require_serial(const insi::CardQuery& query, const InsiConfig& config) {
  const bool needed =
      config.vitale_serial == VitaleSerialRule::REQUIRED ||
      (config.vitale_serial == VitaleSerialRule::AUTO && config.environment == InsiEnvironment::PRODUCTION);
  if (needed && !query.vitale_serial) throw Error(Code::VITALE_SERIAL_UNAVAILABLE);
}

bool is_beneficiary(const insi::Answer& answer, const vitale::Beneficiary& beneficiary) {
  const std::string card_name = as_words(normalised_or_empty(beneficiary.given_name));
  const bool named = card_name != " " && given_names_of(answer).find(card_name) != std::string::npos;
  const auto card_date = identity::birth_date_from_card(beneficiary.birth_date);
  return named && card_date && dates_agree(answer.birth_date, *card_date);
}

bool answers_what_was_asked(const insi::Answer& answer, const SentTraits& sent) {
  const auto same = [](const std::string& received, const std::string& asked) {
    return received.empty() || asked.empty() || received == asked;
  };
  const std::string names = given_names_of(answer);
  // Hyphens and apostrophes of a name are spaces in some registers.
  const auto same_name = [](const std::string& received, const std::string& asked) {
    return received.empty() || asked.empty() || as_words(received) == as_words(asked);
  };
  return same(answer.sex, sent.sex) && same_name(answer.birth_name, sent.birth_name) &&
         same(as_place(answer.birth_place), as_place(sent.birth_place)) &&
         (answer.birth_date.empty() || dates_agree(answer.birth_date, sent.birth_date)) &&
         (names == " " || sent.given_name.empty() ||
          names.find(as_words(sent.given_name)) != std::string::npos);
}

}  // namespace insd
