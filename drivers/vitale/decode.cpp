// SPDX-License-Identifier: Apache-2.0
#include "drivers/vitale/decode.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "drivers/base/error.h"
#include "drivers/iso7816/tlv.h"
#include "drivers/vitale/files.h"

namespace insd::vitale {
namespace {

using Level = std::vector<iso7816::Tlv>;

[[noreturn]] void invalid(const char* what) {
  throw Error(Code::CARD_DATA_INVALID, what);
}

// The habits of padding are not published: spaces and zero bytes at both ends go (specs: vitale 2.5, 9).
ByteView trimmed(ByteView value) {
  const auto padding = [](std::uint8_t byte) { return byte == ' ' || byte == 0; };
  while (!value.empty() && padding(value.front())) value = value.subspan(1);
  while (!value.empty() && padding(value.back())) value = value.first(value.size() - 1);
  return value;
}

std::string text(ByteView raw, const char* what) {
  const ByteView value = trimmed(raw);
  if (value.size() > kMaxTextBytes) invalid(what);
  // Latin-1 controls would reach terminals and logs (threats: T-CARD-07).
  const auto control = [](std::uint8_t byte) { return byte < 0x20 || (byte >= 0x7F && byte < 0xA0); };
  if (std::any_of(value.begin(), value.end(), control)) invalid(what);
  return latin1_to_utf8(value);
}

// The element, which may be there once: of two, nobody could say which one is true.
std::optional<ByteView> only(const Level& person, std::uint32_t tag, const char* what) {
  const auto same = [tag](const iso7816::Tlv& element) { return element.tag == tag; };
  if (std::count_if(person.begin(), person.end(), same) > 1) invalid(what);
  return iso7816::find_tlv(person, tag);
}

std::optional<std::string> optional_text(const Level& person, std::uint32_t tag, const char* what) {
  const auto value = only(person, tag, what);
  if (!value || trimmed(*value).empty()) return std::nullopt;
  return text(*value, what);
}

bool is_digit(std::uint8_t byte) {
  return byte >= '0' && byte <= '9';
}

bool is_date(ByteView value) {
  return value.size() == kDateDigits && std::all_of(value.begin(), value.end(), is_digit);
}

std::string birth_date(const Level& person) {
  const auto value = only(person, tag::kBirthDate, "birth date: given twice");
  if (!value || !is_date(*value)) invalid("birth date: not 8 digits");
  return {value->begin(), value->end()};
}

std::optional<std::string> nir(const Level& person) {
  const auto value = only(person, tag::kNir, "NIR: given twice");
  if (!value || trimmed(*value).empty()) return std::nullopt;
  const ByteView characters = trimmed(*value);
  const auto allowed = [](std::uint8_t byte) { return is_digit(byte) || (byte >= 'A' && byte <= 'Z'); };
  if (characters.size() != kNirCharacters || !std::all_of(characters.begin(), characters.end(), allowed)) {
    invalid("NIR: not 15 digits or capitals");
  }
  return std::string(characters.begin(), characters.end());
}

Beneficiary beneficiary(const Level& person) {
  const auto given_name = only(person, tag::kGivenName, "given name: given twice");
  if (!given_name) invalid("given name: missing");
  Beneficiary result;
  result.usual_name = optional_text(person, tag::kUsualName, "usual name").value_or("");
  if (result.usual_name.empty()) invalid("usual name: missing");
  result.given_name = text(*given_name, "given name");
  result.birth_date = birth_date(person);
  result.nationality = optional_text(person, tag::kNationality, "nationality");
  return result;
}

// The person templates of a file, each as its elements.
std::vector<Level> persons(ByteView file) {
  std::vector<Level> result;
  for (const iso7816::Tlv& element : iso7816::parse_tlv(file)) {
    if (element.tag != tag::kPerson) continue;
    if (result.size() == kMaxBeneficiaries) invalid("more than 19 beneficiaries");
    result.push_back(iso7816::parse_tlv(element.value));
  }
  return result;
}

}  // namespace

std::vector<Beneficiary> decode_identities(ByteView file) {
  const std::vector<Level> templates = persons(file);
  const auto named = [](const Level& person) {
    return iso7816::find_tlv(person, tag::kUsualName).has_value();
  };
  if (std::none_of(templates.begin(), templates.end(), named)) return {};
  std::vector<Beneficiary> people;
  people.reserve(templates.size());
  for (const Level& person : templates) people.push_back(beneficiary(person));
  return people;
}

void join_nirs(ByteView file, std::vector<Beneficiary>& people) {
  const std::vector<Level> templates = persons(file);
  // Which NIR would be whose? A wrong guess would name somebody else to the teleservice.
  for (std::size_t i = people.size(); i < templates.size(); ++i) {
    if (nir(templates[i])) invalid("more NIRs than beneficiaries");  // empty places are padding
  }
  for (std::size_t i = 0; i < std::min(templates.size(), people.size()); ++i) {
    people[i].nir = nir(templates[i]);
    // Which of the two files holds the nationality is not published (specs: vitale 2.5).
    if (!people[i].nationality) {
      people[i].nationality = optional_text(templates[i], tag::kNationality, "nationality");
    }
  }
}

std::optional<std::string> decode_validity_start(ByteView file) {
  const Level level = iso7816::parse_tlv(file);
  const auto card = iso7816::find_tlv(level, tag::kCard);
  if (!card) return std::nullopt;
  const auto start = iso7816::find_tlv(iso7816::parse_tlv(*card), tag::kValidityStart);
  // Seen by one reader only, in a file it does not name: another form is left alone, not refused.
  if (!start || !is_date(*start)) return std::nullopt;
  return std::string(start->begin(), start->end());
}

}  // namespace insd::vitale
