// SPDX-License-Identifier: Apache-2.0
#include "daemon/render/cda.h"

#include "daemon/render/xml_writer.h"
#include "drivers/base/error.h"

namespace insd::render {
namespace {

constexpr const char* kTestAuthority = "IDENTITE DE TEST";

void id(XmlWriter& out, const Disclosure& from, std::string_view root, std::string_view extension) {
  out.open("id").attribute("root", root).attribute("extension", extension);
  if (from.test_environment) out.attribute("assigningAuthorityName", kTestAuthority);
  out.close();
}

void name(XmlWriter& out, const char* element, const char* qualifier, const std::string& value) {
  if (value.empty()) return;
  out.open(element);
  if (qualifier != nullptr) out.attribute("qualifier", qualifier);
  out.text(value).close();
}

std::string_view gender(identity::Sex sex) {
  switch (sex) {
    case identity::Sex::FEMALE:
      return "F";
    case identity::Sex::MALE:
      return "M";
    case identity::Sex::INDETERMINATE:
      return "UN";
    case identity::Sex::UNSPECIFIED:
      break;
  }
  return {};
}

void require_all(const Disclosure& from) {
  require_trait(from.traits.first_given_name, "identity.traits.first_given_name");
  require_trait(from.traits.given_names, "identity.traits.given_names");
  require_trait(from.traits.birth_place, "identity.traits.birth_place");
  require_trait(gender(from.traits.sex), "identity.traits.sex");
  require_trait(from.birth_date ? from.birth_date->date : "", "identity.traits.birth_date");
}

}  // namespace

std::string cda_patient_role(const Disclosure& disclosure) {
  if (disclosure.number) {
    require_all(disclosure);
  } else if (disclosure.local_identifiers.empty()) {
    throw Error(Code::INVALID_ARGUMENT).with_field("local_identifiers", "is empty: patientRole needs an id");
  }
  const identity::Traits& traits = disclosure.traits;
  XmlWriter out;
  out.open("patientRole").attribute("xmlns", "urn:hl7-org:v3");
  if (disclosure.number) id(out, disclosure, disclosure.number->authority.dotted, disclosure.number->text);
  for (const LocalIdentifier& each : disclosure.local_identifiers) id(out, disclosure, each.oid, each.value);
  out.open("patient").open("name");
  name(out, "family", "BR", traits.birth_name);
  name(out, "family", "CL", disclosure.used.used_name);
  name(out, "given", nullptr, traits.given_names);
  name(out, "given", "BR", traits.first_given_name);
  name(out, "given", "CL", disclosure.used.used_given_name);
  out.close();
  if (const auto code = gender(traits.sex); !code.empty()) {
    out.open("administrativeGenderCode").attribute("code", code);
    out.attribute("codeSystem", "2.16.840.1.113883.5.1").close();
  }
  if (disclosure.birth_date) {
    out.open("birthTime").attribute("value", compact_date(disclosure.birth_date->date)).close();
  }
  if (!traits.birth_place.empty()) {
    out.open("birthplace").open("place").open("addr").element("county", traits.birth_place);
    out.close().close().close();
  }
  return out.finish();
}

}  // namespace insd::render
