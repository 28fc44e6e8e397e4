// SPDX-License-Identifier: Apache-2.0
// One whole exchange: what is asked of whom, in which order, and what comes of it.
#include "daemon/insi/exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/base/error.h"
#include "tests/unit/insi/test_answers.h"
#include "tests/unit/insi/test_exchange.h"
#include "tests/unit/insi/tls_server.h"
#include "tests/unit/insi/xml_query.h"

namespace insd::insi {
namespace {

using namespace std::chrono_literals;
using test::a_card_query;
using test::a_party;
using test::a_traits_query;
using test::TlsServer;
using test::TlsSession;
using test::XmlQuery;
using testing::ElementsAre;
using testing::IsEmpty;

// Time that stands still until the test moves it.
class FixedClock : public Clock {
 public:
  [[nodiscard]] Wall wall() const override { return wall_; }
  Wall wall_ = std::chrono::system_clock::now();
};

TlsServer::Script always(const std::string& body, const std::string& status = "200 OK") {
  return [body, status](TlsSession& session) {
    while (!session.read_request().empty()) session.answer(body, status);
  };
}

std::string body_of(const std::string& request) {
  return request.substr(request.find("\r\n\r\n") + 4);
}

class ExchangeTest : public testing::Test {
 protected:
  InsiConfig config_for(const TlsServer& server) {
    InsiConfig config;
    config.environment = InsiEnvironment::TEST;
    config.endpoint = server.url();
    config.trust_store = dir_.write("trust.pem", TlsServer::trusted_pem());
    config.total_timeout = 10s;
    return config;
  }

  Reply by_traits(Exchange& exchange, std::stop_token stop = {}) {
    return test::run(exchange.by_traits(a_traits_query(), a_party(), &signer_, before_send_, stop));
  }

  Code error_of(Exchange& exchange, std::stop_token stop = {}) {
    try {
      by_traits(exchange, stop);
    } catch (const Error& error) {
      return error.code();
    }
    return Code::INTERNAL;
  }

  Code error_from(const TlsServer& server) {
    Exchange exchange(config_for(server), clock_);
    return error_of(exchange);
  }

  test::TempDir dir_;
  FixedClock clock_;
  test::SoftwareSigner signer_;
  std::vector<std::string> events_;
  Exchange::BeforeSend before_send_ = [this](const std::string& id) -> boost::asio::awaitable<void> {
    events_.push_back(id);
    co_return;
  };
};

TEST_F(ExchangeTest, SearchByTraits) {
  TlsServer server(always(test::found()));
  Exchange exchange(config_for(server), clock_);
  const Reply reply = by_traits(exchange);
  EXPECT_EQ(reply.outcome, Outcome::FOUND);
  EXPECT_EQ(reply.answer->active.number, "2751263220749");
  EXPECT_EQ(reply.operation, "rechercherInsAvecTraitsIdentite");
  EXPECT_EQ(reply.sent_at, clock_.wall_);
  EXPECT_GT(reply.duration.count(), 0);
  EXPECT_EQ(reply.result_xml, test::result("00", test::individual()));
  EXPECT_THAT(events_, ElementsAre(reply.message_id));
  ASSERT_EQ(server.requests().size(), 1U);
  const std::string sent = body_of(server.requests()[0]);
  EXPECT_EQ(XmlQuery(sent).text("//a:MessageID"), reply.message_id);
  EXPECT_EQ(XmlQuery(sent).schema_errors("request.xsd"), "");
  EXPECT_EQ(test::xmlsec_verdict(sent), 0);
}

TEST_F(ExchangeTest, SearchByCardSendsTheVitaleAssertionOnlyWithASerial) {
  TlsServer server(always(test::found()));
  Exchange exchange(config_for(server), clock_);
  CardQuery query = a_card_query();
  const Reply reply = test::run(exchange.by_card(query, a_party(), &signer_, before_send_, {}));
  EXPECT_EQ(reply.operation, "rechercherInsAvecCarteVitale");
  query.vitale_serial = "12345678901234567890";
  test::run(exchange.by_card(query, a_party(), &signer_, before_send_, {}));
  ASSERT_EQ(server.requests().size(), 2U);
  EXPECT_EQ(XmlQuery(body_of(server.requests()[0])).count("//w:Security/saml:Assertion"), 1U);
  const std::string sent = body_of(server.requests()[1]);
  const XmlQuery xml(sent);
  EXPECT_EQ(xml.count("//w:Security/saml:Assertion"), 2U);
  EXPECT_EQ(xml.count("//w:Security/saml:Assertion[1]/ds:Signature"), 1U);
  EXPECT_EQ(xml.text("//saml:Assertion[2]//saml:NameID"), "12345678901234567890");
  EXPECT_EQ(xml.text("//saml:Assertion[2]/saml:Issuer"), "899900000001");
  EXPECT_EQ(xml.schema_errors("request.xsd"), "");
  EXPECT_EQ(test::xmlsec_verdict(sent), 0);
}

TEST_F(ExchangeTest, T_XML_14_EveryRequestHasIdentifiersAndAnAssertionOfItsOwn) {
  TlsServer server(always(test::envelope(test::result("01"))));
  Exchange exchange(config_for(server), clock_);
  for (int i = 0; i < 3; ++i) by_traits(exchange);
  std::vector<std::string> ids;
  for (const std::string& request : server.requests()) {
    const XmlQuery xml(body_of(request));
    for (const char* id :
         {"//bam:Id", "//lps:Id", "//a:MessageID", "//saml:Assertion/@ID", "//ds:SignatureValue"})
      ids.push_back(xml.text(id));
  }
  EXPECT_EQ(ids.size(), 15U);
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(std::adjacent_find(ids.begin(), ids.end()), ids.end());
  EXPECT_EQ(signer_.signatures, 3);
}

TEST_F(ExchangeTest, T_XML_14_TimesAreThoseOfTheClock) {
  TlsServer server(always(test::envelope(test::result("01"))));
  clock_.wall_ = Clock::Wall(std::chrono::floor<std::chrono::seconds>(clock_.wall_.time_since_epoch())) + 7ms;
  Exchange exchange(config_for(server), clock_);
  by_traits(exchange);
  const XmlQuery xml(body_of(server.requests()[0]));
  const std::string time = xml.text("//bam:Temps");
  EXPECT_TRUE(time.ends_with(".007Z")) << time;
  EXPECT_EQ(xml.text("//lps:Temps"), time);
  EXPECT_EQ(xml.text("//saml:Assertion/@IssueInstant"), time);
}

TEST_F(ExchangeTest, TheJournalComesBeforeTheSignatureAndTheSignatureBeforeTheNetwork) {
  TlsServer server(always(test::found()));
  Exchange exchange(config_for(server), clock_);
  signer_.before_sign = [&] {
    EXPECT_EQ(events_.size(), 1U);
    EXPECT_EQ(server.connections(), 0);
    events_.emplace_back("sign");
  };
  by_traits(exchange);
  EXPECT_EQ(events_.size(), 2U);
}

TEST_F(ExchangeTest, WithoutAJournalNothingIsSignedOrSent) {
  TlsServer server(always(test::found()));
  Exchange exchange(config_for(server), clock_);
  before_send_ = [](const std::string&) -> boost::asio::awaitable<void> {
    throw Error(Code::JOURNAL_UNAVAILABLE);
    co_return;
  };
  EXPECT_EQ(error_of(exchange), Code::JOURNAL_UNAVAILABLE);
  EXPECT_EQ(signer_.signatures, 0);
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(ExchangeTest, AWrongSignatureIsNotSent) {
  TlsServer server(always(test::found()));
  Exchange exchange(config_for(server), clock_);
  signer_.spoil = true;
  EXPECT_EQ(error_of(exchange), Code::SIGNATURE_INVALID);
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(ExchangeTest, TheSignersErrorIsTheCallersError) {
  TlsServer server(always(test::found()));
  Exchange exchange(config_for(server), clock_);
  signer_.before_sign = [] { throw Error(Code::LEASE_LOST); };
  EXPECT_EQ(error_of(exchange), Code::LEASE_LOST);
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(ExchangeTest, ACancelBeforeTheSignatureSignsNothing) {
  TlsServer server(always(test::found()));
  Exchange exchange(config_for(server), clock_);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(error_of(exchange, stop.get_token()), Code::CANCELLED);
  EXPECT_EQ(signer_.signatures, 0);
  EXPECT_THAT(events_, IsEmpty());
}

TEST_F(ExchangeTest, ACancelDuringTheSignatureSendsNothing) {
  TlsServer server(always(test::found()));
  Exchange exchange(config_for(server), clock_);
  std::stop_source stop;
  signer_.before_sign = [&] { stop.request_stop(); };
  EXPECT_EQ(error_of(exchange, stop.get_token()), Code::CANCELLED);
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(ExchangeTest, ATestCardIsRefusedByTheProductionService) {
  TlsServer server(always(test::found()));
  InsiConfig config = config_for(server);
  config.environment = InsiEnvironment::PRODUCTION;
  Exchange exchange(config, clock_);
  EXPECT_EQ(error_of(exchange), Code::TEST_CARD_REFUSED);
  EXPECT_EQ(signer_.signatures, 0);
}

TEST_F(ExchangeTest, AnExpiredCertificateSignsNothing) {
  TlsServer server(always(test::found()));
  Exchange exchange(config_for(server), clock_);
  clock_.wall_ += std::chrono::hours(24 * 365);
  EXPECT_EQ(error_of(exchange), Code::CERTIFICATE_INVALID);
  EXPECT_EQ(signer_.signatures, 0);
  EXPECT_THAT(events_, IsEmpty());
}

TEST_F(ExchangeTest, AProfileWithoutBillingIdSignsNothing) {
  TlsServer server(always(test::found()));
  Exchange exchange(config_for(server), clock_);
  Party party = a_party();
  party.profile.billing_id.clear();
  EXPECT_THROW(test::run(exchange.by_traits(a_traits_query(), party, &signer_, before_send_, {})), Error);
  EXPECT_EQ(signer_.signatures, 0);
}

TEST_F(ExchangeTest, NegativeAnswersAreReplies) {
  TlsServer server(always(test::envelope(test::result("02"))));
  Exchange exchange(config_for(server), clock_);
  EXPECT_EQ(by_traits(exchange).outcome, Outcome::SEVERAL);
}

TEST_F(ExchangeTest, T_INS_02_FaultsAndRubbishOverHttps) {
  EXPECT_EQ(error_from(
                TlsServer(always(test::fault("siram_40", "insi_102", "fatal"), "500 Internal Server Error"))),
            Code::INSI_UNAVAILABLE);
  EXPECT_EQ(error_from(TlsServer(
                always(test::fault("siram_100", "desir_550", "erreur"), "500 Internal Server Error"))),
            Code::INSI_NOT_AUTHORISED);
  EXPECT_EQ(error_from(TlsServer(always("<html></html>"))), Code::INSI_ANSWER_INVALID);
  EXPECT_EQ(error_from(TlsServer(always(""))), Code::INSI_ANSWER_INVALID);
  EXPECT_EQ(error_from(TlsServer(always("", "500 Internal Server Error"))), Code::INSI_ANSWER_INVALID);
  EXPECT_EQ(error_from(TlsServer([](TlsSession& session) { session.read_request(); })), Code::INSI_NO_ANSWER);
}

TEST_F(ExchangeTest, TheConnectionIsKeptAndDropped) {
  TlsServer server(always(test::found()));
  Exchange exchange(config_for(server), clock_);
  by_traits(exchange);
  by_traits(exchange);
  EXPECT_EQ(server.connections(), 1);
  exchange.drop_connection();
  by_traits(exchange);
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(ExchangeTest, WhatIsNotConfiguredIsSaid) {
  TlsServer server(always(""));
  const InsiConfig good = config_for(server);
  const auto code_of = [&](auto change) {
    InsiConfig config = good;
    change(config);
    try {
      const Exchange exchange(config, clock_);
    } catch (const Error& error) {
      return error.code();
    }
    return Code::INTERNAL;
  };
  EXPECT_EQ(code_of([](InsiConfig& c) { c.environment = InsiEnvironment::UNSET; }),
            Code::INSI_NOT_CONFIGURED);
  EXPECT_EQ(code_of([](InsiConfig& c) { c.endpoint.clear(); }), Code::INSI_NOT_CONFIGURED);
  EXPECT_EQ(code_of([](InsiConfig& c) { c.mode = InsiMode::ORGANISATION; }), Code::INSI_NOT_CONFIGURED);
  EXPECT_EQ(code_of([](InsiConfig& c) { c.endpoint = "http://127.0.0.1/"; }), Code::CONFIG_INVALID);
  EXPECT_EQ(code_of([](InsiConfig& c) { c.trust_store = "/nonexistent"; }), Code::CONFIG_INVALID);
  EXPECT_EQ(code_of([](InsiConfig&) {}), Code::INTERNAL);
}

}  // namespace
}  // namespace insd::insi
