// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/insi/answer.h"

#include <algorithm>
#include <array>

#include "tests/simulators/insi/xml.h"

namespace sim {
namespace {

std::string label_of(const std::string& code) {
  if (code == "00") return "OK";
  if (code == "01") return "Aucune identite trouvee";
  if (code == "02") return "Plusieurs identites trouvees";
  return "Code inconnu";
}

/// Elements of one prefix.
class Elements {
 public:
  explicit Elements(std::string prefix) : prefix_(std::move(prefix)) {}

  [[nodiscard]] std::string wrap(const std::string& name, const std::string& content) const {
    return "<" + prefix_ + name + ">" + content + "</" + prefix_ + name + ">";
  }
  /// Nothing for an empty text.
  [[nodiscard]] std::string text(const std::string& name, const std::string& value) const {
    return value.empty() ? "" : wrap(name, xml::escape(value));
  }
  [[nodiscard]] const std::string& prefix() const { return prefix_; }

 private:
  std::string prefix_;
};

std::string write_number(const Elements& make, const std::string& name, const Number& number,
                         bool dates_first) {
  const auto id =
      make.wrap("IdIndividu", make.text("NumIdentifiant", number.number) + make.text("Cle", number.key)) +
      make.text("OID", number.oid);
  const auto dates = make.text("DateDeb", number.start) + make.text("DateFin", number.end);
  return make.wrap(name, dates_first ? dates + id : id + dates);
}

std::string first_of(const std::string& list) {
  return list.substr(0, list.find(' '));
}

std::string write_person(const Elements& make, const Person& person, const AnswerStyle& style) {
  const bool dates_first = style.history_order == "dates_first";
  auto individual = write_number(make, "INSACTIF", person.active, dates_first);
  for (const auto& past : person.history) individual += write_number(make, "INSHISTO", past, dates_first);
  auto traits = make.text("NomNaissance", person.birth_name);
  if (style.given_names != "list") traits += make.text("Prenom", first_of(person.given_names));
  if (style.given_names != "first") traits += make.text("ListePrenom", person.given_names);
  traits += make.text("Sexe", person.sex) + make.text("DateNaissance", person.birth_date) +
            make.text("LieuNaissance", person.birth_place);
  return make.wrap("INDIVIDU", individual + make.wrap("TIQ", traits));
}

/// Where a fault comes from, as traces show it.
struct FaultKind {
  std::string_view code, role, subcode, severity;
  bool echoes_message_id;
};
constexpr std::array kFaultKinds = {
    FaultKind{"desir_550", "Sender", "siram_100", "erreur", true},
    FaultKind{"desir_560", "Sender", "siram_100", "erreur", true},
    FaultKind{"desir_1020", "Sender", "siram_40", "fatale", true},
    FaultKind{"insi_24", "Receiver", "siram_40", "fatal", false},
    FaultKind{"insi_101", "Receiver", "siram_40", "fatal", false},
    FaultKind{"insi_102", "Receiver", "siram_40", "fatal", false},
};
constexpr FaultKind kOwnKind{"", "Sender", "siram_sim", "erreur", true};

const FaultKind& kind_of(std::string_view code) {
  const auto found = std::ranges::find(kFaultKinds, code, &FaultKind::code);
  return found == kFaultKinds.end() ? kOwnKind : *found;
}

}  // namespace

bool is_known_soap_fault(std::string_view code) {
  return &kind_of(code) != &kOwnKind;
}

std::string AnswerWriter::envelope(const std::string& body) const {
  const auto& prefix = style_.envelope_prefix;
  return "<" + prefix + ":Envelope xmlns:" + prefix + "=\"" + std::string(xml::kSoap) + "\"><" + prefix +
         ":Body>" + body + "</" + prefix + ":Body></" + prefix + ":Envelope>";
}

std::string AnswerWriter::resultat(const std::string& code, const Person* person, std::uint64_t turn) const {
  constexpr std::array<std::string_view, 3> kWays = {"default", "recsans_default", "prefixed"};
  const std::string way =
      style_.namespaces == "rotating" ? std::string(kWays[turn % kWays.size()]) : style_.namespaces;
  const std::string result_ns = "\"" + std::string(xml::kResult) + "\"";
  std::string prefix;
  std::string declarations = " xmlns=" + result_ns;
  if (way == "recsans_default") {
    prefix = "ns2:";
    declarations = " xmlns=\"" + std::string(xml::kTraits) + "\" xmlns:ns2=" + result_ns;
  } else if (way == "prefixed") {
    prefix = "r:";
    declarations = " xmlns:r=" + result_ns;
  }
  const Elements make(prefix);
  std::string content = make.wrap("CR", make.text("CodeCR", code) + make.text("LibelleCR", label_of(code)));
  if (person != nullptr) content += write_person(make, *person, style_);
  return "<" + prefix + "RESULTAT" + declarations + ">" + content + "</" + prefix + "RESULTAT>";
}

Answer AnswerWriter::result(const std::string& code, std::uint64_t turn, const Person* person) const {
  Answer answer;
  answer.body = envelope(resultat(code, person, turn));
  answer.summary = code + (person == nullptr ? "" : " " + person->id);
  return answer;
}

Answer AnswerWriter::wrapped(const std::string& content, std::string summary) const {
  Answer answer;
  answer.body = envelope(content);
  answer.summary = std::move(summary);
  return answer;
}

Answer AnswerWriter::fault(const SoapFault& fault, std::string_view message_id) const {
  const FaultKind& kind = kind_of(fault.code);
  const auto chosen = [](const std::string& own, std::string_view usual) {
    return own.empty() ? std::string(usual) : own;
  };
  const auto& code = fault.code;
  const auto& prefix = style_.envelope_prefix;
  const Elements soap(prefix + ":");
  std::string error = "<siram:Erreur xmlns:siram=\"urn:siram\" code=\"" + xml::escape(code) + "\"";
  if (kind.echoes_message_id) error += " messageID=\"" + xml::escape(message_id) + "\"";
  error += " severite=\"" + xml::escape(chosen(fault.severity, kind.severity)) + "\">" +
           xml::escape(chosen(fault.label, "Erreur technique")) + "</siram:Erreur>";
  const auto reason = "<" + prefix + ":Text xml:lang=\"fr\">Le service ne peut pas répondre à la demande.</" +
                      prefix + ":Text>";
  Answer answer;
  answer.status = 500;
  answer.body = envelope(soap.wrap(
      "Fault", soap.wrap("Code", soap.text("Value", prefix + ":" + chosen(fault.role, kind.role)) +
                                     soap.wrap("Subcode",
                                               soap.text("Value", prefix + ":" +
                                                                      chosen(fault.subcode, kind.subcode)))) +
                   soap.wrap("Reason", reason) + soap.wrap("Detail", error)));
  answer.summary = "fault " + code;
  return answer;
}

}  // namespace sim
