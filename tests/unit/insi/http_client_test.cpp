// SPDX-License-Identifier: Apache-2.0
// The HTTPS client against a real TLS server in this process.
#include "daemon/insi/http_client.h"

#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/insi/endpoint.h"
#include "drivers/base/error.h"
#include "tests/unit/insi/test_exchange.h"
#include "tests/unit/insi/tls_server.h"

namespace insd::insi {
namespace {

using namespace std::chrono_literals;
using test::ServerSpec;
using test::TlsServer;
using test::TlsSession;
using testing::HasSubstr;
using testing::StartsWith;

class HttpClientTest : public testing::Test {
 protected:
  InsiConfig config_for(const std::string& url) {
    InsiConfig config;
    config.endpoint = url;
    config.trust_store = dir_.write("trust.pem", TlsServer::trusted_pem());
    config.connect_timeout = 5s;
    config.total_timeout = 10s;
    return config;
  }

  static HttpResponse post(HttpClient& client, std::stop_token stop = {}) {
    return test::run(client.post({"application/soap+xml; charset=utf-8", "<question/>"}, stop));
  }

  static Error error_of(HttpClient& client, std::stop_token stop = {}) {
    try {
      const HttpResponse response = post(client, stop);
      return Error(Code::INTERNAL, "HTTP " + std::to_string(response.status));
    } catch (const Error& error) {
      return error;
    }
  }

  Error first_error(const TlsServer& server, std::chrono::milliseconds total = 10s) {
    InsiConfig config = config_for(server.url());
    config.total_timeout = total;
    HttpClient client(config);
    return error_of(client);
  }

  test::TempDir dir_;
};

void answer_all(TlsSession& session) {
  while (!session.read_request().empty()) session.answer("<answer/>");
}

TEST_F(HttpClientTest, PostsAndReadsTheAnswer) {
  TlsServer server(answer_all);
  HttpClient client(config_for(server.url()));
  const HttpResponse response = post(client);
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(response.content_type, "application/soap+xml; charset=utf-8");
  EXPECT_EQ(response.body, "<answer/>");
  ASSERT_EQ(server.requests().size(), 1U);
  const std::string request = server.requests()[0];
  EXPECT_THAT(request, StartsWith("POST /lps HTTP/1.1\r\nHost: 127.0.0.1:"));
  EXPECT_THAT(request, HasSubstr("\r\nContent-Type: application/soap+xml; charset=utf-8\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\n\r\n<question/>"));
}

TEST_F(HttpClientTest, KnowsAServerByItsName) {
  TlsServer server(answer_all, {.names = "DNS:localhost"});
  HttpClient client(config_for(server.url("localhost")));
  EXPECT_EQ(post(client).status, 200U);
}

TEST_F(HttpClientTest, AnyStatusButARedirectIsAResponse) {
  for (const char* status : {"500 Internal Server Error", "404 Not Found", "400 Bad Request"}) {
    TlsServer server([status](TlsSession& session) {
      session.read_request();
      session.answer("<fault/>", status);
    });
    HttpClient client(config_for(server.url()));
    const HttpResponse response = post(client);
    EXPECT_EQ(response.status, std::stoul(status));
    EXPECT_EQ(response.body, "<fault/>");
  }
}

TEST_F(HttpClientTest, ReadsChunksAndABodyWithoutLength) {
  TlsServer server([](TlsSession& session) {
    session.read_request();
    if (session.number() == 1) {
      session.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
      return;
    }
    session.send("HTTP/1.1 200 OK\r\n\r\nabcde");
    session.close_notify();
  });
  for (int i = 0; i < 2; ++i) {
    HttpClient client(config_for(server.url()));
    EXPECT_EQ(post(client).body, "abcde");
  }
}

TEST_F(HttpClientTest, KeepsTheConnection) {
  TlsServer server(answer_all);
  HttpClient client(config_for(server.url()));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(post(client).status, 200U);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, DropsTheConnectionWhenTold) {
  TlsServer server(answer_all);
  HttpClient client(config_for(server.url()));
  post(client);
  client.drop_connection();
  post(client);
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpClientTest, AConnectionInUseIsNotKeptWhenDroppedMeanwhile) {
  std::promise<void> asked;
  std::promise<void> dropped;
  TlsServer server([&](TlsSession& session) {
    session.read_request();
    if (session.number() == 1) {
      asked.set_value();
      dropped.get_future().wait();
    }
    session.answer("<answer/>");
    session.wait_for_close();
  });
  HttpClient client(config_for(server.url()));
  auto first = std::async(std::launch::async, [&] { return post(client).status; });
  asked.get_future().wait();
  client.drop_connection();
  dropped.set_value();
  EXPECT_EQ(first.get(), 200U);
  post(client);
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpClientTest, TwoCallsAtOnceDoNotWaitForEachOther) {
  std::promise<void> second_done;
  TlsServer server([&](TlsSession& session) {
    session.read_request();
    if (session.number() == 1) second_done.get_future().wait();
    session.answer("<answer/>");
    session.wait_for_close();
  });
  HttpClient client(config_for(server.url()));
  auto first = std::async(std::launch::async, [&] { return post(client).status; });
  while (server.requests().empty()) std::this_thread::yield();
  EXPECT_EQ(post(client).status, 200U);
  second_done.set_value();
  EXPECT_EQ(first.get(), 200U);
}

TEST_F(HttpClientTest, AClosedKeptConnectionIsReplacedBeforeAnythingIsSentTwice) {
  std::promise<void> closed;
  TlsServer server([&](TlsSession& session) {
    session.read_request();
    session.answer("<answer/>");
    if (session.number() == 1) {
      session.close_notify();
      closed.set_value();
      return;
    }
    session.wait_for_close();
  });
  HttpClient client(config_for(server.url()));
  post(client);
  closed.get_future().wait();
  EXPECT_EQ(post(client).status, 200U);
  EXPECT_EQ(server.connections(), 2);
  EXPECT_EQ(server.requests().size(), 2U);
}

// Takes a second question on the kept connection and dies without a word; a new connection is good again.
void die_when_asked_again(TlsSession& session) {
  session.read_request();
  session.answer("<answer/>");
  session.read_request();
  if (session.number() > 1) session.answer("<answer/>");
}

TEST_F(HttpClientTest, T_XML_14_NothingIsSentTwiceWhenAKeptConnectionDies) {
  TlsServer server(die_when_asked_again);
  HttpClient client(config_for(server.url()));
  post(client);
  EXPECT_EQ(error_of(client).code(), Code::INSI_NO_ANSWER);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, ANewConnectionThatDiesIsNotTriedAgain) {
  TlsServer server([](TlsSession& session) { session.read_request(); });
  EXPECT_EQ(first_error(server).code(), Code::INSI_NO_ANSWER);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, AnAnswerThatBeganIsNotAskedForAgain) {
  TlsServer server([](TlsSession& session) {
    session.read_request();
    session.answer("<answer/>");
    session.read_request();
    session.send("HTTP/1.1 200 OK\r\nContent-Le");
  });
  HttpClient client(config_for(server.url()));
  post(client);
  EXPECT_EQ(error_of(client).code(), Code::INSI_NO_ANSWER);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, ACutAnswerIsNoAnswer) {
  for (const char* part :
       {"HTTP/1.1 200 OK\r\nContent-", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<ans",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\n\r\nends with the connection, but nobody said that it ended"}) {
    TlsServer server([part](TlsSession& session) {
      session.read_request();
      session.send(part);
    });
    EXPECT_EQ(first_error(server).code(), Code::INSI_NO_ANSWER) << part;
  }
}

TEST_F(HttpClientTest, SilenceAfterTheQuestionIsNoAnswer) {
  TlsServer server([](TlsSession& session) {
    session.read_request();
    session.wait_for_close();
  });
  const auto began = std::chrono::steady_clock::now();
  const Error error = first_error(server, 300ms);
  EXPECT_EQ(error.code(), Code::INSI_NO_ANSWER);
  EXPECT_EQ(error.entry().retry, Retry::NOW);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
}

TEST_F(HttpClientTest, NobodyThereIsUnreachable) {
  HttpClient refused(config_for("https://127.0.0.1:" + std::to_string(test::closed_port()) + "/lps"));
  EXPECT_EQ(error_of(refused).code(), Code::INSI_UNREACHABLE);
  HttpClient nameless(config_for("https://nobody.invalid/lps"));
  EXPECT_EQ(error_of(nameless).code(), Code::INSI_UNREACHABLE);
}

TEST_F(HttpClientTest, ASilentHandshakeIsUnreachableInTheConnectTime) {
  TlsServer server([](TlsSession&) {}, {.mute = true});
  InsiConfig config = config_for(server.url());
  config.connect_timeout = 300ms;
  config.total_timeout = 60s;
  HttpClient client(config);
  EXPECT_EQ(error_of(client).code(), Code::INSI_UNREACHABLE);
}

TEST_F(HttpClientTest, CancelEndsTheCallAtOnce) {
  TlsServer server([](TlsSession& session) {
    session.read_request();
    session.wait_for_close();
  });
  HttpClient client(config_for(server.url()));
  std::stop_source stop;
  auto waiting = std::async(std::launch::async, [&] { return error_of(client, stop.get_token()).code(); });
  while (server.requests().empty()) std::this_thread::yield();
  stop.request_stop();
  ASSERT_EQ(waiting.wait_for(5s), std::future_status::ready);
  EXPECT_EQ(waiting.get(), Code::CANCELLED);
  EXPECT_THROW(post(client, stop.get_token()), Error);  // cancelled before it began
}

TEST_F(HttpClientTest, T_XML_14_AConnectionIsNotUsedAgainAfterACancel) {
  std::promise<void> cancelled;
  TlsServer server([&](TlsSession& session) {
    session.read_request();
    if (session.number() == 1) {
      cancelled.get_future().wait();
      session.answer("<answer to='the first question'/>");
      session.wait_for_close();
      return;
    }
    session.answer("<answer to='the second'/>");
  });
  HttpClient client(config_for(server.url()));
  std::stop_source stop;
  auto first = std::async(std::launch::async, [&] { return error_of(client, stop.get_token()).code(); });
  while (server.requests().empty()) std::this_thread::yield();
  stop.request_stop();
  EXPECT_EQ(first.get(), Code::CANCELLED);
  cancelled.set_value();
  EXPECT_EQ(post(client).body, "<answer to='the second'/>");
}

TEST_F(HttpClientTest, T_XML_14_WhatFollowsAnAnswerIsNotTheNextOne) {
  TlsServer server([](TlsSession& session) {
    session.read_request();
    session.send(
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirstHTTP/1.1 200 OK\r\nContent-Length: "
        "6\r\n\r\nforged");
    if (!session.read_request().empty()) session.answer("second");
  });
  HttpClient client(config_for(server.url()));
  EXPECT_EQ(post(client).body, "first");
  EXPECT_EQ(post(client).body, "first");  // a new connection
  EXPECT_EQ(server.connections(), 2);
}

// The same in two TLS records of one segment: the second waits inside the TLS layer, where the socket shows
// nothing.
TEST_F(HttpClientTest, T_XML_14_ARecordThatFollowsAnAnswerIsNotTheNextOne) {
  TlsServer server([](TlsSession& session) {
    session.read_request();
    session.send_together({"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst",
                           "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"});
    if (!session.read_request().empty()) session.answer("second");
  });
  HttpClient client(config_for(server.url()));
  EXPECT_EQ(post(client).body, "first");
  EXPECT_EQ(post(client).body, "first");  // a new connection
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpClientTest, TheTrustStoreMustBeReadable) {
  InsiConfig config = config_for("https://127.0.0.1/lps");
  for (const auto& bad : {dir_.write("empty.pem", ""), dir_.write("text.pem", "hello"),
                          std::filesystem::path("/nonexistent"), std::filesystem::path("/")}) {
    config.trust_store = bad;
    try {
      const HttpClient client(config);
      ADD_FAILURE() << bad;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::CONFIG_INVALID) << bad;
    }
  }
}

TEST(Endpoint, IsReadInItsParts) {
  const Endpoint plain = parse_endpoint("https://Services-PS.example.fr/lps");
  EXPECT_EQ(plain.host, "services-ps.example.fr");
  EXPECT_EQ(plain.port, "443");
  EXPECT_EQ(plain.path, "/lps");
  EXPECT_EQ(plain.authority(), "services-ps.example.fr");
  const Endpoint with_port = parse_endpoint("https://127.0.0.1:8443");
  EXPECT_EQ(with_port.path, "/");
  EXPECT_EQ(with_port.authority(), "127.0.0.1:8443");
  const Endpoint v6 = parse_endpoint("https://[::1]:8443/a?b=c");
  EXPECT_EQ(v6.host, "::1");
  EXPECT_EQ(v6.authority(), "[::1]:8443");
  EXPECT_EQ(v6.path, "/a?b=c");
}

TEST(Endpoint, RefusesEverythingElse) {
  for (const char* url : {"", "https://", "http://example.fr/lps", "HTTPS://example.fr", "https:///lps",
                          "https://a:0/", "https://a:65536/", "https://a:/", "https://a:b/",
                          "https://user@a/", "https://a b/", "https://a/\r\nX: y", "https://a/#f",
                          "https://[::1/", "https://[::1]x/", "https://\xC3\xA9.fr/", "https://a?b"})
    EXPECT_THROW(parse_endpoint(url), Error) << url;
}

}  // namespace
}  // namespace insd::insi
