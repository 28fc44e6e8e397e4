// SPDX-License-Identifier: Apache-2.0
// The way to the teleservice: proxies, what opens connections, names in certificates, limits of each phase,
// and whose connection is kept.
#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/insi/http_client.h"
#include "daemon/insi/proxy.h"
#include "drivers/base/error.h"
#include "tests/unit/insi/test_exchange.h"
#include "tests/unit/insi/test_proxy.h"
#include "tests/unit/insi/tls_server.h"

namespace insd::insi {
namespace {

using namespace std::chrono_literals;
using test::ServerSpec;
using test::TestProxy;
using test::TlsServer;
using test::TlsSession;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

void answer_all(TlsSession& session) {
  while (!session.read_request().empty()) session.answer("<answer/>");
}

class HttpPathTest : public testing::Test {
 protected:
  InsiConfig config_for(const std::string& url) {
    InsiConfig config;
    config.endpoint = url;
    config.trust_store = dir_.write("trust.pem", TlsServer::trusted_pem());
    config.connect_timeout = config.total_timeout = 60s;
    config.phases = {60s, 60s, 60s, 60s, 60s, 60s, 60s};
    return config;
  }
  InsiConfig through(const TestProxy& proxy, const std::string& url) {
    InsiConfig config = config_for(url);
    config.proxy.address = proxy.address();
    return config;
  }
  static HttpResponse post(HttpClient& client, const std::string& credential = {}) {
    return test::run(client.post({"text/xml", "<secret/>", credential}, {}));
  }
  static Error error_from(const InsiConfig& config) {
    try {
      HttpClient client(config);
      return Error(Code::INTERNAL, "HTTP " + std::to_string(post(client).status));
    } catch (const Error& error) {
      return error;
    }
  }
  std::filesystem::path private_file(const std::string& content) {
    const auto file = dir_.write("proxy-credentials", content);
    std::filesystem::permissions(file, std::filesystem::perms(0600));
    return file;
  }

  test::TempDir dir_;
};

TEST_F(HttpPathTest, AProxyIsAskedForATunnelAndSeesNothingOfTheQuestion) {
  TlsServer server(answer_all);
  TestProxy proxy;
  // A name that only the proxy knows: it is not looked up here.
  InsiConfig config = through(proxy, server.url("localhost"));
  config.proxy.credentials_file = private_file("insd:Geheim 1\nrest");
  HttpClient client(config);
  EXPECT_EQ(post(client).body, "<answer/>");
  EXPECT_EQ(post(client).body, "<answer/>");
  ASSERT_EQ(proxy.heads().size(), 1U) << "the tunnel is kept";
  EXPECT_THAT(proxy.heads()[0], testing::StartsWith("CONNECT localhost:"));
  EXPECT_THAT(proxy.heads()[0], HasSubstr("Proxy-Authorization: Basic aW5zZDpHZWhlaW0gMQ==\r\n"));
  EXPECT_THAT(server.requests()[0], Not(HasSubstr("Proxy-Authorization")));
}

TEST_F(HttpPathTest, SomeHostsAreReachedWithoutTheProxy) {
  TlsServer server(answer_all);
  TestProxy proxy("HTTP/1.1 403 Forbidden\r\n\r\n");
  InsiConfig config = through(proxy, server.url("localhost"));
  for (const char* entry : {"localhost", "LOCALHOST", "*"}) {
    config.proxy.no_proxy = {"other", entry};
    EXPECT_EQ(error_from(config).detail(), "HTTP 200") << entry;
  }
  EXPECT_THAT(proxy.heads(), IsEmpty());
  config.proxy.no_proxy = {"host", ".localhost", ""};
  EXPECT_EQ(error_from(config).code(), Code::INSI_PROXY_REFUSED);
}

TEST_F(HttpPathTest, SuffixesNameWholeLabels) {
  const InsiProxyConfig config{"http://p:1", {}, {".example.fr"}};
  EXPECT_FALSE(proxy_for(config, "a.example.fr"));
  EXPECT_TRUE(proxy_for(config, "example.fr"));
  EXPECT_TRUE(proxy_for(config, "badexample.fr"));
}

TEST_F(HttpPathTest, T_TLS_02_AProxyThatRefusesSaysSoAndNothingIsSent) {
  TlsServer server(answer_all);
  for (const auto& [answer, detail] : std::vector<std::pair<std::string, std::string>>{
           {"HTTP/1.1 407 Authentication required\r\n\r\n", "407"},
           {"HTTP/1.1 502 Bad gateway\r\nContent-Length: 3\r\n\r\nabc", "502"},
           {"220 mail.example ready\r\n\r\n", "the proxy"},
           {"HTTP/1.0 302 Found\r\nLocation: http://portal/\r\n\r\n", "302"}}) {
    TestProxy proxy(answer);
    const Error error = error_from(through(proxy, server.url()));
    EXPECT_EQ(error.code(), Code::INSI_PROXY_REFUSED) << answer << error.what();
    EXPECT_THAT(error.detail(), HasSubstr(detail));
  }
  EXPECT_EQ(server.connections(), 0);
  InsiConfig nobody = config_for(server.url());
  nobody.proxy.address = "http://127.0.0.1:" + std::to_string(test::closed_port());
  EXPECT_EQ(error_from(nobody).code(), Code::INSI_UNREACHABLE);
  EXPECT_THAT(error_from(nobody).detail(), HasSubstr("proxy"));
}

TEST_F(HttpPathTest, T_TLS_02_AProxyThatSpeaksInsideTheTunnelIsNotTheTeleservice) {
  TlsServer server(answer_all);
  TestProxy proxy("HTTP/1.1 200 OK\r\n\r\n<html>please log in</html>");
  EXPECT_EQ(error_from(through(proxy, server.url())).code(), Code::INSI_TLS_INTERCEPTED);
}

TEST_F(HttpPathTest, T_FS_01_CredentialsThatOthersCanReadAreRefused) {
  TlsServer server(answer_all);
  TestProxy proxy;
  InsiConfig config = through(proxy, server.url());
  config.proxy.credentials_file = private_file("insd:Geheim");
  std::filesystem::permissions(config.proxy.credentials_file, std::filesystem::perms(0644));
  EXPECT_EQ(error_from(config).code(), Code::CONFIG_INVALID);
  EXPECT_THAT(error_from(config).detail(), HasSubstr("chmod 0600"));
  config.proxy.credentials_file = private_file("no separator");
  EXPECT_THAT(error_from(config).detail(), HasSubstr("user:password"));
  EXPECT_THAT(error_from(config).detail(), Not(HasSubstr("no separator")));
  EXPECT_THAT(proxy.heads(), IsEmpty());
}

TEST_F(HttpPathTest, AnAddressThatIsNoProxyIsRefused) {
  for (const char* address : {"http://", "http://host", "http://[::1]", "http://host:0",
                              "http://host:80/path", "http://user:secret@host:80"}) {
    InsiConfig config = config_for("https://teleservice.example/");
    config.proxy.address = address;
    EXPECT_EQ(error_from(config).code(), Code::CONFIG_INVALID) << address;
    EXPECT_THAT(error_from(config).detail(), Not(HasSubstr("secret")));
  }
}

TEST_F(HttpPathTest, T_TLS_02_AConnectionOpenedOnTheWayIsNamedSo) {
  TlsServer opened(answer_all, {.own_root = true, .issuer = "Example Firewall CA"});
  const Error error = error_from(config_for(opened.url()));
  EXPECT_EQ(error.code(), Code::INSI_TLS_INTERCEPTED) << error.what();
  EXPECT_THAT(error.detail(), HasSubstr("Example Firewall CA"));
  EXPECT_THAT(opened.requests(), IsEmpty());
  // Of another host, or an authority of the national PKI that the store lacks: not what an inspection makes.
  TlsServer other(answer_all,
                  {.names = "DNS:other.example", .own_root = true, .issuer = "Example Firewall CA"});
  EXPECT_EQ(error_from(config_for(other.url())).code(), Code::INSI_TLS_UNTRUSTED);
  TlsServer lacking(answer_all, {.own_root = true, .issuer = "AC IGC-SANTE STANDARD ORGANISATIONS"});
  const Error untrusted = error_from(config_for(lacking.url()));
  EXPECT_EQ(untrusted.code(), Code::INSI_TLS_UNTRUSTED);
  EXPECT_THAT(untrusted.detail(), HasSubstr("AC IGC-SANTE STANDARD ORGANISATIONS"));
}

TEST_F(HttpPathTest, T_TLS_01_ANameInTheCommonNameCountsOnRequestAlone) {
  TlsServer only_cn(answer_all, {.names = "", .common_name = "localhost"});
  InsiConfig config = config_for(only_cn.url("localhost"));
  EXPECT_EQ(error_from(config).code(), Code::INSI_TLS_UNTRUSTED);
  config.common_name_fallback = true;
  EXPECT_EQ(error_from(config).detail(), "HTTP 200");
  TlsServer both(answer_all, {.names = "DNS:other.example", .common_name = "localhost"});
  config.endpoint = both.url("localhost");
  EXPECT_EQ(error_from(config).code(), Code::INSI_TLS_UNTRUSTED)
      << "a certificate with names is held to them";
  TlsServer neither(answer_all, {.names = "", .common_name = "other.example"});
  config.endpoint = neither.url("localhost");
  EXPECT_EQ(error_from(config).code(), Code::INSI_TLS_UNTRUSTED);
}

TEST_F(HttpPathTest, T_TLS_02_TheErrorSaysWhichPhaseWasOver) {
  const auto expect = [](const Error& error, Code code, const char* phase) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_THAT(error.detail(), testing::EndsWith(std::string("phase ") + phase));
  };
  TlsServer mute([](TlsSession&) {}, {.mute = true});
  InsiConfig config = config_for(mute.url());
  config.phases.tls = 200ms;
  expect(error_from(config), Code::INSI_UNREACHABLE, "tls");

  TestProxy silent("");
  config = through(silent, mute.url());
  config.phases.proxy = 200ms;
  expect(error_from(config), Code::INSI_UNREACHABLE, "proxy");

  TlsServer thinking([](TlsSession& session) {
    session.read_request();
    session.wait_for_close();
  });
  config = config_for(thinking.url());
  config.phases.first_byte = 200ms;
  expect(error_from(config), Code::INSI_NO_ANSWER, "first_byte");

  TlsServer halting([](TlsSession& session) {
    session.read_request();
    session.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<begin");
    session.wait_for_close();
  });
  config = config_for(halting.url());
  config.phases.body = 200ms;
  expect(error_from(config), Code::INSI_NO_ANSWER, "body");

  // A server that reads nothing, once its buffers are full.
  std::promise<void> over;
  TlsServer deaf([&over](TlsSession&) { over.get_future().wait(); });
  config = config_for(deaf.url());
  config.phases.send = 200ms;
  HttpClient client(config);
  try {
    test::run(client.post({"text/xml", std::string(32U << 20U, 'x')}, {}));
    FAIL() << "sent";
  } catch (const Error& error) {
    expect(error, Code::INSI_NO_ANSWER, "send");
  }
  over.set_value();
}

TEST_F(HttpPathTest, ConnectAndTotalStandAboveThePhases) {
  TlsServer mute([](TlsSession&) {}, {.mute = true});
  InsiConfig config = config_for(mute.url());
  config.connect_timeout = 200ms;
  EXPECT_THAT(error_from(config).detail(), testing::EndsWith("phase tls"));
  TlsServer thinking([](TlsSession& session) {
    session.read_request();
    session.wait_for_close();
  });
  config = config_for(thinking.url());
  config.total_timeout = 500ms;
  EXPECT_THAT(error_from(config).detail(), testing::EndsWith("phase first_byte"));
}

TEST_F(HttpPathTest, EachCredentialHasAConnectionOfItsOwn) {
  TlsServer server(answer_all);
  HttpClient client(config_for(server.url()));
  for (int i = 0; i < 2; ++i) {
    post(client, "doctor");
    post(client, "nurse");
  }
  EXPECT_EQ(server.connections(), 2);
  client.drop_connection("doctor");
  post(client, "nurse");
  EXPECT_EQ(server.connections(), 2) << "the nurse's card is still there";
  post(client, "doctor");
  EXPECT_EQ(server.connections(), 3);
  client.drop_connection("a patient's card");
  post(client, "doctor");
  post(client, "nurse");
  EXPECT_EQ(server.connections(), 3);
}

TEST_F(HttpPathTest, TheDateOfAnAnswerIsReceived) {
  TlsServer server([](TlsSession& session) {
    session.read_request();
    session.answer("", "200 OK", "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  });
  HttpClient client(config_for(server.url()));
  EXPECT_EQ(post(client).date, "Sun, 06 Nov 1994 08:49:37 GMT");
}

}  // namespace
}  // namespace insd::insi
