// SPDX-License-Identifier: Apache-2.0
// What answers tell of the clock, and secrets that systemd brings.
#include <array>
#include <ctime>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/insi/credentials.h"
#include "daemon/insi/exchange.h"
#include "daemon/insi/http_date.h"
#include "drivers/base/error.h"
#include "tests/unit/insi/test_answers.h"
#include "tests/unit/insi/test_exchange.h"
#include "tests/unit/insi/tls_server.h"

namespace insd::insi {
namespace {

using namespace std::chrono_literals;
using test::TlsServer;
using test::TlsSession;
using testing::Contains;
using testing::Not;

TEST(HttpDate, IsReadInItsOneForm) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Clock::Wall(784'111'777s));
  EXPECT_EQ(parse_http_date("Thu, 29 Feb 2024 23:59:59 GMT"), Clock::Wall(1'709'251'199s));
  for (const char* bad :
       {"", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 30 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 9999 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:-9:37 GMT",
        "Sun, +6 Nov 1994 08:49:37 GMT"}) {
    EXPECT_EQ(parse_http_date(bad), std::nullopt) << bad;
  }
}

TEST(HttpDate, SkewIsWhatTheWayCannotExplain) {
  const Clock::Wall at(784'111'777s);  // 08:49:37
  const char* date = "Sun, 06 Nov 1994 08:49:37 GMT";
  EXPECT_EQ(clock_skew(date, at, at + 500ms), 0s);
  EXPECT_EQ(clock_skew(date, at + 900ms, at + 2s), 0s) << "whole seconds";
  EXPECT_EQ(clock_skew(date, at - 30s, at + 30s), 0s) << "a slow answer";
  EXPECT_EQ(clock_skew(date, at - 130s, at - 100s), 100s);
  EXPECT_EQ(clock_skew(date, at + 101s, at + 130s), -100s);
  EXPECT_EQ(clock_skew("yesterday", at, at), std::nullopt);
}

class ClockSkewTest : public testing::Test {
 protected:
  class StandingClock : public Clock {
   public:
    [[nodiscard]] Wall wall() const override { return now; }
    const Wall now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  };

  Exchange exchange_with(const TlsServer& server) {
    InsiConfig config;
    config.environment = InsiEnvironment::TEST;
    config.endpoint = server.url();
    config.trust_store = dir_.write("trust.pem", TlsServer::trusted_pem());
    return Exchange(config, clock_);
  }
  Reply ask(Exchange& exchange) {
    return test::run(exchange.by_traits(test::a_traits_query(), test::a_party(), &signer_, {}, {}));
  }

  // The server's Date header, by its clock.
  [[nodiscard]] std::string date_after(std::chrono::seconds skew) const {
    const std::time_t time = std::chrono::system_clock::to_time_t(clock_.now + skew);
    std::tm parts{};
    gmtime_r(&time, &parts);
    std::array<char, 64> text{};
    std::strftime(text.data(), text.size(), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
    return text.data();
  }

  test::TempDir dir_;
  StandingClock clock_;
  test::SoftwareSigner signer_;
};

TEST_F(ClockSkewTest, ADifferenceOfMoreThanAMinuteIsWarnedOf) {
  std::string date = date_after(0s);
  TlsServer server([&date](TlsSession& session) {
    while (!session.read_request().empty()) session.answer(test::found(), "200 OK", date);
  });
  Exchange exchange = exchange_with(server);
  EXPECT_EQ(exchange.clock_skew(), std::nullopt);
  EXPECT_THAT(ask(exchange).warnings, Not(Contains("CLOCK_SKEWED")));
  EXPECT_EQ(exchange.clock_skew(), 0s);
  date = date_after(60s);
  EXPECT_THAT(ask(exchange).warnings, Not(Contains("CLOCK_SKEWED"))) << "a minute is tolerated";
  date = date_after(61s);
  EXPECT_THAT(ask(exchange).warnings, Contains("CLOCK_SKEWED"));
  EXPECT_EQ(exchange.clock_skew(), 61s);
  date = date_after(-97s);
  EXPECT_THAT(ask(exchange).warnings, Contains("CLOCK_SKEWED"));
  EXPECT_EQ(exchange.clock_skew(), -96s);
}

TEST_F(ClockSkewTest, AFaultTellsTheTimeToo) {
  TlsServer server([this](TlsSession& session) {
    session.read_request();
    session.answer("", "500 Internal Server Error", date_after(3600s));
  });
  Exchange exchange = exchange_with(server);
  EXPECT_THROW(ask(exchange), Error);
  EXPECT_EQ(exchange.clock_skew(), 3600s);
}

TEST(Credentials, FillWhatTheFileLeavesEmpty) {
  test::TempDir directory;
  const auto passphrase = directory.write("organisation-passphrase", "x");
  const auto pin = directory.write("organisation-pin", "x");
  const auto proxy = directory.write("insi-proxy", "x");
  const std::filesystem::path folder = std::filesystem::path(passphrase).parent_path();
  InsiConfig config;
  EXPECT_EQ(with_credentials(config, folder), config) << "nothing needs them";
  config.organisation.pkcs12 = "/etc/insd/organisation.p12";
  config.proxy.address = "http://proxy:3128";
  EXPECT_EQ(with_credentials(config, folder).organisation.passphrase_file, passphrase);
  EXPECT_EQ(with_credentials(config, folder).organisation.pin_file, "");
  EXPECT_EQ(with_credentials(config, folder).proxy.credentials_file, proxy);
  EXPECT_EQ(with_credentials(config, ""), config);
  EXPECT_EQ(with_credentials(config, "/nonexistent"), config);
  config.organisation.passphrase_file = "/etc/insd/passphrase";
  EXPECT_EQ(with_credentials(config, folder).organisation.passphrase_file, "/etc/insd/passphrase");
  config.organisation.pkcs12 = config.organisation.passphrase_file = "";
  config.organisation.pkcs11_uri = "pkcs11:token=x";
  EXPECT_EQ(with_credentials(config, folder).organisation.pin_file, pin);
}

}  // namespace
}  // namespace insd::insi
