// SPDX-License-Identifier: Apache-2.0
// Requests as an independent client would make them: text, signed by the xmlsec1 program.
#include <fstream>

#include "tests/simulators/insi/test/harness.h"

namespace sim_test {
namespace {

const std::string kPki = INSD_BUILD_DIR "/pki/";

std::string signature_template(const RequestParts& parts, const std::string& id) {
  return R"(<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>)"
         R"(<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>)"
         R"(<ds:SignatureMethod Algorithm=")" +
         parts.signature_method + R"("/><ds:Reference URI="#)" + id +
         R"("><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>)"
         R"(<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms>)"
         R"(<ds:DigestMethod Algorithm=")" +
         parts.digest_method +
         R"("/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/></ds:Signature>)";
}

/// Put in after signing (it is not signed), so that xmlsec1 has no opinion on the certificate.
std::string key_info(const RequestParts& parts) {
  std::ifstream pem(kPki + parts.certificate);
  std::string base64;
  for (std::string line; std::getline(pem, line) && line != "-----END CERTIFICATE-----";) {
    if (!line.starts_with("-----")) base64 += line;
  }
  return "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>" + base64 +
         "</ds:X509Certificate></ds:X509Data></ds:KeyInfo>";
}

std::string assertion_template(const RequestParts& parts) {
  const auto id = "_" + fresh_uuid();
  const auto instant = parts.issue_instant.empty() ? now_plus(0s) : parts.issue_instant;
  return R"(<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID=")" + id +
         R"(" IssueInstant=")" + instant +
         R"(" Version="2.0"><saml:Issuer Format="urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName">CN=)" +
         parts.name_id + "</saml:Issuer>" + signature_template(parts, id) +
         R"(<saml:Subject><saml:NameID NameQualifier=")" + parts.qualifier + "\">" + parts.name_id +
         "</saml:NameID></saml:Subject><saml:AttributeStatement>" + parts.attributes +
         "</saml:AttributeStatement></saml:Assertion>";
}

std::string contexts(const RequestParts& parts) {
  const auto common = "<c:Id>" + fresh_uuid() + "</c:Id><c:Temps>" + now_plus(0s) + "</c:Temps><c:Emetteur>" +
                      parts.emitter + "</c:Emetteur>";
  const auto again = replaced(common, common.substr(6, 36), fresh_uuid());
  return R"(<c:ContexteBAM xmlns:c="urn:siram:bam:ctxbam" Nature="CTXBAM" Version="01_02">)" + common +
         "<c:COUVERTURE>" + parts.cover + "</c:COUVERTURE></c:ContexteBAM>" +
         R"(<c:ContexteLPS xmlns:c="urn:siram:lps:ctxlps" Nature="CTXLPS" Version="01_00">)" + again +
         R"(<c:LPS><c:IDAM R="4">)" + parts.idam + "</c:IDAM><c:Version>1.0.0</c:Version><c:Instance>" +
         fresh_uuid() + "</c:Instance><c:Nom>urn:lps:SELFTEST:1.0.0</c:Nom></c:LPS></c:ContexteLPS>";
}

std::string unsigned_request(const RequestParts& parts) {
  const std::string wsa = R"( xmlns:a="http://www.w3.org/2005/08/addressing">)";
  return R"(<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header>)" + contexts(parts) +
         "<a:Action" + wsa + "urn:ServiceIdentiteCertifiee:1.0.0:" + parts.action +
         "</a:Action><a:MessageID" + wsa + "uuid:" + fresh_uuid() + "</a:MessageID>" +
         R"(<w:Security xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">)" +
         assertion_template(parts) + parts.second_assertion + "</w:Security></s:Header><s:Body>" +
         parts.body + "</s:Body></s:Envelope>";
}

}  // namespace

RequestParts traits_parts(const std::string& name, const std::string& given_name, const std::string& sex,
                          const std::string& date, const std::string& place) {
  RequestParts parts;
  parts.body = R"(<i:RECSANSVITALE xmlns:i="http://www.cnamts.fr/INSiRecSans"><i:NomNaissance>)" + name +
               "</i:NomNaissance><i:Prenom>" + given_name + "</i:Prenom><i:Sexe>" + sex +
               "</i:Sexe><i:DateNaissance>" + date + "</i:DateNaissance>" +
               (place.empty() ? "" : "<i:LieuNaissance>" + place + "</i:LieuNaissance>") +
               "</i:RECSANSVITALE>";
  return parts;
}

RequestParts card_parts(const std::string& number, const std::string& date, const std::string& rank) {
  RequestParts parts;
  parts.action = "rechercherInsAvecCarteVitale";
  parts.cover = "<c:ASSURE><c:Id><c:Num>" + number + "</c:Num></c:Id></c:ASSURE><c:BENEFICIAIRE><c:DateNai>" +
                date + "</c:DateNai><c:Rang>" + rank + "</c:Rang></c:BENEFICIAIRE>";
  parts.body = R"(<v:RECVITALE xmlns:v="http://www.cnamts.fr/INSiRecVit"><v:MatriculeOD><v:NumIdentifiant>)" +
               number + "</v:NumIdentifiant></v:MatriculeOD><v:DateNaissance>" + date +
               "</v:DateNaissance><v:RangNaissance>" + rank + "</v:RangNaissance></v:RECVITALE>";
  return parts;
}

std::string signed_request(const RequestParts& parts) {
  const Directory directory;
  const auto unsigned_file = directory.write("template.xml", unsigned_request(parts));
  const auto signed_file = directory.path() / "signed.xml";
  run({"xmlsec1", "--sign", "--privkey-pem", kPki + parts.key, "--id-attr:ID",
       "urn:oasis:names:tc:SAML:2.0:assertion:Assertion", "--output", signed_file.string(),
       unsigned_file.string()});
  std::ifstream file(signed_file, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return replaced(text, "</ds:Signature>", key_info(parts) + "</ds:Signature>");
}

std::string http_post(const std::string& body) {
  return "POST /lps HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/soap+xml; charset=utf-8\r\n"
         "Content-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace sim_test
