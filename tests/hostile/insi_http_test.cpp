// SPDX-License-Identifier: Apache-2.0
// Servers that are not who they say, or do not stop talking.
#include <gtest/gtest.h>

#include "daemon/insi/http_client.h"
#include "drivers/base/error.h"
#include "tests/unit/insi/test_exchange.h"
#include "tests/unit/insi/tls_server.h"

namespace insd::insi {
namespace {

using namespace std::chrono_literals;
using test::ServerSpec;
using test::TlsServer;
using test::TlsSession;

class HostileServer : public testing::Test {
 protected:
  Error error_from(const std::string& url, std::chrono::milliseconds total = 20s) {
    InsiConfig config;
    config.endpoint = url;
    config.trust_store = dir_.write("trust.pem", TlsServer::trusted_pem());
    config.connect_timeout = 10s;
    config.total_timeout = total;
    HttpClient client(config);
    try {
      const HttpResponse response = test::run(client.post({"text/xml", "<secret question/>"}, {}));
      return Error(Code::INTERNAL, "HTTP " + std::to_string(response.status));
    } catch (const Error& error) {
      return error;
    }
  }

  void expect_untrusted(const ServerSpec& spec, const std::string& host = "127.0.0.1") {
    TlsServer server([](TlsSession& session) { session.read_request(); }, spec);
    const Error error = error_from(server.url(host));
    EXPECT_EQ(error.code(), Code::INSI_TLS_UNTRUSTED) << error.what();
    EXPECT_FALSE(error.detail().empty());
    EXPECT_TRUE(server.requests().empty());  // the question never left
  }

  test::TempDir dir_;
};

TEST_F(HostileServer, T_TLS_01_WrongHost) {
  expect_untrusted({.names = "DNS:other.example.fr,IP:127.0.0.2"});
  expect_untrusted({.names = "DNS:other.example.fr"}, "localhost");
  expect_untrusted({.names = "IP:127.0.0.1"}, "localhost");
  expect_untrusted({.names = "DNS:*.localhost"}, "localhost");
}

TEST_F(HostileServer, T_TLS_01_ANameOnlyInTheCommonNameIsNoName) {
  expect_untrusted({.names = "", .common_name = "localhost"}, "localhost");
}

TEST_F(HostileServer, T_TLS_01_AnotherRootWithTheSameName) {
  expect_untrusted({.own_root = true});
}

TEST_F(HostileServer, T_TLS_01_ExpiredOrNotYetValid) {
  expect_untrusted({.from_seconds = -7200, .to_seconds = -60});
  expect_untrusted({.from_seconds = 3600});
}

TEST_F(HostileServer, T_TLS_01_OldProtocols) {
  expect_untrusted({.highest_version = TLS1_1_VERSION});
  expect_untrusted({.highest_version = TLS1_VERSION});
}

TEST_F(HostileServer, T_TLS_01_TheOldestProtocolThatIsAccepted) {
  TlsServer server(
      [](TlsSession& session) {
        session.read_request();
        session.answer("");
      },
      {.highest_version = TLS1_2_VERSION});
  EXPECT_EQ(error_from(server.url()).detail(), "HTTP 200");
}

TEST_F(HostileServer, T_TLS_02_AProxyThatSpeaksNoTls) {
  expect_untrusted({.plain = true});
}

TEST_F(HostileServer, T_INS_02_AnEndlessBody) {
  const std::string block(16 * 1024, 'A');
  TlsServer with_chunks([&](TlsSession& session) {
    session.read_request();
    session.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 200; ++i) session.send("4000\r\n" + block + "\r\n");
    session.wait_for_close();
  });
  EXPECT_EQ(error_from(with_chunks.url()).code(), Code::INSI_ANSWER_INVALID);
  TlsServer without_length([&](TlsSession& session) {
    session.read_request();
    session.send("HTTP/1.1 200 OK\r\n\r\n");
    for (int i = 0; i < 200; ++i) session.send(block);
    session.wait_for_close();
  });
  EXPECT_EQ(error_from(without_length.url()).code(), Code::INSI_ANSWER_INVALID);
  TlsServer announced([&](TlsSession& session) {
    session.read_request();
    session.send("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n");
    session.wait_for_close();
  });
  EXPECT_EQ(error_from(announced.url()).code(), Code::INSI_ANSWER_INVALID);
}

TEST_F(HostileServer, T_INS_02_EndlessHeaders) {
  TlsServer server([](TlsSession& session) {
    session.read_request();
    session.send("HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 5000; ++i) session.send("X-Header: " + std::string(100, 'A') + "\r\n");
    session.wait_for_close();
  });
  EXPECT_EQ(error_from(server.url()).code(), Code::INSI_ANSWER_INVALID);
}

TEST_F(HostileServer, T_INS_02_ChunkExtensionsAndTrailersAreBounded) {
  const std::string block(16 * 1024, 'A');
  TlsServer extension([&](TlsSession& session) {
    session.read_request();
    session.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=");
    for (int i = 0; i < 64; ++i) session.send(block);  // 1 MiB of a line without end
    session.wait_for_close();
  });
  const Error too_long = error_from(extension.url());
  EXPECT_EQ(too_long.code(), Code::INSI_ANSWER_INVALID) << too_long.what();
  TlsServer trailers([](TlsSession& session) {
    session.read_request();
    session.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n1\r\nA\r\n0\r\n");
    for (int i = 0; i < 5000; ++i) session.send("X: " + std::string(200, 'A') + "\r\n");
    session.wait_for_close();
  });
  EXPECT_EQ(error_from(trailers.url()).code(), Code::INSI_ANSWER_INVALID);
  TlsServer honest([](TlsSession& session) {
    session.read_request();
    session.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n0\r\n\r\n");
    session.wait_for_close();
  });
  EXPECT_EQ(error_from(honest.url()).detail(), "HTTP 200");
}

TEST_F(HostileServer, T_INS_02_ASlowDripEndsWithTheTime) {
  TlsServer server([](TlsSession& session) {
    session.read_request();
    session.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    for (int i = 0; i < 20; ++i) session.send("A");
    session.wait_for_close();
  });
  EXPECT_EQ(error_from(server.url(), 500ms).code(), Code::INSI_NO_ANSWER);
}

TEST_F(HostileServer, T_INS_02_NotHttp) {
  for (const char* text : {"hello\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "SSH-2.0-OpenSSH\r\n",
                           "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                           "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                           "HTTP/1.1 200 OK\r\nbad header\r\n\r\n"}) {
    TlsServer server([text](TlsSession& session) {
      session.read_request();
      session.send(text);
      session.wait_for_close();
    });
    EXPECT_EQ(error_from(server.url()).code(), Code::INSI_ANSWER_INVALID) << text;
  }
}

TEST_F(HostileServer, T_INS_02_RedirectsAreNotFollowed) {
  TlsServer elsewhere([](TlsSession& session) { session.read_request(); });
  for (const char* status :
       {"301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"}) {
    TlsServer server([&](TlsSession& session) {
      session.read_request();
      session.answer("", status, "Location: " + elsewhere.url() + "\r\n");
    });
    EXPECT_EQ(error_from(server.url()).code(), Code::INSI_ANSWER_INVALID) << status;
  }
  EXPECT_EQ(elsewhere.connections(), 0);
}

TEST_F(HostileServer, T_INS_02_ACompressedAnswerIsNotOpened) {
  for (const char* encoding : {"gzip", "deflate", "br", "identity, gzip"}) {
    TlsServer server([encoding](TlsSession& session) {
      session.read_request();
      session.answer("\x1F\x8B", "200 OK", std::string("Content-Encoding: ") + encoding + "\r\n");
    });
    EXPECT_EQ(error_from(server.url()).code(), Code::INSI_ANSWER_INVALID) << encoding;
  }
}

TEST_F(HostileServer, T_TLS_02_HungUpInTheHandshake) {
  TlsServer server([](TlsSession&) {}, {.mute = true});
  auto url = server.url();
  EXPECT_EQ(error_from(url, 500ms).code(), Code::INSI_UNREACHABLE);
}

}  // namespace
}  // namespace insd::insi
