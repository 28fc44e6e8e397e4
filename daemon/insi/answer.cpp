// SPDX-License-Identifier: Apache-2.0
#include "daemon/insi/answer.h"

#include <algorithm>

#include "daemon/identity/matricule.h"
#include "daemon/identity/oid.h"
#include "daemon/insi/fault.h"
#include "daemon/insi/xml.h"
#include "drivers/base/bytes.h"
#include "drivers/base/error.h"

namespace insd::insi {
namespace {

constexpr const char* kNs = xml::ns::kResult;
constexpr std::size_t kMaxHistory = 200;  // upstream keeps 10 changes (specs: insi 1.3)

[[noreturn]] void refuse(const std::string& why) {
  throw Error(Code::INSI_ANSWER_INVALID, why);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// '0' in the shape stands for any digit.
bool has_shape(std::string_view text, std::string_view shape) {
  if (text.size() != shape.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (shape[i] == '0' ? !is_digit(text[i]) : text[i] != shape[i]) return false;
  }
  return true;
}

// xs:date as far as it is seen: a day, and the time zone that the type allows.
bool is_day(const std::string& text) {
  if (text.size() < 10 || !has_shape(std::string_view(text).substr(0, 10), "0000-00-00")) return false;
  const std::string_view zone = std::string_view(text).substr(10);
  return zone.empty() || zone == "Z" || has_shape(zone, "+00:00") || has_shape(zone, "-00:00");
}

constexpr std::size_t kMaxLabelBytes = 4096;

bool is_oid(const std::string& text) {
  return text.size() <= 64 && text.find('.') != std::string::npos && text.find("..") == std::string::npos &&
         text.front() != '.' && text.back() != '.' &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || c == '.'; });
}

std::string optional_text(const xmlNode* parent, const char* name) {
  return xml::child_text(parent, kNs, name).value_or(std::string());
}

std::string required_text(const xmlNode* parent, const char* name) {
  auto text = xml::child_text(parent, kNs, name);
  if (!text) refuse(std::string("no ") + name);
  return std::move(*text);
}

const xmlNode* required_child(const xmlNode* parent, const char* name) {
  const xmlNode* child = xml::only_child(parent, kNs, name);
  if (child == nullptr) refuse(std::string("no ") + name);
  return child;
}

std::string optional_day(const xmlNode* parent, const char* name) {
  auto text = xml::child_text(parent, kNs, name);
  if (text && !is_day(*text)) refuse(std::string(name) + " is not a date");
  return text.value_or(std::string());
}

class Reader {
 public:
  explicit Reader(InsiEnvironment environment) : environment_(environment) {}

  Answer read_individual(const xmlNode* individual) {
    Answer answer;
    answer.active = read_number(required_child(individual, "INSACTIF"));
    for (const xmlNode* child : xml::elements(individual)) {
      if (!xml::is(child, kNs, "INSHISTO")) continue;
      if (answer.history.size() == kMaxHistory) refuse("history too long");
      answer.history.push_back(read_number(child));
    }
    read_traits(required_child(individual, "TIQ"), answer);
    return answer;
  }

  [[nodiscard]] bool wrong_key() const { return wrong_key_; }

 private:
  Number read_number(const xmlNode* element) {
    const xmlNode* identifier = required_child(element, "IdIndividu");
    Number number;
    number.number = required_text(identifier, "NumIdentifiant");
    if (!identity::is_answer_number(number.number)) refuse("NumIdentifiant is not a number");
    const auto key = xml::child_text(identifier, kNs, "Cle");
    if (key && !identity::is_key(*key)) refuse("Cle is not two digits");
    number.key = key.value_or(std::string());
    number.oid = required_text(element, "OID");
    check_oid(number.oid);
    number.start_date = optional_day(element, "DateDeb");
    number.end_date = optional_day(element, "DateFin");
    // Official answers carry wrong keys: a remark, never a reason to refuse (specs: insi 6).
    if (key && !identity::key_matches({number.number, number.key})) wrong_key_ = true;
    return number;
  }

  void check_oid(const std::string& text) const {
    if (!is_oid(text)) refuse("OID is not an OID");
    const auto known = identity::find_oid(text);
    if (environment_ == InsiEnvironment::PRODUCTION && known &&
        known->environment != identity::OidEnvironment::PRODUCTION)
      refuse("a number of the test range from the production service");
  }

  static void read_traits(const xmlNode* traits, Answer& answer) {
    answer.birth_name = optional_text(traits, "NomNaissance");
    answer.first_given_name = optional_text(traits, "Prenom");
    answer.given_names = optional_text(traits, "ListePrenom");
    const auto sex = xml::child_text(traits, kNs, "Sexe");
    if (sex && *sex != "M" && *sex != "F") refuse("Sexe is neither M nor F");
    answer.sex = sex.value_or(std::string());
    const auto date = xml::child_text(traits, kNs, "DateNaissance");
    if (date && !has_shape(*date, "0000-00-00")) refuse("DateNaissance is not AAAA-MM-JJ");
    answer.birth_date = date.value_or(std::string());
    answer.birth_place = optional_text(traits, "LieuNaissance");
  }

  InsiEnvironment environment_;
  bool wrong_key_ = false;
};

Outcome outcome_of(const std::string& code) {
  if (code == "00") return Outcome::FOUND;
  if (code == "01") return Outcome::NOT_FOUND;
  if (code == "02") return Outcome::SEVERAL;
  refuse("unknown CodeCR " + printable(code, 20));
}

Reply read_result(const xmlNode* result, InsiEnvironment environment) {
  Reply reply;
  const xmlNode* report = required_child(result, "CR");
  reply.code = required_text(report, "CodeCR");
  // It decides nothing: a long one must not cost the answer.
  reply.label = xml::child_text(report, kNs, "LibelleCR", kMaxLabelBytes).value_or(std::string());
  reply.outcome = outcome_of(reply.code);
  const xmlNode* individual = xml::only_child(result, kNs, "INDIVIDU");
  const bool found = reply.outcome == Outcome::FOUND;
  if (found && individual == nullptr) refuse("CodeCR 00 without INDIVIDU");
  if (!found && individual != nullptr) refuse("CodeCR " + reply.code + " with INDIVIDU");
  if (!found) return reply;
  Reader reader(environment);
  reply.answer = reader.read_individual(individual);
  if (reader.wrong_key()) reply.warnings.emplace_back("RETURNED_KEY_INVALID");
  if (!identity::find_oid(reply.answer->active.oid)) {
    // The obsolete INS-C and the social security numbers have OIDs of their own; neither is an INS.
    if (environment == InsiEnvironment::PRODUCTION) refuse("the OID is not that of an INS");
    reply.warnings.emplace_back("RETURNED_OID_UNKNOWN");
  }
  return reply;
}

char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// A missing header is left to the body; a named type must be XML, a named charset UTF-8.
void check_content_type(std::string text) {
  if (text.empty()) return;
  std::transform(text.begin(), text.end(), text.begin(), to_lower);
  std::string type = text.substr(0, text.find(';'));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  if (type != "application/soap+xml" && type != "text/xml" && type != "application/xml")
    refuse("content type " + printable(type, 60));
  const std::size_t charset = text.find("charset=");
  if (charset == std::string::npos) return;
  const std::string_view value = std::string_view(text).substr(charset + 8);
  if (!value.starts_with("utf-8") && !value.starts_with("\"utf-8\"")) refuse("charset is not UTF-8");
}

// The one element of the one Body of a SOAP 1.2 envelope.
const xmlNode* only_payload(const xmlNode* root) {
  if (!xml::is(root, xml::ns::kSoap, "Envelope")) refuse("not a SOAP 1.2 envelope");
  const xmlNode* body = xml::only_child(root, xml::ns::kSoap, "Body");
  if (body == nullptr) refuse("no Body");
  const auto payload = xml::elements(body);
  if (payload.size() != 1) refuse("Body does not hold one element");
  return payload.front();
}

}  // namespace

void read_payload(const HttpResponse& response, xml::Kept kept,
                  const std::function<void(xml::Received& xml, const xmlNode* payload)>& read) {
  const std::string status = "HTTP " + std::to_string(response.status);
  try {
    check_content_type(response.content_type);
    xml::Received xml(response.body, kept);
    const xmlNode* payload = only_payload(xml.root());
    if (xml::is(payload, xml::ns::kSoap, "Fault")) throw fault_error(read_fault(payload));
    if (!xml::is(payload, kept.href, kept.name)) refuse(std::string("Body holds no ") + kept.name);
    if (response.status != 200) refuse(std::string(kept.name) + " with an error status");
    read(xml, payload);
  } catch (Error& error) {
    error.prefix(status);
    throw;
  }
}

Reply read_answer(const HttpResponse& response, InsiEnvironment environment,
                  const std::string& result_namespace) {
  Reply reply;
  read_payload(response, {.href = result_namespace.c_str(), .name = "RESULTAT"},
               [&](xml::Received& xml, const xmlNode* payload) {
                 std::string bytes(xml.bytes_of(payload));
                 xml.rename_namespace(result_namespace.c_str(), kNs);
                 reply = read_result(payload, environment);
                 reply.result_xml = std::move(bytes);
               });
  return reply;
}

}  // namespace insd::insi
