// SPDX-License-Identifier: Apache-2.0
// Answers as a hostile server, proxy or broken gateway may send them.
#include <chrono>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/insi/answer.h"
#include "daemon/insi/xml.h"
#include "drivers/base/error.h"
#include "tests/unit/insi/test_answers.h"
#include "tests/unit/insi/test_exchange.h"

namespace insd::insi {
namespace {

using test::envelope;
using test::individual;
using test::kActive;
using test::kTraits;
using test::number;
using test::ok;
using test::result;

Code code_of(const std::string& body) {
  try {
    read_answer(ok(body), InsiEnvironment::TEST);
  } catch (const Error& error) {
    return error.code();
  }
  return Code::INTERNAL;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

// A listener that must stay silent: nothing in an answer may make the parser connect.
class Canary {
 public:
  Canary() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(socket_, 4), 0);
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/x";
  }
  ~Canary() { ::close(socket_); }
  Canary(const Canary&) = delete;
  Canary& operator=(const Canary&) = delete;
  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] bool silent() const { return ::accept(socket_, nullptr, nullptr) < 0 && errno == EAGAIN; }

 private:
  int socket_;
  std::string url_;
};

TEST(HostileAnswer, T_XML_10_NoEntityNoDoctypeNoFetch) {
  const Canary canary;
  const test::TempDir dir;
  const std::string file = dir.write("secret", "01").string();
  const std::string used = envelope(result("&x;"));
  const std::string external = canary.url();
  for (const std::string& prolog :
       {"<!DOCTYPE x SYSTEM \"" + external + "\">", "<!DOCTYPE x [<!ENTITY x SYSTEM \"" + external + "\">]>",
        "<!DOCTYPE x [<!ENTITY x SYSTEM \"file://" + file + "\">]>",
        "<!DOCTYPE x [<!ENTITY % p SYSTEM \"" + external + "\"> %p;]>",
        std::string("<!DOCTYPE x [<!ENTITY x \"01\">]>"),
        std::string(
            "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;\"><!ENTITY x \"&b;&b;\">]>"),
        std::string("<!DOCTYPE x>"), "<?xml-stylesheet href=\"" + external + "\"?><!DOCTYPE x>"}) {
    EXPECT_EQ(code_of(prolog + used), Code::INSI_ANSWER_INVALID) << prolog;
    EXPECT_EQ(code_of("<?xml version=\"1.0\"?>\n" + prolog + envelope(result("01"))),
              Code::INSI_ANSWER_INVALID)
        << prolog;
  }
  EXPECT_EQ(code_of(used), Code::INSI_ANSWER_INVALID);  // an entity that nobody declared
  const std::string include =
      "<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"" + external + "\"/>";
  EXPECT_EQ(code_of(envelope(include)), Code::INSI_ANSWER_INVALID);
  EXPECT_EQ(code_of(envelope(result(include))), Code::INSI_ANSWER_INVALID);
  const std::string base = replaced(envelope(result("01")), "<CR>", "<CR xml:base=\"" + external + "\">");
  EXPECT_EQ(
      read_answer(ok("<?xml-stylesheet href=\"" + external + "\"?>" + base), InsiEnvironment::TEST).code,
      "01");
  EXPECT_TRUE(canary.silent());
}

TEST(HostileAnswer, T_XML_10_SizeDepthAndCountsAreBounded) {
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(code_of(envelope(result("01")) + std::string(xml::kMaxAnswerBytes, ' ')),
            Code::INSI_ANSWER_INVALID);
  EXPECT_EQ(code_of(std::string(100U << 20U, 'A')), Code::INSI_ANSWER_INVALID);
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  EXPECT_EQ(code_of(envelope(deep)), Code::INSI_ANSWER_INVALID);
  std::string closed;
  for (int i = 0; i < 40; ++i) closed = "<a>" + closed + "</a>";
  EXPECT_EQ(code_of(envelope(closed)), Code::INSI_ANSWER_INVALID);
  std::string many;
  for (int i = 0; i < 150'000; ++i) many += "<a/>";
  EXPECT_EQ(code_of(envelope(result("01", many))), Code::INSI_ANSWER_INVALID);
  std::string attributes;
  for (int i = 0; i < 80'000; ++i) attributes += " a" + std::to_string(i) + "=''";
  EXPECT_EQ(code_of(envelope("<a" + attributes + "/>")), Code::INSI_ANSWER_INVALID);
  std::string wide;  // each tag under the limit of one tag
  for (int tag = 0; tag < 200; ++tag) {
    wide += "<a";
    for (int i = 0; i < 400; ++i) wide += " b" + std::to_string(i) + "=''";
    wide += "/>";
  }
  EXPECT_EQ(code_of(envelope(wide)), Code::INSI_ANSWER_INVALID);
  std::string history;
  for (int i = 0; i < 201; ++i) history += "<INSHISTO>" + number("2751263220749", "74") + "</INSHISTO>";
  EXPECT_EQ(code_of(envelope(result("00", individual(kActive + history + kTraits)))),
            Code::INSI_ANSWER_INVALID);
  // A hang bound, far above what it takes.
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
}

TEST(HostileAnswer, T_XML_11_ACommentNeverCutsAValue) {
  const std::string good = test::found();
  for (const auto& [value, cut] :
       {std::pair<std::string, std::string>{"2751263220749", "2751263220749<!---->0"},
        {"2751263220749", "275126<!-- -->3220749"},
        {"<CodeCR>00", "<CodeCR>00<!---->"},
        {"<Cle>74", "<Cle>7<?pi x?>4"},
        {"1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.8<!---->0"},
        {"ADRUN", "ADRUN<!-- -->X"},
        {"ZOE", "ZOE<?pi?>"},
        {"<Sexe>F", "<Sexe><!-- -->F"},
        {"1975-12-31", "1975-<b/>12-31"},
        {"63220", "<x>63220</x>"}}) {
    EXPECT_EQ(code_of(replaced(good, value, cut)), Code::INSI_ANSWER_INVALID) << cut;
  }
}

TEST(HostileAnswer, T_XML_11_CdataAndCharacterReferencesAreWholeText) {
  const std::string good = test::found();
  const auto birth_name = [&](const std::string& written) {
    return read_answer(ok(replaced(good, "ADRUN", written)), InsiEnvironment::TEST).answer->birth_name;
  };
  EXPECT_EQ(birth_name("A<![CDATA[DR]]>UN"), "ADRUN");
  EXPECT_EQ(birth_name("<![CDATA[<b>]]>"), "<b>");
  EXPECT_EQ(birth_name("D&#39;A&#x4C;"), "D'AL");
  EXPECT_EQ(birth_name("A&amp;B&lt;"), "A&B<");
}

TEST(HostileAnswer, T_XML_13_RepeatedElementsAreRefused) {
  const std::string good = test::found();
  for (const std::string& element :
       {std::string("<CodeCR>00</CodeCR>"), std::string("<LibelleCR>OK</LibelleCR>"),
        std::string("<Sexe>F</Sexe>"), std::string("<NumIdentifiant>2751263220749</NumIdentifiant>"),
        std::string("<Cle>74</Cle>"), std::string("<OID>1.2.250.1.213.1.4.8</OID>"),
        std::string("<NomNaissance>ADRUN</NomNaissance>"), kActive, kTraits, individual()})
    EXPECT_EQ(code_of(replaced(good, element, element + element)), Code::INSI_ANSWER_INVALID) << element;
  EXPECT_EQ(code_of(replaced(good, "<soap:Body>", "<soap:Body/><soap:Body>")), Code::INSI_ANSWER_INVALID);
  EXPECT_EQ(
      code_of(replaced(good, "<soap:Body>", "<soap:Header>" + result("01") + "</soap:Header><soap:Body>")),
      Code::INSI_ANSWER_INVALID);
}

TEST(HostileAnswer, T_XML_13_ForeignElementsAreNotRead) {
  const std::string good = test::found();
  const std::string foreign = "<OID xmlns=\"urn:x\">1.2.250.1.213.1.4.9</OID><Nouveau>1</Nouveau>";
  EXPECT_EQ(
      read_answer(ok(replaced(good, "<OID>", foreign + "<OID>")), InsiEnvironment::TEST).answer->active.oid,
      "1.2.250.1.213.1.4.8");
  EXPECT_EQ(code_of(replaced(good, "<OID>1.2.250.1.213.1.4.8</OID>", foreign)), Code::INSI_ANSWER_INVALID);
  EXPECT_EQ(code_of(replaced(good, "<RESULTAT ", "<Resultat ")), Code::INSI_ANSWER_INVALID);
}

TEST(HostileAnswer, T_XML_13_ValuesOfTheWrongForm) {
  const std::string good = test::found();
  for (const auto& [value, wrong] : {std::pair<std::string, std::string>{"2751263220749", "275126322074"},
                                     {"2751263220749", "27512632207490"},
                                     {"2751263220749", "27512A3220749"},
                                     {"2751263220749", " 2751263220749"},
                                     {"2751263220749",
                                      "275126\xC3\xA9"
                                      "220749"},
                                     {"<Cle>74", "<Cle>7"},
                                     {"<Cle>74", "<Cle>AB"},
                                     {"1.2.250.1.213.1.4.8", ""},
                                     {"1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.8\n"},
                                     {"1.2.250.1.213.1.4.8", "urn:oid:1.2.250.1.213.1.4.8"},
                                     {"<Sexe>F", "<Sexe>I"},
                                     {"<Sexe>F", "<Sexe>f"},
                                     {"<Sexe>F", "<Sexe>"},
                                     {"1975-12-31", "31/12/1975"},
                                     {"1975-12-31", "1975-12-31T00:00:00"},
                                     {"ADRUN", std::string(513, 'A')}}) {
    EXPECT_EQ(code_of(replaced(good, value, wrong)), Code::INSI_ANSWER_INVALID) << wrong;
  }
  const std::string dated = "<DateDeb>hier</DateDeb></INSACTIF>";
  EXPECT_EQ(code_of(replaced(good, "</INSACTIF>", dated)), Code::INSI_ANSWER_INVALID);
}

TEST(HostileAnswer, T_XML_13_EncodingsOtherThanUtf8) {
  const std::string good = envelope(result("01"));
  std::string utf16 = "\xFF\xFE";
  for (const char c : good) utf16 += std::string{c, '\0'};
  EXPECT_EQ(code_of(utf16), Code::INSI_ANSWER_INVALID);
  for (const char* encoding :
       {"ISO-8859-1", "UTF-7", "UTF-16", "windows-1252", "EBCDIC-CP-FR", "x", "US-ASCII"})
    EXPECT_EQ(code_of(std::string("<?xml version='1.0' encoding='") + encoding + "'?>" + good),
              Code::INSI_ANSWER_INVALID)
        << encoding;
  using namespace std::string_literals;
  for (const std::string& bytes : {"\xC0\xBC"s, "\xE9"s, "\xED\xA0\x80"s, "\0"s, "\x01"s, "\xF5\x80\x80\x80"s,
                                   "\xEF\xBF\xBF"s, "&#0;"s, "&#xD800;"s, "&#1;"s})
    EXPECT_EQ(code_of(replaced(test::found(), "ADRUN", "A" + bytes)), Code::INSI_ANSWER_INVALID)
        << to_hex(as_bytes(bytes));
  EXPECT_EQ(read_answer(ok("\xEF\xBB\xBF" + good), InsiEnvironment::TEST).code, "01");
  EXPECT_EQ(read_answer(ok("<?xml version='1.0' encoding='utf-8'?>" + good), InsiEnvironment::TEST).code,
            "01");
}

TEST(HostileAnswer, T_XML_13_EveryTruncationIsRefused) {
  const std::string good = test::found();
  for (std::size_t length = 0; length < good.size(); ++length)
    ASSERT_EQ(code_of(good.substr(0, length)), Code::INSI_ANSWER_INVALID) << length;
}

TEST(HostileAnswer, T_XML_13_EveryFlippedByteIsRefusedOrRead) {
  const std::string good = test::found();
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int flip : {0x01, 0x20, 0x80}) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ flip);
      const Code code = code_of(bad);
      ASSERT_TRUE(code == Code::INSI_ANSWER_INVALID || code == Code::INTERNAL /* read */) << i;
    }
  }
}

TEST(HostileAnswer, T_INS_02_AFaultOfAnyShapeIsAFault) {
  const std::string long_text(5000, 'A');
  const std::string body = test::fault("siram_40", long_text, "fatal");
  try {
    read_answer({500, "text/xml", body}, InsiEnvironment::TEST);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::INSI_ANSWER_INVALID);  // a tag of 5 kB is no tag of theirs
  }
  const std::string labelled = replaced(test::fault("siram_40", "insi_102", "fatal"), "Libelle technique",
                                        long_text + "\n<x>\xC3\xA9</x><!-- -->");
  try {
    read_answer({500, "text/xml", labelled}, InsiEnvironment::TEST);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::INSI_UNAVAILABLE);
    EXPECT_LE(error.insi_fault()->label.size(), 1024U);
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
  }
  const std::string forged = test::fault("siram_40&#10;ERROR forged", "x&#10;y", "&#10;z");
  try {
    read_answer({500, "text/xml", forged}, InsiEnvironment::TEST);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::INSI_FAULT);
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace insd::insi
