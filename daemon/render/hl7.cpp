// SPDX-License-Identifier: Apache-2.0
#include "daemon/render/hl7.h"

#include <array>

#include "daemon/identity/sex.h"
#include "drivers/base/bytes.h"
#include "drivers/base/error.h"

namespace insd::render {
namespace {

constexpr std::size_t kMostHeaderBytes = 180;

// The delimiters of MSH-1 and MSH-2; control characters have been refused before.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '|':
        out += "\\F\\";
        break;
      case '^':
        out += "\\S\\";
        break;
      case '&':
        out += "\\T\\";
        break;
      case '~':
        out += "\\R\\";
        break;
      case '\\':
        out += "\\E\\";
        break;
      default:
        out += c;
    }
  }
  return out;
}

void append(std::string& field, const std::string& repetition) {
  if (!field.empty()) field += '~';
  field += repetition;
}

// One segment: fields by their number, empty ones at the end left out.
class Segment {
 public:
  explicit Segment(std::string name) : name_(std::move(name)) {}
  std::string& operator[](std::size_t number) { return fields_.at(number); }
  [[nodiscard]] std::string text() const {
    std::size_t last = fields_.size() - 1;
    while (last > 0 && fields_.at(last).empty()) --last;
    std::string out = name_;
    for (std::size_t i = 1; i <= last; ++i) out.append("|").append(fields_.at(i));
    return out + "\r";
  }

 private:
  std::string name_;
  std::array<std::string, 40> fields_;
};

std::string authority_of(const identity::Oid& authority) {
  return std::string("ASIP-SANTE-")
      .append(authority.name)
      .append("&")
      .append(authority.dotted)
      .append("&ISO");
}

std::string cx(const OutNumber& number) {
  std::string text = number.text + "^^^" + authority_of(number.authority) + "^INS";
  if (number.start_date.empty() && number.end_date.empty()) return text;
  text += "^^" + compact_date(number.start_date);
  if (!number.end_date.empty()) text += "^" + compact_date(number.end_date);
  return text;
}

std::string identifiers(const Disclosure& from) {
  std::string field;
  for (const LocalIdentifier& each : from.local_identifiers) {
    append(field, escaped(each.value) + "^^^" + escaped(each.namespace_id) + "&" + each.oid + "&ISO^PI");
  }
  if (from.number) {
    append(field, cx(*from.number));
    const auto other_authority = [&](const OutNumber& number) {
      return number.authority.dotted != from.number->authority.dotted;
    };
    for (const OutNumber& each : from.history) {
      if (other_authority(each)) append(field, cx(each));
    }
  } else if (from.withdrawn) {
    append(field, "\"\"^^^" + authority_of(*from.withdrawn) + "^INS");
  }
  return field;
}

// A date no calendar form can hold: a day above 31 or a month above 12.
bool is_lunar(const std::string& date) {
  return date.size() == 10 && (date.substr(5, 2) > "12" || date.substr(8, 2) > "31");
}

std::string reliability(const Disclosure& from) {
  const bool validated =
      from.status == identity::Status::VALIDATED || from.status == identity::Status::QUALIFIED;
  std::string field = validated ? "VALI" : "PROV";
  if (from.attributes.homonym) append(field, "HOMA");
  if (from.attributes.doubtful) append(field, "DOUT");
  if (from.attributes.fictitious) append(field, "FICT");
  return field;
}

std::string sex_letter(identity::Sex sex) {
  const auto letter = identity::to_letter(sex);
  return letter.empty() ? "U" : std::string(letter);
}

std::string pid(const Disclosure& from) {
  Segment segment("PID");
  const identity::Traits& traits = from.traits;
  segment[3] = identifiers(from);
  segment[5] = escaped(traits.birth_name) + "^" + escaped(traits.first_given_name) + "^" +
               escaped(traits.given_names) + "^^^^L";
  if (!from.used.used_name.empty() || !from.used.used_given_name.empty()) {
    append(segment[5], escaped(from.used.used_name) + "^" + escaped(from.used.used_given_name) + "^^^^^D");
  }
  if (from.birth_date && !is_lunar(traits.birth_date)) segment[7] = compact_date(from.birth_date->date);
  segment[8] = sex_letter(traits.sex);
  if (!traits.birth_place.empty()) segment[11] = "^^^^^^BDL^^" + traits.birth_place;
  segment[32] = reliability(from);
  return segment.text();
}

std::string zfd(const Disclosure& from) {
  Segment segment("ZFD");
  const std::string& date = from.traits.birth_date;
  const bool lunar = is_lunar(date);
  if (lunar) segment[1] = date.substr(8, 2) + "^" + date.substr(5, 2) + "^" + date.substr(0, 4);
  if (from.birth_date && !lunar) segment[4] = from.birth_date->interpreted ? "Y" : "N";
  if (from.source == identity::Source::INSI) {
    segment[5] = "INSI";
    segment[6] = compact_date(from.asked_on);
  }
  if (from.evidence != nullptr && !from.evidence->pam_code.empty()) {
    segment[7] = from.evidence->pam_code;
    segment[8] = compact_date(from.evidence_expire_date);
  }
  return segment.text();
}

std::string msh(const Disclosure& from, const Hl7Header& header, const std::string& event) {
  const std::string structure = event == "A47" ? "ADT_A30" : "ADT_A05";
  return "MSH|^~\\&|" + escaped(header.sending_application) + "|" + escaped(header.sending_facility) + "|" +
         escaped(header.receiving_application) + "|" + escaped(header.receiving_facility) + "|" +
         header.time + "||ADT^" + event + "^" + structure + "|" + escaped(header.control_id) + "|" +
         (from.test_environment ? "T" : "P") + "|2.5^FRA^" + header.version + "|||||FRA|UNICODE UTF-8\r";
}

void check(const Disclosure& from, const Hl7Header& header) {
  Error error(Code::INVALID_ARGUMENT);
  const auto text = [&](const std::string& value, const char* path) {
    if (value.size() > kMostHeaderBytes || printable(value, kMostHeaderBytes) != value) {
      error.add_field(path, "is too long, not UTF-8, or has control characters");
    }
  };
  text(header.sending_application, "hl7.sending_application");
  text(header.sending_facility, "hl7.sending_facility");
  text(header.receiving_application, "hl7.receiving_application");
  text(header.receiving_facility, "hl7.receiving_facility");
  if (header.version != "2.10" && header.version != "2.11")
    error.add_field("hl7.version", "is not 2.10 or 2.11");
  if (from.local_identifiers.empty()) error.add_field("local_identifiers", "is empty: PID-3 needs one");
  if (!error.fields().empty()) throw Error(error);
}

std::string event_of(const Disclosure& from, Hl7Event wanted) {
  const bool number_changed =
      from.number && from.replaced && from.replaced->authority.dotted == from.number->authority.dotted;
  switch (wanted) {
    case Hl7Event::A28:
      return "A28";
    case Hl7Event::A31:
      return "A31";
    case Hl7Event::A47:
      if (!number_changed) throw Error(Code::IDENTITY_STATE, "A47 needs a number that replaced another");
      return "A47";
    case Hl7Event::BY_RULE:
      break;
  }
  return number_changed ? "A47" : "A31";
}

}  // namespace

Hl7Message hl7_message(const Disclosure& disclosure, const Hl7Header& header) {
  check(disclosure, header);
  const std::string event = event_of(disclosure, header.event);
  std::string text = msh(disclosure, header, event) + "EVN||" + header.time + "\r" + pid(disclosure);
  if (event == "A47") {
    text += "MRG|" + cx(*disclosure.replaced) + "\r";
  } else {
    text += "PV1||N\r" + zfd(disclosure);
  }
  return {std::move(text), event};
}

}  // namespace insd::render
