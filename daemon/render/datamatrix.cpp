// SPDX-License-Identifier: Apache-2.0
#include "daemon/render/datamatrix.h"

#include <algorithm>

#include "daemon/identity/sex.h"
#include "daemon/identity/transliteration.h"
#include "daemon/render/datamatrix_format.h"
#include "drivers/base/error.h"

namespace insd::render {
namespace {

std::string carried_name(const std::string& name, const char* path) {
  require_trait(name, path);
  auto letters = identity::transliterate(name);
  if (!letters || letters->empty() || letters->size() > kMostName ||
      !std::ranges::all_of(*letters, is_name_character)) {
    throw Error(Code::TRAITS_INVALID).with_field(path, "cannot be written in a datamatrix");
  }
  return std::move(*letters);
}

std::string variable(std::string_view id, std::string_view value, std::size_t most) {
  std::string field = std::string(id).append(value);
  if (value.size() < most) field += kSeparator;
  return field;
}

}  // namespace

std::string datamatrix_payload(const Disclosure& disclosure) {
  const OutNumber& number = require_number(disclosure, "a datamatrix");
  if (disclosure.test_environment && number.authority.environment == identity::OidEnvironment::PRODUCTION) {
    throw Error(Code::UNSUPPORTED, "no test authority exists for a NIA");
  }
  if (!disclosure.birth_date) require_trait("", "identity.traits.birth_date");
  const std::string_view sex = identity::to_letter(disclosure.traits.sex);
  require_trait(sex, "identity.traits.sex");
  const std::string& date = disclosure.birth_date->date;
  std::string payload(kHeader);
  payload.append("S1").append(number.text);
  payload += variable("S2", number.authority.dotted, kMostOid);
  payload +=
      variable("S3", carried_name(disclosure.traits.given_names, "identity.traits.given_names"), kMostName);
  payload +=
      variable("S4", carried_name(disclosure.traits.birth_name, "identity.traits.birth_name"), kMostName);
  payload.append("S5").append(sex);
  payload.append("S6").append(date.substr(8, 2) + "-" + date.substr(5, 2) + "-" + date.substr(0, 4));
  if (!disclosure.traits.birth_place.empty()) payload.append("S7").append(disclosure.traits.birth_place);
  return payload;
}

}  // namespace insd::render
