// SPDX-License-Identifier: Apache-2.0
// What the authentication key is asked to sign, and never anything else.
#include "daemon/desk/presence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include "drivers/base/error.h"
#include "tests/unit/insi/test_pki.h"

namespace insd::desk {
namespace {

using test::CertificateSpec;
using ::testing::ElementsAre;
using ::testing::StartsWith;

Bytes certificate(CertificateSpec spec = {}) {
  if (spec.key_usage == CertificateSpec().key_usage) spec.key_usage = "critical,digitalSignature";
  return test::to_der(test::make_certificate(spec, test::shared_key(), test::shared_key()).get());
}

Professional professional(Bytes der) {
  Professional who;
  who.card_number = "0098765052";
  who.national_id = "of the other certificate";
  who.authentication_certificate = std::move(der);
  return who;
}

PresenceRequest request() {
  PresenceRequest made;
  made.lease = "lease";
  made.challenge = Bytes(16, 0xA5);
  made.audience = "https://records.example.org";
  return made;
}

std::string decoded(std::string_view part) {
  std::string text(part);
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  const std::size_t padding = (4 - text.size() % 4) % 4;
  text.append(padding, '=');
  std::string bytes(text.size() / 4 * 3, '\0');
  EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                  reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  bytes.resize(bytes.size() - padding);
  return bytes;
}

nlohmann::json payload_of(const PresenceStatement& statement) {
  return nlohmann::json::parse(
      decoded(std::string_view(statement.text).substr(statement.text.find('.') + 1)));
}

std::vector<std::string> refused_fields(const PresenceRequest& wanted) {
  std::vector<std::string> fields;
  try {
    require_presence_request(wanted);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::INVALID_ARGUMENT);
    for (const auto& violation : error.fields()) fields.push_back(violation.path);
  }
  return fields;
}

TEST(Presence, BindsAudienceChallengeTimeAndCaller) {
  const auto now =
      Clock::Wall(std::chrono::seconds(std::chrono::system_clock::to_time_t(Clock::Wall::clock::now())));
  const Bytes der = certificate();
  const auto statement = presence_statement(request(), professional(der), 1000, now);
  const auto payload = payload_of(statement);
  const auto header = nlohmann::json::parse(decoded(statement.text.substr(0, statement.text.find('.'))));
  EXPECT_EQ(header.at("typ"), "insd-presence+jwt");
  EXPECT_EQ(header.at("alg"), "RS256");
  EXPECT_EQ(payload.at("ver"), 1);
  EXPECT_EQ(payload.at("aud"), "https://records.example.org");
  EXPECT_EQ(payload.at("nonce"), "paWlpaWlpaWlpaWlpaWlpQ");
  EXPECT_EQ(payload.at("iat"), Clock::Wall::clock::to_time_t(now));
  EXPECT_EQ(payload.at("exp"), Clock::Wall::clock::to_time_t(statement.expires));
  EXPECT_EQ(statement.expires, now + kProofLifetime);
  EXPECT_EQ(payload.at("jti"), statement.id);
  EXPECT_EQ(payload.at("sub"), "899900000001") << "of the certificate that verifies the proof";
  EXPECT_EQ(payload.at("card"), "0098765052");
  EXPECT_EQ(payload.at("uid"), 1000);
  EXPECT_NE(presence_statement(request(), professional(der), 1000, now).text, statement.text);
}

// Whatever a caller asks for, the signed bytes have one beginning, one alphabet and one shape.
TEST(Presence, NothingOfTheCallersIsSignedAsItCame) {
  const Bytes der = certificate();
  for (const std::string& hostile :
       {std::string("<ds:SignedInfo xmlns:ds="), std::string("\x01\x00\x01\xFC\x03\x03 ClientHello", 18),
        std::string("0123456789abcdef0123456789abcdef"), std::string(64, ' '),
        std::string("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0")}) {
    PresenceRequest wanted = request();
    wanted.challenge.assign(hostile.begin(), hostile.end());
    wanted.challenge.resize(std::max(wanted.challenge.size(), kMinChallengeBytes), 0x20);
    ASSERT_THAT(refused_fields(wanted), ElementsAre());
    const std::string text = presence_statement(wanted, professional(der), 0, Clock::Wall::clock::now()).text;
    EXPECT_THAT(text, StartsWith(presence_prefix()));
    EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."),
              std::string::npos);
    EXPECT_EQ(std::ranges::count(text, '.'), 1);
    EXPECT_EQ(text.find(hostile), std::string::npos);
  }
  EXPECT_EQ(presence_prefix().size(), 64U);
  EXPECT_THAT(presence_prefix(), StartsWith("eyJ0eXAiOiJpbnNkLXByZXNlbmNlK2p3dCIs"))
      << "docs/presence.md says so";
}

TEST(Presence, T_CARD_07_NamesOfACertificateStayNames) {
  const std::string name = R"(8999","aud":"elsewhere\)";
  const auto statement = presence_statement(
      request(), professional(certificate({.subject = {{{"CN", name}}}})), 0, Clock::Wall::clock::now());
  EXPECT_EQ(payload_of(statement).at("sub"), name);
  EXPECT_EQ(payload_of(statement).at("aud"), "https://records.example.org");
}

TEST(Presence, ACertificateThatMayNotServeIsRefused) {
  const auto code = [](Bytes der) {
    try {
      presence_statement(request(), professional(std::move(der)), 0, Clock::Wall::clock::now());
    } catch (const Error& error) {
      return error.code();
    }
    return Code::INTERNAL;
  };
  EXPECT_EQ(code({}), Code::KEY_NOT_FOUND);
  EXPECT_EQ(code(certificate({.key_usage = "critical,digitalSignature,nonRepudiation"})),
            Code::CERTIFICATE_INVALID)
      << "a signature certificate never proves presence";
  EXPECT_EQ(code(certificate({.key_usage = "critical,keyEncipherment"})), Code::CERTIFICATE_INVALID);
  EXPECT_EQ(code(certificate({.from_seconds = -7200, .to_seconds = -60})), Code::CERTIFICATE_INVALID);
  EXPECT_EQ(code(certificate({.from_seconds = 3600})), Code::CERTIFICATE_INVALID);
  EXPECT_EQ(code(Bytes(100, 0x30)), Code::CERTIFICATE_INVALID);
  EXPECT_EQ(code(certificate()), Code::INTERNAL) << "the good one throws nothing";
}

TEST(Presence, BoundsAreToldByField) {
  EXPECT_THAT(refused_fields(request()), ElementsAre());
  PresenceRequest wrong;
  wrong.lease = std::string(257, 'x');
  wrong.purpose_id = "two\nlines";
  EXPECT_THAT(refused_fields(wrong), ElementsAre("lease", "challenge", "audience", "purpose_id"));
  wrong = request();
  wrong.challenge = Bytes(65);
  EXPECT_THAT(refused_fields(wrong), ElementsAre("challenge"));
  for (const std::string& audience : {std::string("a b"), std::string("a\"b"), std::string("a\\b"),
                                      std::string("é"), std::string(201, 'a'), std::string("a\0b", 3)}) {
    wrong = request();
    wrong.audience = audience;
    EXPECT_THAT(refused_fields(wrong), ElementsAre("audience")) << audience;
  }
  wrong.audience = std::string(200, '~');
  EXPECT_THAT(refused_fields(wrong), ElementsAre());
}

}  // namespace
}  // namespace insd::desk
