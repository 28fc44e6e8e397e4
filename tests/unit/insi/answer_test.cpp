// SPDX-License-Identifier: Apache-2.0
#include "daemon/insi/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/base/error.h"
#include "tests/unit/insi/test_answers.h"

namespace insd::insi {
namespace {

using test::envelope;
using test::individual;
using test::kActive;
using test::kTraits;
using test::number;
using test::ok;
using test::result;
using test::server_error;
using testing::ElementsAre;
using testing::IsEmpty;

Reply read(const std::string& body, InsiEnvironment environment = InsiEnvironment::TEST) {
  return read_answer(ok(body), environment);
}

Error error_of(const HttpResponse& response, InsiEnvironment environment = InsiEnvironment::TEST) {
  try {
    read_answer(response, environment);
  } catch (const Error& error) {
    return error;
  }
  return Error(Code::INTERNAL, "no error");
}

Code code_of(const std::string& body, InsiEnvironment environment = InsiEnvironment::TEST) {
  return error_of(ok(body), environment).code();
}

TEST(Answer, OneIdentity) {
  const Reply reply = read(test::found());
  EXPECT_EQ(reply.outcome, Outcome::FOUND);
  EXPECT_EQ(reply.code, "00");
  EXPECT_EQ(reply.label, "OK");
  ASSERT_TRUE(reply.answer);
  EXPECT_EQ(reply.answer->active.number, "2751263220749");
  EXPECT_EQ(reply.answer->active.key, "74");
  EXPECT_EQ(reply.answer->active.oid, "1.2.250.1.213.1.4.8");
  EXPECT_EQ(reply.answer->birth_name, "ADRUN");
  EXPECT_EQ(reply.answer->given_names, "ZOE");
  EXPECT_EQ(reply.answer->first_given_name, "");
  EXPECT_EQ(reply.answer->sex, "F");
  EXPECT_EQ(reply.answer->birth_date, "1975-12-31");
  EXPECT_EQ(reply.answer->birth_place, "63220");
  EXPECT_THAT(reply.answer->history, IsEmpty());
  EXPECT_THAT(reply.warnings, IsEmpty());
}

TEST(Answer, NoneAndSeveralAreReplies) {
  const Reply none = read(envelope(result("01")));
  EXPECT_EQ(none.outcome, Outcome::NOT_FOUND);
  EXPECT_FALSE(none.answer);
  const Reply several = read(envelope(result("02")));
  EXPECT_EQ(several.outcome, Outcome::SEVERAL);
  EXPECT_EQ(several.code, "02");
  EXPECT_FALSE(several.answer);
}

TEST(Answer, TheResultIsKeptAsTheBytesReceived) {
  const std::string payload =
      "<r:RESULTAT  xmlns:r='http://www.cnamts.fr/INSiResultat'\n ><!-- kept "
      "-->\r\n<r:CR><r:CodeCR>01</r:CodeCR>"
      "<r:LibelleCR>Aucune &#x69;dentit\xC3\xA9</r:LibelleCR></r:CR ></r:RESULTAT >";
  EXPECT_EQ(read(envelope(payload)).result_xml, payload);
  EXPECT_EQ(
      read("\xEF\xBB\xBF<?xml version='1.0' encoding='UTF-8'?>\r\n" + envelope(payload) + "\n").result_xml,
      payload);
  EXPECT_EQ(read(envelope(payload)).label, "Aucune identit\xC3\xA9");
}

TEST(Answer, ALongAnswerKeepsItsBytesToo) {  // beyond the parser's own chunks
  std::string history;
  for (int i = 0; i < 100; ++i) history += "<INSHISTO>" + number("2751263220749", "74") + "</INSHISTO>";
  const std::string payload = result("00", individual(kActive + history + kTraits));
  const std::string filler(30'000, ' ');
  const Reply reply = read("<!-- " + filler.substr(0, 3000) + " -->" + envelope(filler + payload + filler));
  EXPECT_EQ(reply.result_xml, payload);
  EXPECT_EQ(reply.answer->history.size(), 100U);
}

TEST(Answer, PrefixesVaryButNamespacesDecide) {
  const std::string prefixed =
      R"(<S:Envelope xmlns:S="http://www.w3.org/2003/05/soap-envelope" xmlns="http://www.cnamts.fr/INSiRecSans" xmlns:ns2="http://www.cnamts.fr/INSiResultat"><S:Body><ns2:RESULTAT><ns2:CR><ns2:CodeCR>01</ns2:CodeCR><ns2:LibelleCR>x</ns2:LibelleCR></ns2:CR></ns2:RESULTAT></S:Body></S:Envelope>)";
  EXPECT_EQ(read(prefixed).outcome, Outcome::NOT_FOUND);
  const std::string swapped =
      R"(<S:Envelope xmlns:S="http://www.w3.org/2003/05/soap-envelope" xmlns:ns2="http://www.cnamts.fr/INSiRecSans"><S:Body><ns2:RESULTAT><ns2:CR><ns2:CodeCR>01</ns2:CodeCR></ns2:CR></ns2:RESULTAT></S:Body></S:Envelope>)";
  EXPECT_EQ(code_of(swapped), Code::INSI_ANSWER_INVALID);
}

TEST(Answer, AHeaderIsNeitherNeededNorRead) {
  EXPECT_EQ(
      read(
          R"(<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Header><x/></e:Header><e:Body>)" +
          result("02") + "</e:Body></e:Envelope>")
          .outcome,
      Outcome::SEVERAL);
}

TEST(Answer, PrenomAndListePrenomAreKeptApart) {
  const std::string traits =
      "<TIQ><NomNaissance>DE VINCI</NomNaissance><Prenom>LEONARDO</Prenom>"
      "<ListePrenom>LEONARDO  PIERO</ListePrenom></TIQ>";
  const Reply reply = read(envelope(result("00", individual(kActive + traits))));
  EXPECT_EQ(reply.answer->first_given_name, "LEONARDO");
  EXPECT_EQ(reply.answer->given_names, "LEONARDO  PIERO");  // byte for byte
  EXPECT_EQ(reply.answer->sex, "");
}

TEST(Answer, HistoryInAnyOrderUndatedSelfReferencingBackwards) {
  const std::string history = "<INSHISTO><DateDeb>2019-03-01</DateDeb><DateFin>2019-02-28</DateFin>" +
                              number("2090763220834", "39") + "</INSHISTO><INSHISTO>" +
                              number("1090763220834", "89") + "</INSHISTO>";
  const std::string active = "<INSACTIF>" + number("1090763220834", "89") + "</INSACTIF>";
  const Reply reply = read(envelope(result("00", individual(kTraits + history + active))));
  ASSERT_EQ(reply.answer->history.size(), 2U);
  EXPECT_EQ(reply.answer->history[0].start_date, "2019-03-01");
  EXPECT_EQ(reply.answer->history[0].end_date, "2019-02-28");
  EXPECT_EQ(reply.answer->history[1].number, reply.answer->active.number);
  EXPECT_EQ(reply.answer->history[1].start_date, "");
  EXPECT_THAT(reply.warnings, IsEmpty());
}

TEST(Answer, CorsicanNumbersHaveGoodKeys) {
  for (const auto& [text, key] :
       {std::pair{"297022A020778", "78"}, {"160012B020777", "13"}, {"180032B020401", "23"}}) {
    const std::string active = "<INSACTIF>" + number(text, key) + "</INSACTIF>";
    EXPECT_THAT(read(envelope(result("00", individual(active + kTraits)))).warnings, IsEmpty()) << text;
  }
}

TEST(Answer, T_INS_01_AWrongReturnedKeyIsFlaggedAndKept) {
  const std::string active = "<INSACTIF>" + number("1810363220456", "60") + "</INSACTIF>";
  const Reply reply = read(envelope(result("00", individual(active + kTraits))));
  EXPECT_EQ(reply.answer->active.key, "60");
  EXPECT_THAT(reply.warnings, ElementsAre("RETURNED_KEY_INVALID"));
  const std::string history = "<INSHISTO>" + number("2810363220456", "10") + "</INSHISTO>";
  EXPECT_THAT(read(envelope(result("00", individual(kActive + history + history + kTraits)))).warnings,
              ElementsAre("RETURNED_KEY_INVALID"));
}

TEST(Answer, ANumberWithoutKeyIsNoRemark) {
  const std::string active = "<INSACTIF>" + number("2751263220749") + "</INSACTIF>";
  const Reply reply = read(envelope(result("00", individual(active + kTraits))));
  EXPECT_EQ(reply.answer->active.key, "");
  EXPECT_THAT(reply.warnings, IsEmpty());
}

TEST(Answer, T_INS_01_TestNumbersAreRefusedInProductionOnly) {
  for (const char* oid : {"1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.11"}) {
    const std::string active = "<INSACTIF>" + number("2751263220749", "74", oid) + "</INSACTIF>";
    const std::string in_history =
        kActive + "<INSHISTO>" + number("2751263220749", "74", oid) + "</INSHISTO>";
    for (const std::string& numbers : {active, in_history}) {
      const std::string answer = envelope(result("00", individual(numbers + kTraits)));
      EXPECT_EQ(code_of(answer, InsiEnvironment::PRODUCTION), Code::INSI_ANSWER_INVALID) << oid;
      EXPECT_EQ(read(answer, InsiEnvironment::TEST).outcome, Outcome::FOUND) << oid;
    }
  }
  for (const char* oid : {"1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.9"}) {
    const std::string active = "<INSACTIF>" + number("1090763220888", "35", oid) + "</INSACTIF>";
    EXPECT_EQ(read(envelope(result("00", individual(active + kTraits))), InsiEnvironment::PRODUCTION)
                  .answer->active.oid,
              oid);
  }
}

TEST(Answer, T_INS_01_ANumberThatIsNoInsIsFlaggedAndRefusedInProduction) {
  for (const char* oid : {"1.2.250.1.213.1.4.2", "1.2.250.1.213.1.4.13", "1.2.3"}) {
    const std::string active = "<INSACTIF>" + number("2751263220749", "74", oid) + "</INSACTIF>";
    const std::string answer = envelope(result("00", individual(active + kTraits)));
    EXPECT_THAT(read(answer).warnings, ElementsAre("RETURNED_OID_UNKNOWN")) << oid;
    EXPECT_EQ(code_of(answer, InsiEnvironment::PRODUCTION), Code::INSI_ANSWER_INVALID) << oid;
  }
  for (const char* oid : {"8", "...", ".1.2", "1.2.", "1..2"}) {
    const std::string active = "<INSACTIF>" + number("2751263220749", "74", oid) + "</INSACTIF>";
    EXPECT_EQ(code_of(envelope(result("00", individual(active + kTraits)))), Code::INSI_ANSWER_INVALID)
        << oid;
  }
}

TEST(Answer, ALongLabelDoesNotCostTheAnswer) {
  std::string answer = test::found();
  const std::string label = "<LibelleCR>";
  answer.insert(answer.find(label) + label.size(), std::string(1000, 'x'));
  EXPECT_EQ(read(answer).outcome, Outcome::FOUND);
}

TEST(Answer, T_XML_10_ManyAttributesAreRefusedBeforeTheyCostTime) {
  std::string answer = test::found();
  std::string attributes = "<a b='>'";
  for (int i = 0; i < 5000; ++i) attributes += " a" + std::to_string(i) + "='1'";
  answer.insert(answer.find("<RESULTAT"), attributes + "/>");
  EXPECT_EQ(code_of(answer), Code::INSI_ANSWER_INVALID);
}

TEST(Answer, T_INS_01_CodeAndContentMustAgree) {
  EXPECT_EQ(code_of(envelope(result("00"))), Code::INSI_ANSWER_INVALID);
  EXPECT_EQ(code_of(envelope(result("01", individual()))), Code::INSI_ANSWER_INVALID);
  EXPECT_EQ(code_of(envelope(result("02", individual()))), Code::INSI_ANSWER_INVALID);
  for (const char* code : {"03", "0", "", "000", " 00", "OK"})
    EXPECT_EQ(code_of(envelope(result(code, individual()))), Code::INSI_ANSWER_INVALID) << code;
}

TEST(Answer, PartsThatMustBeThere) {
  EXPECT_EQ(code_of(envelope(result("00", individual(kTraits)))), Code::INSI_ANSWER_INVALID);
  EXPECT_EQ(code_of(envelope(result("00", individual(kActive)))), Code::INSI_ANSWER_INVALID);
  EXPECT_EQ(code_of(envelope(result("00", individual("<INSACTIF><OID>1.2</OID></INSACTIF>" + kTraits)))),
            Code::INSI_ANSWER_INVALID);
  EXPECT_EQ(code_of(envelope(result("00", individual("<INSACTIF><IdIndividu><NumIdentifiant>2751263220749"
                                                     "</NumIdentifiant></IdIndividu></INSACTIF>" +
                                                     kTraits)))),
            Code::INSI_ANSWER_INVALID);
}

struct FaultCase {
  const char *subcode, *code, *severity;
  Code expected;
  Retry retry;
};

TEST(Fault, EachFamilyHasItsErrorAndRetryRule) {
  const FaultCase cases[] = {
      {"siram_40", "insi_102", "fatal", Code::INSI_UNAVAILABLE, Retry::LATER},
      {"siram_40", "insi_101", "fatal", Code::INSI_UNAVAILABLE, Retry::LATER},
      {"siram_40", "desir_1020", "fatale", Code::INSI_UNAVAILABLE, Retry::LATER},
      {"siram_100", "desir_550", "erreur", Code::INSI_NOT_AUTHORISED, Retry::NEVER},
      {"siram_100", "autre", "erreur", Code::INSI_NOT_AUTHORISED, Retry::NEVER},
      {"siram_40", "desir_560", "erreur", Code::INSI_NOT_AUTHORISED, Retry::NEVER},
      {"siram_10", "insi_100", "fatal", Code::INSI_FAULT, Retry::NEVER},
  };
  for (const FaultCase& one : cases) {
    const std::string body = test::fault(one.subcode, one.code, one.severity, "uuid:1");
    for (const HttpResponse& response : {server_error(body), ok(body)}) {
      const Error error = error_of(response);
      EXPECT_EQ(error.code(), one.expected) << one.code;
      EXPECT_EQ(error.entry().retry, one.retry) << one.code;
      ASSERT_TRUE(error.insi_fault()) << one.code;
      EXPECT_EQ(error.insi_fault()->subcode, one.subcode);
      EXPECT_EQ(error.insi_fault()->code, one.code);
      EXPECT_EQ(error.insi_fault()->severity, one.severity);
      EXPECT_EQ(error.insi_fault()->message_id, "uuid:1");
      EXPECT_EQ(error.insi_fault()->label, "Libelle technique");
    }
  }
}

TEST(Fault, WithoutDetailIsStillAFault) {
  const Error error = error_of(server_error(
      envelope("<soap:Fault><soap:Code><soap:Value>soap:Receiver</soap:Value></soap:Code></soap:Fault>")));
  EXPECT_EQ(error.code(), Code::INSI_FAULT);
  ASSERT_TRUE(error.insi_fault());
  EXPECT_EQ(error.insi_fault()->code, "");
}

TEST(Fault, T_INS_02_WhatIsNoAnswerIsNeverNotFound) {
  const HttpResponse cases[] = {
      {500, "text/html", "<html><body>Erreur</body></html>"},
      {200, "text/html; charset=utf-8", "<html><body>Portail</body></html>"},
      {200, "application/soap+xml", "<html><body>Portail</body></html>"},
      {200, "application/soap+xml", ""},
      {500, "application/soap+xml", ""},
      {500, "", ""},
      {500, "application/soap+xml", envelope(result("01"))},
      {503, "text/plain", "Service Unavailable"},
      {200, "application/json", "{}"},
      {200, "multipart/related; type=\"application/xop+xml\"", test::found()},
      {200, "application/soap+xml; charset=iso-8859-1", test::found()},
      {200, "application/soap+xml", "<Envelope/>"},
      {200, "application/soap+xml",
       R"(<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>)" + result("01") +
           "</e:Body></e:Envelope>"},
      {200, "application/soap+xml", envelope("")},
      {200, "application/soap+xml", envelope(result("01") + "<x/>")},
      {200, "application/soap+xml", envelope(result("01") + result("00", individual()))},
  };
  for (const HttpResponse& response : cases) {
    const Error error = error_of(response);
    EXPECT_EQ(error.code(), Code::INSI_ANSWER_INVALID) << response.content_type << response.body;
    EXPECT_EQ(error.entry().retry, Retry::LATER);
  }
}

TEST(Answer, ContentTypesThatAreAccepted) {
  for (const char* type :
       {"application/soap+xml", "application/soap+xml;charset=UTF-8", "text/xml; charset=\"utf-8\"",
        "Application/SOAP+XML ; action=\"x\"; Charset=Utf-8", ""})
    EXPECT_EQ(read_answer({200, type, test::found()}, InsiEnvironment::TEST).outcome, Outcome::FOUND) << type;
}

}  // namespace
}  // namespace insd::insi
