// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/insi/verification.h"

#include <algorithm>

#include "tests/simulators/insi/pattern.h"

namespace sim {
namespace {

constexpr std::string_view kQuestion = "http://www.cnamts.fr/INSiLot2/REQUnitaire";
constexpr std::string_view kAnswer = "http://www.cnamts.fr/INSiLot2/REPUnitaire";

std::string text_of(const xmlNode* parent, std::string_view name) {
  return xml::text(xml::child(parent, kQuestion, name)).value_or("");
}

bool same(const std::string& sent, const std::string& known) {
  return sent.empty() || sent == known;
}

bool is(const Person& person, const Query& query) {
  const auto first = person.given_names.substr(0, person.given_names.find(' '));
  return person.active.number == query.individual && person.active.oid == query.oid &&
         same(query.key, person.active.key) && same(query.birth_name, person.birth_name) &&
         same(query.given_name, first) && same(query.given_names, person.given_names) &&
         same(query.sex, person.sex) && same(query.birth_date, person.birth_date) &&
         same(query.birth_place, person.birth_place);
}

}  // namespace

bool read_verification(const xmlNode* body, Query& query, Findings& findings) {
  const xmlNode* question = xml::child(body, kQuestion, "RequeteUnitaire");
  if (question == nullptr) return false;
  query.verification = true;
  const xmlNode* individual = xml::child(question, kQuestion, "IndividuVerifie");
  const xmlNode* given = xml::child(individual, kQuestion, "INSFourni");
  const xmlNode* number = xml::child(given, kQuestion, "IdIndividu");
  query.individual = text_of(number, "NumIdentifiant");
  query.key = text_of(number, "Cle");
  query.oid = text_of(given, "OID");
  const xmlNode* traits = xml::child(individual, kQuestion, "TraitsIdentiteIndividu");
  query.birth_name = text_of(traits, "NomNaissance");
  query.given_name = text_of(traits, "Prenom");
  query.given_names = text_of(traits, "ListePrenom");
  query.sex = text_of(traits, "Sexe");
  query.birth_date = text_of(traits, "DateNaissance");
  query.birth_place = text_of(traits, "LieuNaissance");
  const bool right = matches(query.individual, "[0-9]{6}[AB0-9][0-9]{6}");
  findings.judge("question", right ? "" : "NumIdentifiant is no number of 13 characters", "verification");
  return true;
}

Answer verification_answer(const Persons& persons, const Query& query, const AnswerWriter& writer) {
  const auto found = std::ranges::find_if(persons.all(), [&](const Person& each) { return is(each, query); });
  const bool known = found != persons.all().end();
  const std::string code = known ? "00" : "01";
  return writer.wrapped("<ReponseUnitaire xmlns=\"" + std::string(kAnswer) + "\"><CR><CodeCR>" + code +
                            "</CodeCR><LibelleCR>" + (known ? "OK" : "Identite non coherente") +
                            "</LibelleCR></CR></ReponseUnitaire>",
                        "verification " + code);
}

}  // namespace sim
