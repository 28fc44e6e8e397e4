// SPDX-License-Identifier: Apache-2.0
// Reading alone: the fuzz target builds this file without the writers.
#include <algorithm>
#include <array>
#include <optional>

#include "daemon/identity/birth_date.h"
#include "daemon/identity/cog.h"
#include "daemon/identity/matricule.h"
#include "daemon/render/datamatrix.h"
#include "daemon/render/datamatrix_format.h"
#include "drivers/base/error.h"

namespace insd::render {
namespace {

constexpr std::size_t kFields = 7;

[[noreturn]] void refuse(const char* why) {
  throw Error(Code::INVALID_ARGUMENT).with_field("data", why);
}

// Every written form of the separator becomes the separator.
std::string with_separators(std::string_view data) {
  std::string out(data);
  for (const std::string_view form : {std::string_view("<GS>"), std::string_view("\xE2\x90\x9D")}) {
    for (auto at = out.find(form); at != std::string::npos; at = out.find(form, at + 1)) {
      out.replace(at, form.size(), 1, kSeparator);
    }
  }
  return out;
}

std::string_view trimmed(std::string_view data) {
  if (data.starts_with("]d1") || data.starts_with("]d2")) data.remove_prefix(3);
  while (!data.empty() && (data.back() == '\r' || data.back() == '\n' || data.back() == '\t')) {
    data.remove_suffix(1);
  }
  return data;
}

class Fields {
 public:
  explicit Fields(std::string_view rest) : rest_(rest) {
    while (!rest_.empty()) take_field();
  }

  [[nodiscard]] const std::optional<std::string>& operator[](std::size_t number) const {
    return values_.at(number - 1);
  }
  [[nodiscard]] const std::string& mandatory(std::size_t number) const {
    const auto& value = values_.at(number - 1);
    if (!value) refuse("a mandatory field is missing");
    return *value;
  }
  [[nodiscard]] bool separators_lost() const { return separators_lost_; }

 private:
  void take_field() {
    if (rest_.size() < 2 || rest_[0] != 'S' || rest_[1] < '1' || rest_[1] > '7')
      refuse("has an unknown field");
    const auto number = static_cast<std::size_t>(rest_[1] - '0');
    rest_.remove_prefix(2);
    auto& value = values_.at(number - 1);
    if (value) refuse("has a field twice");
    constexpr std::array<std::size_t, kFields> kFixed = {15, 0, 0, 0, 1, 10, 5};
    const std::size_t fixed = kFixed.at(number - 1);
    if (fixed > 0 && rest_.size() < fixed) refuse("ends inside a field");
    value = fixed > 0 ? take(fixed) : take_variable(number == 2 ? kMostOid : kMostName);
  }

  std::string take(std::size_t size) {
    std::string value(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return value;
  }

  // Up to its separator; without one, up to where the next field must begin: "S" and a digit, which no name
  // and no OID holds.
  std::string take_variable(std::size_t most) {
    std::size_t size = 0;
    while (size < rest_.size() && rest_[size] != kSeparator && !begins_field(size)) ++size;
    if (size == 0 || size > most) refuse("has an empty field or one that is too long");
    const bool separated = size < rest_.size() && rest_[size] == kSeparator;
    if (!separated && size < rest_.size() && size < most) separators_lost_ = true;
    std::string value = take(size);
    if (separated) rest_.remove_prefix(1);
    return value;
  }

  [[nodiscard]] bool begins_field(std::size_t at) const {
    return rest_[at] == 'S' && at + 1 < rest_.size() && rest_[at + 1] >= '1' && rest_[at + 1] <= '7';
  }

  std::string_view rest_;
  std::array<std::optional<std::string>, kFields> values_;
  bool separators_lost_ = false;
};

std::string name_of(const Fields& fields, std::size_t number) {
  const std::string& name = fields.mandatory(number);
  if (!std::ranges::all_of(name, is_name_character)) refuse("has a character that no name may have");
  return name;
}

std::string iso_date(const std::string& text) {
  if (text[2] != '-' || text[5] != '-') refuse("has a birth date that is not DD-MM-YYYY");
  std::string date = text.substr(6, 4) + "-" + text.substr(3, 2) + "-" + text.substr(0, 2);
  if (!identity::is_birth_date(date)) refuse("has a birth date that is not DD-MM-YYYY");
  return date;
}

}  // namespace

Scanned parse_datamatrix(std::string_view data) {
  if (data.size() > kMostScannedBytes) refuse("is longer than 512 bytes");
  const std::string text = with_separators(trimmed(data));
  if (!text.starts_with(kHeader)) refuse("does not begin with the header of an INS datamatrix, version 01");
  const Fields fields(std::string_view(text).substr(kHeader.size()));
  Scanned out;
  const auto matricule = identity::parse_matricule(fields.mandatory(1));
  if (!matricule || matricule->key.empty()) refuse("has a number that is not 13 characters and a key");
  if (!identity::key_matches(*matricule)) refuse("has a number whose key is wrong");
  out.number = matricule->number;
  out.key = matricule->key;
  const auto authority = identity::find_oid(fields.mandatory(2));
  if (!authority) refuse("has an OID that is no authority of INS numbers");
  out.authority = *authority;
  out.given_names = name_of(fields, 3);
  out.birth_name = name_of(fields, 4);
  out.sex = fields.mandatory(5);
  if (out.sex != "M" && out.sex != "F") refuse("has a sex that is neither M nor F");
  out.birth_date = iso_date(fields.mandatory(6));
  out.birth_place = fields[7].value_or("");
  if (!out.birth_place.empty() && !identity::is_cog(out.birth_place))
    refuse("has a birth place that is no COG");
  out.separators_lost = fields.separators_lost();
  return out;
}

}  // namespace insd::render
