// SPDX-License-Identifier: Apache-2.0
// The INSi simulator judged from outside: what it accepts, and that it refuses what it says it refuses.
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/simulators/insi/test/harness.h"

namespace sim_test {
namespace {

using testing::HasSubstr;
using testing::Not;

RequestParts adrun() {
  return traits_parts("ADRUN", "ZOE", "F", "1975-12-31");
}

HttpAnswer ask(const Simulator& simulator, const std::string& body) {
  return Client(simulator.port()).exchange(http_post(body));
}

std::string code_of(const HttpAnswer& answer) {
  const auto at = answer.body.find("CodeCR>");
  return at == std::string::npos ? "none" : answer.body.substr(at + 7, 2);
}

TEST(SimInsi, a_search_by_traits_signed_by_xmlsec1_is_answered) {
  Simulator simulator;
  const auto answer = ask(simulator, signed_request(adrun()));
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(answer.head, HasSubstr("Content-Type: application/soap+xml; charset=utf-8"));
  EXPECT_EQ(code_of(answer), "00");
  EXPECT_THAT(answer.body, HasSubstr("2751263220749"));
  EXPECT_THAT(answer.body, HasSubstr("1.2.250.1.213.1.4.8"));
  const auto lines = simulator.output_until("#1 answer");
  for (const char* check : {"TLS ok", "http ok", "xml ok", "schema ok", "action ok", "question ok",
                            "ContexteBAM ok", "ContexteLPS ok", "IDAM ok", "fresh ok", "assertion PS ok",
                            "attributes ok", "certificate ok", "signature ok", "NameID ok", "Emetteur ok"}) {
    EXPECT_THAT(lines, HasSubstr("#1 " + std::string(check)));
  }
  EXPECT_THAT(lines, Not(HasSubstr("REFUSED")));
  EXPECT_THAT(lines, HasSubstr("#1 answer: 00 adrun"));
}

TEST(SimInsi, a_search_by_card_is_answered_with_its_history) {
  Simulator simulator;
  const auto answer = ask(simulator, signed_request(card_parts("1090763220834", "2009-07-14")));
  EXPECT_EQ(code_of(answer), "00") << answer.body;
  EXPECT_THAT(answer.body, HasSubstr("INSHISTO"));
  EXPECT_THAT(answer.body, HasSubstr("2090763220834"));
}

TEST(SimInsi, nobody_and_several_people) {
  Simulator simulator;
  EXPECT_EQ(code_of(ask(simulator, signed_request(traits_parts("HOUILLES", "PIERRE", "M", "1993-01-27")))),
            "01");
  EXPECT_EQ(code_of(ask(simulator, signed_request(traits_parts("DE VINCI", "LEONARDO", "M", "2014-02-01")))),
            "02");
  EXPECT_EQ(code_of(ask(simulator,
                        signed_request(traits_parts("DE VINCI", "LEONARDO", "M", "2014-02-01", "63220")))),
            "00");
  EXPECT_EQ(code_of(ask(simulator, signed_request(card_parts("1090763220834", "2009-07-15")))), "01");
}

TEST(SimInsi, the_qualification_platform_answers_a_fault_for_nobody) {
  Simulator simulator("unknown = \"insi_102\"\n");
  const auto answer = ask(simulator, signed_request(traits_parts("HOUILLES", "PIERRE", "M", "1993-01-27")));
  EXPECT_EQ(answer.status, 500);
  EXPECT_THAT(answer.body, HasSubstr("code=\"insi_102\""));
  EXPECT_THAT(ask(simulator, signed_request(card_parts("1090763220834", "2009-07-15"))).body,
              HasSubstr("code=\"insi_101\""));
}

TEST(SimInsi, one_connection_serves_several_requests) {
  Simulator simulator;
  Client client(simulator.port());
  EXPECT_EQ(code_of(client.exchange(http_post(signed_request(adrun())))), "00");
  EXPECT_EQ(code_of(client.exchange(http_post(signed_request(adrun())))), "00");
}

/// What is wrong with a request, and the check that must say so.
struct Refused {
  std::string what;
  std::function<void(RequestParts&)> before_signing;
  std::function<std::string(std::string)> after_signing;
  std::string check;
};

std::function<std::string(std::string)> swap_text(std::string from, std::string to) {
  return [from = std::move(from), to = std::move(to)](const std::string& text) {
    return replaced(text, from, to);
  };
}

std::vector<Refused> refused_requests() {
  const auto unsign = [](std::string text) {
    const auto from = text.find("<ds:Signature ");
    return text.erase(from, text.find("</ds:Signature>") + 15 - from);
  };
  const auto two_signed_infos = [](std::string text) {
    const auto from = text.find("<ds:SignedInfo>");
    const auto size = text.find("</ds:SignedInfo>") + 16 - from;
    return text.insert(from, text.substr(from, size));
  };
  const auto other_reference = [](std::string text) {
    const auto at = text.find("URI=\"#_") + 7;
    return text.replace(at, 36, fresh_uuid());
  };
  const auto same_id_twice = [](const std::string& text) {
    const auto id = text.substr(text.find(" ID=\"") + 5, 37);
    return replaced(text, "<s:Body>", "<s:Body Id=\"" + id + "\">");
  };
  const std::string enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
  const std::string c14n = "http://www.w3.org/2001/10/xml-exc-c14n#";
  return {
      {"tampered attribute", {}, swap_text(">991130972<", ">991130973<"), "signature"},
      {"authentication certificate",
       [](auto& p) {
         p.key = "cps/dr-exemple/auth.key.pem";
         p.certificate = "cps/dr-exemple/auth.cert.pem";
       },
       {},
       "certificate"},
      {"somebody else's certificate",
       [](auto& p) { p.certificate = "cps/dr-second/sign.cert.pem"; },
       {},
       "signature"},
      {"a chain that ends elsewhere",
       [](auto& p) {
         p.key = "server/wrong-root.key.pem";
         p.certificate = "server/wrong-root.cert.pem";
       },
       {},
       "certificate"},
      {"a name that is not the certificate's", [](auto& p) { p.name_id = "899900000099"; }, {}, "NameID"},
      {"a card type that is not the certificate's", [](auto& p) { p.qualifier = "CPF"; }, {}, "NameID"},
      {"another emitter", [](auto& p) { p.emitter = "899900000099"; }, {}, "Emetteur"},
      {"old assertion", [](auto& p) { p.issue_instant = now_plus(-21min); }, {}, "assertion PS"},
      {"assertion of tomorrow", [](auto& p) { p.issue_instant = now_plus(24h); }, {}, "assertion PS"},
      {"SHA-1", [](auto& p) { p.digest_method = "http://www.w3.org/2000/09/xmldsig#sha1"; }, {}, "schema"},
      {"RSA-SHA1",
       [](auto& p) { p.signature_method = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"; },
       {},
       "schema"},
      {"no billing identifier",
       [](auto& p) { p.attributes = replaced(p.attributes, "identifiantFacturation", "secteurActivite"); },
       {},
       "attributes"},
      {"unknown attribute",
       [](auto& p) { p.attributes = replaced(p.attributes, "identifiantFacturation", "billingId"); },
       {},
       "schema"},
      {"unsigned", {}, unsign, "assertion PS"},
      {"two SignedInfo", {}, two_signed_infos, "schema"},
      {"reference to something else", {}, other_reference, "assertion PS"},
      {"transforms the other way round",
       {},
       [=](const std::string& text) {
         return replaced(
             replaced(text, "<ds:Transform Algorithm=\"" + enveloped, "<ds:Transform Algorithm=\"" + c14n),
             c14n + "\"/></ds:Transforms>", enveloped + "\"/></ds:Transforms>");
       },
       "assertion PS"},
      {"an identifier twice", {}, same_id_twice, "xml"},
      {"a comment in a value", {}, swap_text("CN=8999", "CN=<!-- -->8999"), "xml"},
      {"CDATA in a value", {}, swap_text(">991130972<", "><![CDATA[991130972]]><"), "xml"},
      {"a DOCTYPE",
       {},
       [](const std::string& text) { return replaced(text, "<s:Envelope", "<!DOCTYPE d><s:Envelope"); },
       "xml"},
      {"not well-formed", {}, swap_text("</s:Body>", ""), "xml"},
      {"two bodies", {}, swap_text("</s:Body>", "<x/></s:Body>"), "schema"},
      {"a header nobody knows", {}, swap_text("</s:Header>", "<x xmlns=\"urn:x\"/></s:Header>"), "schema"},
      {"action of the other operation",
       [](auto& p) { p.action = "rechercherInsAvecCarteVitale"; },
       {},
       "action"},
      {"a cover in a search by traits",
       [](auto& p) { p.cover = "<c:GrandRegime>01</c:GrandRegime>"; },
       {},
       "ContexteBAM"},
      {"lower case", {}, swap_text("ADRUN", "Adrun"), "question"},
      {"no sex", {}, swap_text("<i:Sexe>F</i:Sexe>", ""), "question"},
      {"unknown place",
       {},
       swap_text("</i:RECSANS", "<i:LieuNaissance>99999</i:LieuNaissance></i:RECSANS"),
       "question"},
  };
}

// --- mode organisation ---

const std::string kOrganisations = "organisations_roots = \"" INSD_BUILD_DIR "/pki/insi-trust.pem\"\n";

std::string unsigned_request(const std::string& emitter) {
  auto parts = adrun();
  parts.emitter = emitter;
  auto text = signed_request(parts);
  const auto begin = text.find("<saml:Assertion");
  const std::string_view end = "</saml:Assertion>";
  text.erase(begin, text.find(end) + end.size() - begin);
  return text;
}

TEST(SimInsi, an_organisation_shows_its_certificate_and_signs_nothing) {
  Simulator simulator(kOrganisations);
  Client client(simulator.port(), "organisation/insi-manu");
  const auto answer = client.exchange(http_post(unsigned_request("399999999900019")));
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(code_of(answer), "00");
  const auto lines = simulator.output_until("#1 answer");
  for (const char* check :
       {"schema ok", "client certificate ok", "client name ok: INSI-MANU", "assertion ok", "Emetteur ok"}) {
    EXPECT_THAT(lines, HasSubstr("#1 " + std::string(check)));
  }
  EXPECT_THAT(lines, Not(HasSubstr("REFUSED")));

  client.exchange(http_post(unsigned_request("899900000017")));
  EXPECT_THAT(simulator.output_until("#2 answer"), HasSubstr("#2 Emetteur REFUSED"));
  auto parts = adrun();
  parts.emitter = "399999999900019";
  client.exchange(http_post(signed_request(parts)));
  EXPECT_THAT(simulator.output_until("#3 answer"), HasSubstr("#3 assertion REFUSED"));
}

TEST(SimInsi, both_endpoints_at_once) {
  Simulator simulator(kOrganisations + "organisations_port = 0\n");
  EXPECT_EQ(code_of(ask(simulator, signed_request(adrun()))), "00");
  ASSERT_NE(simulator.organisations_port(), 0);
  Client client(simulator.organisations_port(), "organisation/insi-manu");
  EXPECT_EQ(code_of(client.exchange(http_post(unsigned_request("399999999900019")))), "00");
  // Each asks for its own proof.
  EXPECT_EQ(ask(simulator, unsigned_request("399999999900019")).status, 500);
}

TEST(SimInsi, an_organisation_without_the_right_certificate_gets_no_answer) {
  Simulator simulator(kOrganisations);
  // None; one of another authority; one that is not for clients.
  for (const char* certificate : {"", "cps/dr-exemple/auth", "server/good"}) {
    HttpAnswer answer;
    try {
      answer = Client(simulator.port(), certificate).exchange(http_post(unsigned_request("399999999900019")));
    } catch (const std::runtime_error&) {
      continue;  // refused while the connection is made
    }
    EXPECT_EQ(answer.status, 0) << certificate;
  }
}

TEST(SimInsi, without_a_signature_a_professional_is_refused) {
  Simulator simulator;
  ask(simulator, unsigned_request("899900000017"));
  EXPECT_THAT(simulator.output_until("#1 answer"), HasSubstr("#1 assertion PS REFUSED"));
}

TEST(SimInsi, refuses_what_it_says_it_refuses) {
  Simulator simulator;
  int number = 0;
  for (const auto& refused : refused_requests()) {
    SCOPED_TRACE(refused.what);
    auto parts = adrun();
    if (refused.before_signing) refused.before_signing(parts);
    auto request = signed_request(parts);
    if (refused.after_signing) request = refused.after_signing(request);
    const auto answer = ask(simulator, request);
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(code_of(answer), "none") << answer.body;
    EXPECT_THAT(answer.body, HasSubstr("Fault"));
    const auto prefix = "#" + std::to_string(++number) + " ";
    const auto lines = simulator.output_until(prefix + "answer");
    EXPECT_THAT(lines, HasSubstr(prefix + refused.check + " REFUSED"));
  }
}

TEST(SimInsi, refuses_a_message_sent_twice) {
  Simulator simulator;
  const auto request = signed_request(adrun());
  EXPECT_EQ(code_of(ask(simulator, request)), "00");
  EXPECT_EQ(ask(simulator, request).status, 500);
  EXPECT_THAT(simulator.output_until("#2 answer"), HasSubstr("#2 fresh REFUSED"));
}

TEST(SimInsi, an_unknown_software_gets_the_gateways_fault) {
  Simulator simulator;
  auto parts = adrun();
  parts.idam = "XXX1NF999999";
  const auto answer = ask(simulator, signed_request(parts));
  EXPECT_EQ(answer.status, 500);
  EXPECT_THAT(answer.body, HasSubstr("siram_100"));
  EXPECT_THAT(answer.body, HasSubstr("code=\"desir_550\" messageID=\"uuid:"));
}

TEST(SimInsi, an_unsigned_vitale_assertion_may_follow) {
  auto parts = card_parts("1090763220834", "2009-07-14");
  parts.second_assertion =
      R"(<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_)" + fresh_uuid() +
      R"(" IssueInstant=")" + now_plus(0s) +
      R"(" Version="2.0"><saml:Issuer>899900000017</saml:Issuer><saml:Subject>)"
      R"(<saml:NameID NameQualifier="VITALE">12345678</saml:NameID></saml:Subject></saml:Assertion>)";
  EXPECT_EQ(code_of(ask(Simulator("vitale_assertion = \"required\"\n"), signed_request(parts))), "00");
  EXPECT_EQ(code_of(ask(Simulator("vitale_assertion = \"forbidden\"\n"), signed_request(parts))), "none");
  parts.second_assertion.clear();
  EXPECT_EQ(code_of(ask(Simulator("vitale_assertion = \"required\"\n"), signed_request(parts))), "none");
}

TEST(SimInsi, plain_http_mistakes) {
  Simulator simulator;
  const auto post = http_post(signed_request(adrun()));
  const auto status = [&](const std::string& bytes) {
    return Client(simulator.port()).exchange(bytes).status;
  };
  EXPECT_EQ(status(replaced(post, "POST", "PUT")), 405);
  EXPECT_EQ(status(replaced(post, "/lps", "/other")), 404);
  EXPECT_EQ(status(replaced(post, "application/soap+xml", "text/xml")), 415);
  EXPECT_EQ(status(replaced(post, "; charset=utf-8", "")), 415);
  EXPECT_EQ(status(replaced(post, "Content-Length", "Transfer-Encoding: chunked\r\nX")), 501);
  EXPECT_EQ(status("POST /lps HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n"), 413);
  EXPECT_EQ(status("nonsense\r\n\r\n"), 400);
}

TEST(SimInsi, records_what_it_received) {
  Simulator simulator;
  const auto request = signed_request(adrun());
  ask(simulator, request);
  simulator.output_until("#1 answer");
  ASSERT_EQ(simulator.stop(), 0) << "after its end every record is written";
  const auto read = [&](const char* name) {
    std::stringstream content;
    content << std::ifstream(simulator.records() / name, std::ios::binary).rdbuf();
    return content.str();
  };
  EXPECT_EQ(read("000001.xml"), request);
  EXPECT_THAT(read("000001.json"), HasSubstr("\"accepted\": true"));
  EXPECT_THAT(read("000001.json"), HasSubstr("\"check\": \"signature\", \"ok\": true"));
}

HttpAnswer with_fault(const std::string& fault) {
  Simulator simulator("fault = \"" + fault + "\"\n");
  return ask(simulator, signed_request(adrun()));
}

TEST(SimInsi, soap_faults_on_demand) {
  for (const std::string code : {"desir_550", "desir_560", "desir_1020", "insi_101", "insi_102"}) {
    const auto answer = with_fault(code);
    EXPECT_EQ(answer.status, 500);
    EXPECT_THAT(answer.body, HasSubstr("code=\"" + code + "\""));
  }
}

TEST(SimInsi, faults_of_http_on_demand) {
  EXPECT_EQ(with_fault("http_500_plain").status, 500);
  EXPECT_THAT(with_fault("html").head, HasSubstr("text/html"));
  EXPECT_THAT(with_fault("wrong_content_type").head, Not(HasSubstr("soap+xml")));
  EXPECT_EQ(with_fault("empty").body, "");
  EXPECT_THAT(with_fault("gzip").head, HasSubstr("Content-Encoding: gzip"));
  EXPECT_EQ(with_fault("redirect").status, 302);
  EXPECT_EQ(with_fault("cut_before_read").status, 0);
  EXPECT_EQ(with_fault("cut_after_read").status, 0);
  const auto truncated = with_fault("truncated");
  EXPECT_EQ(truncated.status, 200);
  EXPECT_FALSE(truncated.clean_end);
}

TEST(SimInsi, answers_that_lie_on_demand) {
  EXPECT_THAT(with_fault("doctype").body, HasSubstr("<!DOCTYPE"));
  EXPECT_THAT(with_fault("xxe").body, HasSubstr("SYSTEM \"file:"));
  EXPECT_THAT(with_fault("wrong_key_answer").body, Not(HasSubstr("Cle>74<")));
  EXPECT_EQ(code_of(with_fault("cr00_no_individual")), "00");
  EXPECT_THAT(with_fault("cr00_no_individual").body, Not(HasSubstr("INDIVIDU")));
  EXPECT_EQ(code_of(with_fault("cr01_with_individual")), "01");
  EXPECT_THAT(with_fault("cr01_with_individual").body, HasSubstr("INDIVIDU"));
  EXPECT_THAT(with_fault("other_person").body, Not(HasSubstr("ADRUN")));
  EXPECT_THAT(with_fault("test_oid").body, HasSubstr("1.2.250.1.213.1.4.10"));
}

TEST(SimInsi, a_fault_may_last_a_number_of_requests) {
  Simulator simulator("fault = \"desir_1020\"\nfault_count = 1\n");
  EXPECT_EQ(ask(simulator, signed_request(adrun())).status, 500);
  EXPECT_EQ(code_of(ask(simulator, signed_request(adrun()))), "00");
}

TEST(SimInsi, slow_endless_and_huge_answers_end_with_the_client_or_the_program) {
  const auto request = http_post(signed_request(adrun()));
  for (const std::string fault : {"slow_drip", "endless", "huge"}) {
    SCOPED_TRACE(fault);
    Simulator simulator("fault = \"" + fault + "\"\n");
    const std::size_t enough = fault == "slow_drip" ? 5 : 200'000;
    Client client(simulator.port());
    EXPECT_TRUE(client.exchange(request, enough).clean_end) << "the answer goes on";
    EXPECT_EQ(simulator.stop(), 0) << "ends although an answer is under way";
  }
}

TEST(SimInsi, a_delay_does_not_hold_the_end) {
  Simulator simulator("delay_ms = 600000\n");
  Client client(simulator.port());
  client.exchange(http_post(signed_request(adrun())), 0);
  simulator.output_until("#1 answer");
  EXPECT_EQ(simulator.stop(), 0);
}

TEST(SimInsi, ends_when_whoever_started_it_is_gone) {
  Simulator simulator;
  EXPECT_EQ(simulator.abandon(), 0);
}

TEST(SimInsi, speaks_the_tls_it_is_told_to) {
  Simulator simulator("tls_max = \"1.2\"\n");
  ask(simulator, signed_request(adrun()));
  EXPECT_THAT(simulator.output_until("#1 answer"), HasSubstr("TLS ok: TLSv1.2"));
}

TEST(SimInsi, a_misspelt_key_is_an_error) {
  const Directory directory;
  const auto file = directory.write("bad.toml", "fautl = \"html\"\n");
  EXPECT_THROW(run({INSD_BIN_DIR "/insd-sim-insi", "--check-config", "--config", file.string()}),
               std::runtime_error);
}

}  // namespace
}  // namespace sim_test
