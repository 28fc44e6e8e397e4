// SPDX-License-Identifier: Apache-2.0
// Answers of the service as they were seen (specs: insi 2.4, 6), written again for the tests.
#pragma once

#include <string>

#include "daemon/insi/http_client.h"

namespace insd::test {

inline std::string envelope(const std::string& payload) {
  return R"(<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Body>)" + payload +
         "</soap:Body></soap:Envelope>";
}

inline std::string result(const std::string& code, const std::string& individual = {}) {
  return R"(<RESULTAT xmlns="http://www.cnamts.fr/INSiResultat"><CR><CodeCR>)" + code +
         "</CodeCR><LibelleCR>OK</LibelleCR></CR>" + individual + "</RESULTAT>";
}

inline std::string number(const std::string& number_, const std::string& key = {},
                          const std::string& oid = "1.2.250.1.213.1.4.8") {
  return "<IdIndividu><NumIdentifiant>" + number_ + "</NumIdentifiant>" +
         (key.empty() ? "" : "<Cle>" + key + "</Cle>") + "</IdIndividu><OID>" + oid + "</OID>";
}

inline const std::string kActive = "<INSACTIF>" + number("2751263220749", "74") + "</INSACTIF>";
inline const std::string kTraits =
    "<TIQ><NomNaissance>ADRUN</NomNaissance><ListePrenom>ZOE</ListePrenom><Sexe>F</Sexe>"
    "<DateNaissance>1975-12-31</DateNaissance><LieuNaissance>63220</LieuNaissance></TIQ>";

inline std::string individual(const std::string& content = kActive + kTraits) {
  return "<INDIVIDU>" + content + "</INDIVIDU>";
}

inline std::string found() {
  return envelope(result("00", individual()));
}

inline std::string fault(const std::string& subcode, const std::string& code, const std::string& severity,
                         const std::string& message_id = {}) {
  return envelope(
      R"(<soap:Fault><soap:Code><soap:Value>soap:Receiver</soap:Value><soap:Subcode><soap:Value>soap:)" +
      subcode +
      R"(</soap:Value></soap:Subcode></soap:Code><soap:Reason><soap:Text xml:lang="fr">Une phrase</soap:Text></soap:Reason>)"
      R"(<soap:Detail><siram:Erreur xmlns:siram="urn:siram" code=")" +
      code + "\" severite=\"" + severity + "\"" +
      (message_id.empty() ? "" : " messageID=\"" + message_id + "\"") +
      ">Libelle technique</siram:Erreur></soap:Detail></soap:Fault>");
}

inline insi::HttpResponse ok(std::string body) {
  return {200, "application/soap+xml; charset=utf-8", std::move(body)};
}

inline insi::HttpResponse server_error(std::string body) {
  return {500, "application/soap+xml;charset=UTF-8", std::move(body)};
}

}  // namespace insd::test
