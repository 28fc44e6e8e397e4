// SPDX-License-Identifier: Apache-2.0
// insctl insi check: what it says of a configuration and of a connection, without a patient operation.
#include "daemon/insi/check.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/insi/test_exchange.h"
#include "tests/unit/insi/tls_server.h"

namespace insd::insi {
namespace {

using namespace std::chrono_literals;
using test::TlsServer;
using test::TlsSession;
using testing::HasSubstr;

class CheckTest : public testing::Test {
 protected:
  InsiConfig config_for(const std::string& url) {
    InsiConfig config;
    config.environment = InsiEnvironment::TEST;
    config.endpoint = url;
    config.trust_store = dir_.write("trust.pem", TlsServer::trusted_pem());
    return config;
  }
  static std::map<std::string, Check> by_name(const std::vector<Check>& checks) {
    std::map<std::string, Check> found;
    for (const auto& check : checks) found.emplace(check.name, check);
    return found;
  }
  std::map<std::string, Check> configuration(const InsiConfig& config) const {
    return by_name(check_configuration(config, now_));
  }
  std::map<std::string, Check> connection(const InsiConfig& config,
                                          std::optional<std::chrono::seconds> skew) const {
    try {
      return by_name(check_connection(config, test::run(probe(config, {})), skew, now_));
    } catch (const Error& error) {
      return by_name(check_connection(error));
    }
  }

  test::TempDir dir_;
  const Clock::Wall now_ = std::chrono::system_clock::now();
};

TEST_F(CheckTest, AGoodConfigurationIsInOrder) {
  const auto found = configuration(config_for("https://teleservice.example/lps"));
  EXPECT_EQ(found.at("environment").state, CheckState::OK);
  EXPECT_EQ(found.at("trust_store").state, CheckState::OK);
  EXPECT_THAT(found.at("trust_store").detail, HasSubstr("1 authorities"));
  EXPECT_EQ(found.at("proxy").state, CheckState::OK);
  EXPECT_EQ(found.at("credential").state, CheckState::SKIPPED) << "mode cps";
}

TEST_F(CheckTest, WhatIsWrongHasItsCode) {
  InsiConfig config = config_for("https://teleservice.example/lps");
  config.environment = InsiEnvironment::UNSET;
  EXPECT_EQ(configuration(config).at("environment").code, Code::INSI_NOT_CONFIGURED);
  config = config_for("");
  EXPECT_EQ(configuration(config).at("environment").code, Code::INSI_NOT_CONFIGURED);
  config = config_for("https://teleservice.example/lps");
  config.trust_store = "/nonexistent";
  EXPECT_EQ(configuration(config).at("trust_store").code, Code::CONFIG_INVALID);
  config = config_for("https://teleservice.example/lps");
  config.proxy.address = "http://proxy";
  EXPECT_EQ(configuration(config).at("proxy").code, Code::CONFIG_INVALID);
  config.mode = InsiMode::ORGANISATION;
  EXPECT_EQ(configuration(config).at("credential").code, Code::INSI_NOT_CONFIGURED);
  config.organisation.pkcs12 = "/nonexistent";
  EXPECT_EQ(configuration(config).at("credential").state, CheckState::FAILED);
  EXPECT_EQ(configuration(config).at("certificate_chain").state, CheckState::SKIPPED);
}

TEST_F(CheckTest, AConnectionIsLookedAtWithoutAnOperation) {
  TlsServer server([](TlsSession& session) {
    session.read_request();
    session.send(
        "HTTP/1.1 405 Method Not Allowed\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: "
        "9\r\n\r\n");
  });
  const InsiConfig config = config_for(server.url());
  const Probe seen = test::run(probe(config, {}));
  EXPECT_EQ(seen.answer.status, 405U);
  EXPECT_EQ(seen.answer.date, "Sun, 06 Nov 1994 08:49:37 GMT");
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_THAT(server.requests()[0], testing::StartsWith("HEAD /lps HTTP/1.1\r\n"));
  const auto found = by_name(check_connection(config, seen, 0s, now_));
  for (const char* name : {"connection", "tls", "host_name", "clock"})
    EXPECT_EQ(found.at(name).state, CheckState::OK) << name;
  // The test server's certificate lives for a day.
  EXPECT_EQ(found.at("server_certificate").state, CheckState::WARNING);
  EXPECT_EQ(found.at("server_certificate").code, Code::CERTIFICATE_EXPIRES_SOON);
  EXPECT_THAT(found.at("server_certificate").detail, HasSubstr("CN=localhost"));
  EXPECT_EQ(by_name(check_connection(config, seen, 61s, now_)).at("clock").code, Code::CLOCK_SKEWED);
  EXPECT_EQ(by_name(check_connection(config, seen, std::nullopt, now_)).at("clock").state,
            CheckState::SKIPPED);
}

TEST_F(CheckTest, TheFirstStepThatFailsIsNamedAndTheRestIsSkipped) {
  const auto nobody = "https://127.0.0.1:" + std::to_string(test::closed_port()) + "/lps";
  auto found = connection(config_for(nobody), 0s);
  EXPECT_EQ(found.at("connection").code, Code::INSI_UNREACHABLE);
  EXPECT_EQ(found.at("tls").state, CheckState::SKIPPED);

  TlsServer other([](TlsSession&) {}, {.names = "DNS:other.example"});
  found = connection(config_for(other.url("localhost")), 0s);
  EXPECT_EQ(found.at("tls").state, CheckState::OK);
  EXPECT_EQ(found.at("host_name").code, Code::INSI_TLS_UNTRUSTED);
  EXPECT_EQ(found.at("clock").state, CheckState::SKIPPED);

  TlsServer expired([](TlsSession&) {}, {.from_seconds = -7200, .to_seconds = -60});
  found = connection(config_for(expired.url()), 0s);
  EXPECT_EQ(found.at("connection").state, CheckState::OK);
  EXPECT_EQ(found.at("tls").code, Code::INSI_TLS_UNTRUSTED);

  TlsServer opened([](TlsSession&) {}, {.own_root = true, .issuer = "Example Firewall CA"});
  EXPECT_EQ(connection(config_for(opened.url()), 0s).at("tls").code, Code::INSI_TLS_INTERCEPTED);
}

}  // namespace
}  // namespace insd::insi
