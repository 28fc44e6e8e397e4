// SPDX-License-Identifier: Apache-2.0
// The schemas of tests/schemas judge every request of the other tests: here they are judged themselves, on
// requests that are right but for one thing.
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/unit/insi/test_exchange.h"
#include "tests/unit/insi/xml_query.h"

namespace insd::insi {
namespace {

using test::a_card_query;
using test::a_traits_query;
using test::signed_request;
using test::XmlQuery;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("nothing to replace: " + from);
  return text.replace(at, from.size(), to);
}

std::string element(const std::string& xml, const std::string& name) {
  const auto begin = xml.find("<" + name + ">");
  const std::string end = "</" + name + ">";
  const auto stop = xml.find(end, begin);
  if (begin == std::string::npos || stop == std::string::npos) throw std::runtime_error("no " + name);
  return xml.substr(begin, stop + end.size() - begin);
}

std::string with_text(const std::string& xml, const std::string& name, const std::string& text) {
  return replaced(xml, element(xml, name), "<" + name + ">" + text + "</" + name + ">");
}

std::string swapped(const std::string& xml, const std::string& first, const std::string& second) {
  const auto both = element(xml, first) + element(xml, second);
  return replaced(xml, both, element(xml, second) + element(xml, first));
}

bool contract_takes(const std::string& xml) {
  return XmlQuery(xml).schema_errors("request.xsd").empty();
}
bool strict_takes(const std::string& xml) {
  return XmlQuery(xml).schema_errors("strict/request.xsd").empty();
}

class SchemaTest : public testing::Test {
 protected:
  const std::string traits_ = signed_request(a_traits_query());
  const std::string card_ = signed_request(a_card_query());

  static void refused_by_both(const std::string& xml, const char* what) {
    EXPECT_FALSE(contract_takes(xml)) << what;
    EXPECT_FALSE(strict_takes(xml)) << what;
  }
  static void refused_by_strict(const std::string& xml, const std::string& what) {
    EXPECT_FALSE(strict_takes(xml)) << what;
  }
};

TEST_F(SchemaTest, TakesBothOperationsAsTheyAreSent) {
  for (const auto& xml : {traits_, card_}) {
    EXPECT_EQ(XmlQuery(xml).schema_errors("request.xsd"), "");
    EXPECT_EQ(XmlQuery(xml).schema_errors("strict/request.xsd"), "");
  }
  CardQuery least = a_card_query();
  least.beneficiary_nir.reset();
  least.birth_name.reset();
  least.vitale_serial.reset();
  EXPECT_EQ(XmlQuery(signed_request(least)).schema_errors("strict/request.xsd"), "");
  TraitsQuery no_place = a_traits_query();
  no_place.birth_place.reset();
  EXPECT_EQ(XmlQuery(signed_request(no_place)).schema_errors("strict/request.xsd"), "");
}

TEST_F(SchemaTest, OrderCounts) {
  refused_by_both(swapped(traits_, "t:Prenom", "t:Sexe"), "body by traits");
  refused_by_both(swapped(traits_, "t:Sexe", "t:DateNaissance"), "body by traits");
  refused_by_both(swapped(card_, "v:DateNaissance", "v:RangNaissance"), "body by card");
  refused_by_both(swapped(traits_, "bam:Id", "bam:Temps"), "ContexteBAM");
  refused_by_both(swapped(traits_, "lps:Temps", "lps:Emetteur"), "ContexteLPS");
  refused_by_both(swapped(traits_, "lps:Version", "lps:Instance"), "software");
  refused_by_both(swapped(card_, "bam:DateNai", "bam:Rang"), "cover");
}

TEST_F(SchemaTest, NamespacesCount) {
  refused_by_both(replaced(traits_, "http://www.cnamts.fr/INSiRecSans", "http://www.cnamts.fr/INSiRecVit"),
                  "body");
  refused_by_both(replaced(card_, "http://www.cnamts.fr/INSiRecVit", "urn:x"), "body by card");
  refused_by_both(replaced(traits_, "urn:siram:bam:ctxbam", "urn:siram:lps:ctxlps"), "context");
  refused_by_both(replaced(traits_, "http://www.w3.org/2003/05/soap-envelope",
                           "http://schemas.xmlsoap.org/soap/envelope/"),
                  "SOAP 1.1");
  refused_by_both(
      replaced(traits_, "urn:oasis:names:tc:SAML:2.0:assertion", "urn:oasis:names:tc:SAML:1.0:assertion"),
      "SAML 1");
  refused_by_both(with_text(traits_, "t:Sexe", "F</t:Sexe><x xmlns=\"\">F</x><t:Sexe>"),
                  "an element of no namespace");
}

TEST_F(SchemaTest, WhatIsTwiceOrMissingCounts) {
  for (const std::string name : {"t:NomNaissance", "t:Sexe", "t:DateNaissance", "bam:Id", "lps:Nom"}) {
    const auto one = element(traits_, name);
    refused_by_both(replaced(traits_, one, one + one), name.c_str());
    refused_by_strict(replaced(traits_, one, ""), "without " + name);
  }
  const auto given_name = element(traits_, "t:Prenom");
  EXPECT_TRUE(contract_takes(replaced(traits_, given_name, given_name + given_name)))
      << "as the contract says";
  refused_by_strict(replaced(traits_, given_name, given_name + given_name), "two Prenom");
  refused_by_strict(replaced(card_, element(card_, "v:MatriculeOD"), ""), "no insured number");
  refused_by_strict(replaced(traits_, "Nature=\"CTXBAM\"", ""), "no Nature");
}

TEST_F(SchemaTest, LengthsAndPatternsCount) {
  const auto with = [&](const char* name, const std::string& text) {
    refused_by_strict(with_text(traits_, name, text), name + (": " + text));
  };
  with("t:NomNaissance", std::string(101, 'A'));
  EXPECT_TRUE(strict_takes(with_text(traits_, "t:NomNaissance", std::string(100, 'A'))));
  for (const char* text : {"", " A", "-A", "Adrun", "ADRUN1", "\xC3\x89MILE", "A\nB"})
    with("t:NomNaissance", text);
  with("t:Sexe", "I");
  with("t:Sexe", "");
  for (const char* text : {"31/12/1975", "1975-1-1", "1975-12-31Z", ""}) with("t:DateNaissance", text);
  EXPECT_TRUE(strict_takes(with_text(traits_, "t:DateNaissance", "1975-00-00"))) << "a lunar date is a date";
  for (const char* text : {"6322", "632200", "2C020", "6322A", ""}) with("t:LieuNaissance", text);
  EXPECT_TRUE(strict_takes(with_text(traits_, "t:LieuNaissance", "2A020")));
  with("bam:Id", "1");
  with("bam:Temps", "2030-01-02T03:04:05+02:00");
  refused_by_strict(replaced(traits_, "<lps:IDAM R=\"4\">", "<lps:IDAM R=\"3\">"), "R");
  refused_by_strict(replaced(traits_, "Version=\"01_02\"", "Version=\"1.0\""), "version");
  refused_by_strict(with_text(card_, "v:NumIdentifiant", "275126322074"), "12 digits");
  for (const char* text : {"0", "10", ""})
    refused_by_strict(with_text(card_, "v:RangNaissance", text), "rank");
}

}  // namespace
}  // namespace insd::insi
