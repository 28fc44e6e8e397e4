// SPDX-License-Identifier: Apache-2.0
// Signature wrapping and other forgeries against the one verifier of signatures in this tree (threats:
// T-XML-01 to 09, 12). Answers of INSi carry no signature; whoever verifies one here is the simulator, and a
// request that it takes for signed by the professional must be.
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/simulators/insi/test/harness.h"

namespace sim_test {
namespace {

using testing::HasSubstr;

constexpr std::string_view kEnd = "</saml:Assertion>";
constexpr std::string_view kSignatureEnd = "</ds:Signature>";

std::string cut(const std::string& text, std::string_view from, std::string_view to) {
  const auto begin = text.find(from);
  const auto end = text.find(to, begin);
  if (begin == std::string::npos || end == std::string::npos) throw std::runtime_error("nothing to cut");
  return text.substr(begin, end + to.size() - begin);
}

/// A signed request in its pieces: an attacker's material.
struct Pieces {
  std::string request = signed_request(traits_parts("ADRUN", "ZOE", "F", "1975-12-31"));
  std::string assertion = cut(request, "<saml:Assertion", kEnd);
  std::string signature = cut(assertion, "<ds:Signature", kSignatureEnd);
  std::string id = cut(assertion, " ID=\"", "\" ").substr(5, 37);
  /// Somebody else's billing number under another identifier, without a signature.
  std::string evil = replaced(replaced(replaced(assertion, signature, ""), id, "_" + fresh_uuid()),
                              ">991130972<", ">666666666<");

  [[nodiscard]] std::string with(const std::string& security) const {
    return replaced(request, assertion, security);
  }
  [[nodiscard]] std::string evil_with(const std::string& inside_subject,
                                      const std::string& signed_by = {}) const {
    auto text = evil;
    if (!signed_by.empty()) text = replaced(text, "<saml:Subject>", signed_by + "<saml:Subject>");
    return replaced(text, "</saml:Subject>", inside_subject + "</saml:Subject>");
  }
};

class Attack : public testing::Test {
 protected:
  Attack() {
    // The material is good: what is refused is refused for the attack.
    EXPECT_EQ(send(pieces_.request).status, 200);
    simulator_.output_until("#1 answer");
  }
  void expect_refused(const std::string& request, const std::string& what = {}) {
    SCOPED_TRACE(what);
    const auto answer = send(request);
    EXPECT_EQ(answer.status, 500);
    EXPECT_THAT(answer.body, HasSubstr("sim_refused"));
    EXPECT_EQ(answer.body.find("RESULTAT"), std::string::npos);
  }
  HttpAnswer send(const std::string& request) {
    return Client(simulator_.port()).exchange(http_post(request));
  }

  Simulator simulator_;
  Pieces pieces_;
  const Pieces fresh_;  // never sent: no attack is refused for its age alone
};

TEST_F(Attack, T_XML_01_AnUnsignedCopyStandsBeforeTheSignedAssertion) {
  expect_refused(fresh_.with(fresh_.evil + fresh_.assertion));
}

TEST_F(Attack, T_XML_02_AnUnsignedCopyStandsBehindTheSignedAssertion) {
  expect_refused(fresh_.with(fresh_.assertion + fresh_.evil));
}

TEST_F(Attack, T_XML_03_TheSignedAssertionIsInsideAnUnsignedOne) {
  expect_refused(fresh_.with(fresh_.evil_with(fresh_.assertion)));
}

TEST_F(Attack, T_XML_04_TheSignedAssertionIsAnObjectOfTheOthersSignature) {
  const auto object = "<ds:Object>" + fresh_.assertion + "</ds:Object>";
  expect_refused(fresh_.with(
      fresh_.evil_with("", replaced(fresh_.signature, kSignatureEnd, object + std::string(kSignatureEnd)))));
}

TEST_F(Attack, T_XML_05_TheSignatureMovedAndItsAssertionWentIntoTheBody) {
  const auto bare = replaced(fresh_.assertion, fresh_.signature, "");
  auto request = fresh_.with(fresh_.evil_with("", fresh_.signature));
  expect_refused(replaced(request, "</s:Body>", bare + "</s:Body>"), "beside the question");
  request = fresh_.with(fresh_.evil_with("", fresh_.signature));
  expect_refused(request, "the signature of another assertion alone");
}

TEST_F(Attack, T_XML_06_TheSignatureMovedAndHoldsItsAssertionAsAnObject) {
  const auto bare = replaced(fresh_.assertion, fresh_.signature, "");
  const auto holding =
      replaced(fresh_.signature, kSignatureEnd, "<ds:Object>" + bare + "</ds:Object></ds:Signature>");
  expect_refused(fresh_.with(fresh_.evil_with("", holding)));
}

TEST_F(Attack, T_XML_07_TheSignedAssertionHidesInAnotherHeader) {
  const auto request = fresh_.with(fresh_.evil_with("", fresh_.signature));
  const std::string to = R"(<a:To xmlns:a="http://www.w3.org/2005/08/addressing">)";
  expect_refused(replaced(request, "</s:Header>", to + fresh_.assertion + "</a:To></s:Header>"), "To");
  expect_refused(
      replaced(request, "</s:Header>", "<x xmlns=\"urn:x\">" + fresh_.assertion + "</x></s:Header>"),
      "a header of its own");
}

TEST_F(Attack, T_XML_08_TheSignedAssertionIsAnAttributeOfTheOther) {
  const auto hiding = replaced(fresh_.evil_with("", fresh_.signature), "666666666", fresh_.assertion);
  expect_refused(fresh_.with(hiding));
}

TEST_F(Attack, T_XML_09_AnIdentifierIsGivenTwiceOrElsewhere) {
  const auto twice = [&](const std::string& attribute) {
    return replaced(fresh_.request, "<s:Body>", "<s:Body " + attribute + "=\"" + fresh_.id + "\">");
  };
  expect_refused(twice("ID"), "ID");
  expect_refused(twice("Id"), "Id");
  expect_refused(twice("xml:id"), "xml:id");
  expect_refused(twice("xmlns:u=\"urn:u\" u:Id"), "in another namespace");
  // An identifier that only a DOCTYPE makes one.
  const auto other = replaced(fresh_.request, " ID=\"" + fresh_.id, " Name=\"" + fresh_.id);
  expect_refused("<!DOCTYPE x [<!ATTLIST saml:Assertion Name ID #REQUIRED>]>" + other, "DOCTYPE");
  expect_refused(other, "no identifier at all");
}

TEST_F(Attack, T_XML_12_EverySignatureOfAnotherProfile) {
  const auto info = cut(fresh_.signature, "<ds:SignedInfo>", "</ds:SignedInfo>");
  const auto key_info = cut(fresh_.signature, "<ds:KeyInfo>", "</ds:KeyInfo>");
  const auto reference = cut(fresh_.signature, "<ds:Reference", "</ds:Reference>");
  const auto value = cut(fresh_.signature, "<ds:SignatureValue>", "</ds:SignatureValue>");
  const auto swapped = [&](const std::string& from, const std::string& to) {
    return replaced(fresh_.request, from, to);
  };
  expect_refused(swapped(info, info + info), "two SignedInfo");
  expect_refused(swapped(fresh_.signature, fresh_.signature + fresh_.signature), "two signatures");
  expect_refused(swapped(key_info, key_info + key_info), "two KeyInfo");
  expect_refused(swapped(key_info, ""), "no key");
  expect_refused(swapped(value, value + value), "two values");
  expect_refused(swapped(value, "<ds:SignatureValue/>"), "an empty value");
  expect_refused(swapped(reference, ""), "no reference");
  expect_refused(swapped(reference, reference + reference), "two references");
  expect_refused(swapped("URI=\"#" + fresh_.id, "URI=\""), "the whole document");
  expect_refused(swapped("URI=\"#" + fresh_.id, "URI=\"http://127.0.0.1/x"), "an external reference");
  const std::string transform = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
  for (const std::string algorithm :
       {"http://www.w3.org/TR/1999/REC-xpath-19991116", "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "http://www.w3.org/2000/09/xmldsig#base64"}) {
    expect_refused(swapped(transform, "<ds:Transform Algorithm=\"" + algorithm + "\"/>"), algorithm);
  }
  for (const std::string algorithm :
       {"http://www.w3.org/2000/09/xmldsig#hmac-sha1", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "none", ""}) {
    expect_refused(swapped("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", algorithm),
                   "method " + algorithm);
  }
  expect_refused(swapped("http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1"),
                 "SHA-1");
  expect_refused(
      swapped(key_info, "<ds:KeyInfo><ds:RetrievalMethod URI=\"http://127.0.0.1/key\"/></ds:KeyInfo>"),
      "a key to fetch");
  expect_refused(swapped(key_info, "<ds:KeyInfo><ds:KeyName>key</ds:KeyName></ds:KeyInfo>"), "a key by name");
  const auto digest = cut(fresh_.signature, "<ds:DigestValue>", "</ds:DigestValue>");
  expect_refused(swapped(digest, replaced(digest, "<ds:DigestValue>", "<ds:DigestValue><!-- x -->")),
                 "a comment in the digest");
}

}  // namespace
}  // namespace sim_test
