// SPDX-License-Identifier: Apache-2.0
// The request as bytes: element orders, values, signature. Judged by libxml2's XPath and schema validator and
// by the xmlsec1 program, not by the code that writes it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/insi/assertion.h"
#include "daemon/insi/envelope.h"
#include "daemon/insi/identifiers.h"
#include "drivers/base/error.h"
#include "tests/unit/insi/test_exchange.h"
#include "tests/unit/insi/xml_query.h"

namespace insd::insi {
namespace {

using test::a_card_query;
using test::a_party;
using test::a_traits_query;
using test::signed_request;
using test::XmlQuery;
using testing::ElementsAre;
using testing::MatchesRegex;

constexpr const char* kUuid = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";

template <class Query>
Code refusal_of(const Query& query) {
  try {
    signed_request(query);
  } catch (const Error& error) {
    return error.code();
  }
  return Code::INTERNAL;
}

TEST(Request, BothOperationsAreValidAgainstTheSchemas) {
  EXPECT_EQ(XmlQuery(signed_request(a_traits_query())).schema_errors("request.xsd"), "");
  EXPECT_EQ(XmlQuery(signed_request(a_card_query())).schema_errors("request.xsd"), "");
  CardQuery least = a_card_query();
  least.beneficiary_nir.reset();
  least.birth_name.reset();
  EXPECT_EQ(XmlQuery(signed_request(least)).schema_errors("request.xsd"), "");
}

TEST(Request, TheSchemaValidatorOfThisTestRefuses) {
  std::string xml = signed_request(a_traits_query());
  const std::string version = "Version=\"01_02\"";
  xml.erase(xml.find(version), version.size());
  EXPECT_NE(XmlQuery(xml).schema_errors("request.xsd"), "");
}

TEST(Request, HeadersOfASearchByTraits) {
  const XmlQuery xml(signed_request(a_traits_query()));
  EXPECT_THAT(xml.names("/s:Envelope/s:Header/*"),
              ElementsAre("ContexteBAM", "ContexteLPS", "Action", "MessageID", "Security"));
  EXPECT_EQ(xml.text("//a:Action"), "urn:ServiceIdentiteCertifiee:1.0.0:rechercherInsAvecTraitsIdentite");
  EXPECT_THAT(xml.text("//a:MessageID"), MatchesRegex(std::string("uuid:") + kUuid));
  EXPECT_THAT(xml.names("//bam:ContexteBAM/*"), ElementsAre("Id", "Temps", "Emetteur", "COUVERTURE"));
  EXPECT_EQ(xml.count("//bam:COUVERTURE/node()"), 0U);
  EXPECT_EQ(xml.text("//bam:ContexteBAM/@Version"), "01_02");
  EXPECT_EQ(xml.text("//bam:ContexteBAM/@Nature"), "CTXBAM");
  EXPECT_EQ(xml.text("//bam:Emetteur"), "899900000001");
  EXPECT_THAT(xml.names("//lps:ContexteLPS/*"), ElementsAre("Id", "Temps", "Emetteur", "LPS"));
  EXPECT_THAT(xml.names("//lps:LPS/*"), ElementsAre("IDAM", "Version", "Instance", "Nom"));
  EXPECT_EQ(xml.text("//lps:ContexteLPS/@Version"), "01_00");
  EXPECT_EQ(xml.text("//lps:IDAM"), "AB12CD34EF56");
  EXPECT_EQ(xml.text("//lps:IDAM/@R"), "4");
  EXPECT_EQ(xml.text("//lps:Nom"), "urn:lps:EXEMPLE:1.0.0");
  EXPECT_NE(xml.text("//bam:Id"), xml.text("//lps:Id"));
}

TEST(Request, BodyOfASearchByTraits) {
  const XmlQuery xml(signed_request(a_traits_query()));
  EXPECT_THAT(xml.names("//t:RECSANSVITALE/*"),
              ElementsAre("NomNaissance", "Prenom", "Sexe", "DateNaissance", "LieuNaissance"));
  EXPECT_EQ(xml.text("//t:Prenom"), "CAMILLE");
  TraitsQuery without_place = a_traits_query();
  without_place.birth_place.reset();
  EXPECT_EQ(XmlQuery(signed_request(without_place)).count("//t:LieuNaissance"), 0U);
}

TEST(Request, BodyAndCoverOfASearchByCard) {
  const XmlQuery xml(signed_request(a_card_query()));
  EXPECT_EQ(xml.text("//a:Action"), "urn:ServiceIdentiteCertifiee:1.0.0:rechercherInsAvecCarteVitale");
  EXPECT_THAT(xml.names("//v:RECVITALE/*"), ElementsAre("MatriculeIndividu", "MatriculeOD", "NomNaissance",
                                                        "DateNaissance", "RangNaissance"));
  EXPECT_EQ(xml.text("//v:MatriculeIndividu/v:NumIdentifiant"), "2840500000001");
  EXPECT_EQ(xml.text("//v:MatriculeOD/v:NumIdentifiant"), "1800200000002");
  EXPECT_EQ(xml.text("//v:RangNaissance"), "1");
  EXPECT_EQ(xml.text("//bam:COUVERTURE/bam:ASSURE/bam:Id/bam:Num"), "1800200000002");
  EXPECT_THAT(xml.names("//bam:BENEFICIAIRE/*"), ElementsAre("Nir", "DateNai", "Rang"));
}

TEST(Request, ADirectReadingSendsWhatTheCardGave) {
  CardQuery query;
  query.insured_nir = "1800200000002";
  query.birth_date = "1984-00-17";  // lunar: kept
  query.birth_rank = 2;
  const XmlQuery xml(signed_request(query));
  EXPECT_THAT(xml.names("//v:RECVITALE/*"), ElementsAre("MatriculeOD", "DateNaissance", "RangNaissance"));
  EXPECT_EQ(xml.text("//v:DateNaissance"), "1984-00-17");
  EXPECT_THAT(xml.names("//bam:BENEFICIAIRE/*"), ElementsAre("DateNai", "Rang"));
  EXPECT_EQ(xml.text("//bam:Rang"), "2");
}

TEST(Request, ACardQueryOfTheWrongFormIsRefused) {
  CardQuery query = a_card_query();
  query.insured_nir.clear();
  EXPECT_EQ(refusal_of(query), Code::NIR_MISSING);
  query.insured_nir = "180020000000";
  EXPECT_EQ(refusal_of(query), Code::TRAITS_INVALID);
  query = a_card_query();
  query.beneficiary_nir = "28405000000O1";
  EXPECT_EQ(refusal_of(query), Code::TRAITS_INVALID);
  query = a_card_query();
  query.birth_date = "17/05/1984";
  EXPECT_EQ(refusal_of(query), Code::TRAITS_INVALID);
  query = a_card_query();
  query.birth_rank = 0;
  EXPECT_EQ(refusal_of(query), Code::TRAITS_INVALID);
}

TEST(Assertion, HasTheStructureOfTheNationalProfile) {
  const XmlQuery xml(signed_request(a_traits_query()));
  EXPECT_THAT(xml.names("//saml:Assertion/*"),
              ElementsAre("Issuer", "Signature", "Subject", "AttributeStatement"));
  EXPECT_THAT(xml.text("//saml:Assertion/@ID"), MatchesRegex(std::string("_") + kUuid));
  EXPECT_THAT(xml.text("//saml:Assertion/@IssueInstant"),
              MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z"));
  EXPECT_EQ(xml.text("//saml:Issuer/@Format"), "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName");
  EXPECT_NE(xml.text("//saml:Issuer").find("CN=899900000001"), std::string::npos);
  EXPECT_NE(xml.text("//saml:Issuer").find("title=Médecin"), std::string::npos);
  EXPECT_EQ(xml.text("//saml:NameID"), "899900000001");
  EXPECT_EQ(xml.text("//saml:NameID/@NameQualifier"), "CPS");
  EXPECT_EQ(xml.text("//ds:Reference/@URI"), "#" + xml.text("//saml:Assertion/@ID"));
  EXPECT_EQ(xml.count("//ds:X509Certificate"), 1U);
}

TEST(Assertion, CarriesTheAttributesOfTheProfileByTheirConfiguredNames) {
  InsiConfig config;
  ProfileConfig profile = a_party().profile;
  using Attributes = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(assertion_attributes(config, profile),
            (Attributes{{"identifiantFacturation", "991130972"}, {"secteurActivite", "SA07"}}));
  profile.speciality = "01";
  config.attribute_speciality = "codeSpecialite";
  EXPECT_EQ(assertion_attributes(config, profile), (Attributes{{"identifiantFacturation", "991130972"},
                                                               {"codeSpecialite", "01"},
                                                               {"secteurActivite", "SA07"}}));
  profile.billing_id.clear();
  EXPECT_THROW(assertion_attributes(config, profile), Error);
}

TEST(Assertion, IsVerifiedByXmlsecInsideTheEnvelope) {
  EXPECT_EQ(test::xmlsec_verdict(signed_request(a_traits_query())), 0);
  EXPECT_EQ(test::xmlsec_verdict(signed_request(a_card_query())), 0);
}

TEST(Assertion, ATamperedCopyFailsInXmlsec) {
  const std::string good = signed_request(a_traits_query());
  for (const auto& [from, to] : {std::pair<std::string, std::string>{"991130972", "991130973"},
                                 {"<NameID NameQualifier=\"CPS\">8", "<NameID NameQualifier=\"CPS\">9"},
                                 {"SA07", "SA05"},
                                 {"<DigestValue>", "<DigestValue>A"}}) {
    std::string bad = good;
    const std::size_t at = bad.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    bad.replace(at, from.size(), to);
    EXPECT_NE(test::xmlsec_verdict(bad), 0) << from;
  }
}

TEST(Assertion, WhatIsSentIsWhatWasSigned) {
  const auto assertion = make_assertion({.id = "_1",
                                         .issue_instant = "2030-01-02T03:04:05.678Z",
                                         .issuer = "CN=A\\, \"B\" <C> & D",
                                         .name_id = "A&B",
                                         .name_qualifier = "CPS",
                                         .attributes = {{"n", "a\tb\r\n\"'<>&"}}});
  // Both texts are fixed points of a canonicalisation made elsewhere, and stay themselves in the whole.
  EXPECT_EQ(XmlQuery(assertion.canonical).canonical(), assertion.canonical);
  EXPECT_EQ(XmlQuery(assertion.signed_info).canonical(), assertion.signed_info);
  const std::string whole = with_signature(assertion, as_bytes("signature"), as_bytes("certificate"));
  EXPECT_NE(whole.find(assertion.signed_info), std::string::npos);
  std::string without = whole;
  const std::string end = "</Signature>";
  const std::size_t begin = without.find("<Signature ");
  without.erase(begin, without.find(end) + end.size() - begin);
  EXPECT_EQ(without, assertion.canonical);
}

TEST(Assertion, TheVitaleAssertionNamesTheCard) {
  const XmlQuery xml(
      vitale_assertion("_1", "2030-01-02T03:04:05.678Z", "899900000001", "12345678901234567890"));
  EXPECT_THAT(xml.names("/saml:Assertion/*"), ElementsAre("Issuer", "Subject"));
  EXPECT_EQ(xml.text("//saml:Issuer"), "899900000001");
  EXPECT_EQ(xml.count("//saml:Issuer/@Format"), 0U);
  EXPECT_EQ(xml.text("//saml:NameID"), "12345678901234567890");
  EXPECT_EQ(xml.text("//saml:NameID/@NameQualifier"), "VITALE");
}

const char* const kInjections[] = {
    "A<B>C</B>",          "A&B",       "A]]>B", "A\"B'C",  "</t:NomNaissance><x/>", "&amp;", "<!--",
    "<wsse:assertions/>", "</Issuer>", "&#65;", "É\r\n\tB"};

TEST(Request, T_XML_15_TextsOfCardsAndClientsStayTexts) {
  for (const char* text : kInjections) {
    TraitsQuery query = a_traits_query();
    query.birth_name = query.given_name = text;
    query.birth_place = text;
    Party party = a_party();
    party.editor.name = party.editor.idam = party.editor.instance = text;
    party.profile.billing_id = text;
    const std::string request = signed_request(query, party);
    const XmlQuery xml(request);
    EXPECT_EQ(xml.text("//t:NomNaissance"), text);
    EXPECT_EQ(xml.text("//t:Prenom"), text);
    EXPECT_EQ(xml.text("//t:LieuNaissance"), text);
    EXPECT_EQ(xml.text("//lps:Nom"), text);
    EXPECT_EQ(xml.text("//lps:IDAM"), text);
    EXPECT_EQ(xml.text("//saml:AttributeValue"), text);
    EXPECT_EQ(xml.count("//*"), XmlQuery(signed_request(a_traits_query())).count("//*")) << text;
    EXPECT_EQ(test::xmlsec_verdict(request), 0) << text;
  }
}

TEST(Request, T_XML_15_WhatXmlCannotCarryIsRefused) {
  using namespace std::string_literals;
  for (const std::string& text :
       {"A\0B"s, "A\x01"s, "A\xFF"s, "\xC0\x80"s, "\xED\xA0\x80"s, "\xEF\xBF\xBF"s, "A\xC3"s}) {
    TraitsQuery query = a_traits_query();
    query.birth_name = text;
    EXPECT_EQ(refusal_of(query), Code::INVALID_ARGUMENT);
  }
}

TEST(Identifiers, AreFreshAndWellFormed) {
  EXPECT_THAT(make_uuid(), MatchesRegex(kUuid));
  EXPECT_NE(make_uuid(), make_uuid());
  using namespace std::chrono_literals;
  const Clock::Wall epoch{};
  EXPECT_EQ(utc_milliseconds(epoch), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(utc_milliseconds(epoch + 1893553445678ms + 999us), "2030-01-02T03:04:05.678Z");
}

}  // namespace
}  // namespace insd::insi
