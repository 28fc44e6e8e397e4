// SPDX-License-Identifier: Apache-2.0
// Mode organisation: the certificate and its key from a PKCS#12 file, shown in the handshake; nobody signs.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pkcs12.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/insi/client_key.h"
#include "daemon/insi/exchange.h"
#include "daemon/keys/private_file.h"
#include "drivers/base/error.h"
#include "tests/unit/insi/test_answers.h"
#include "tests/unit/insi/test_exchange.h"
#include "tests/unit/insi/tls_server.h"
#include "tests/unit/insi/xml_query.h"

namespace insd::insi {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using test::CertificateSpec;
using test::TlsServer;
using test::TlsSession;
using test::XmlQuery;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr const char* kUnit = "399999999900019";

CertificateSpec organisation() {
  CertificateSpec spec;
  spec.subject = {{{"C", "FR"}}, {{"O", "CENTRE"}}, {{"OU", kUnit}}, {{"CN", "INSI-MANU"}}};
  spec.key_usage = "critical,digitalSignature,keyEncipherment";
  spec.extended_key_usage = "clientAuth";
  spec.card_type_der = std::nullopt;
  return spec;
}

class OrganisationTest : public testing::Test {
 protected:
  fs::path private_file(const std::string& name, const std::string& content) const {
    auto path = dir_.write(name, content);
    chmod(path.c_str(), 0600);
    return path;
  }

  // PKCS12_create chooses today's encryption when it is told none.
  fs::path pkcs12(X509* certificate, const char* passphrase, int encryption = 0,
                  EVP_PKEY* key = nullptr) const {
    PKCS12* made = PKCS12_create(passphrase, "insi", key != nullptr ? key : test::shared_key(), certificate,
                                 nullptr, encryption, encryption, 0, 0, 0);
    if (made == nullptr) throw std::runtime_error("PKCS12_create");
    unsigned char* der = nullptr;
    const int size = i2d_PKCS12(made, &der);
    const std::string content(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    PKCS12_free(made);
    return private_file("organisation.p12", content);
  }

  InsiConfig config_with(const CertificateSpec& spec) {
    InsiConfig config;
    config.environment = InsiEnvironment::TEST;
    config.mode = InsiMode::ORGANISATION;
    config.endpoint = "https://127.0.0.1:1/lps";
    config.trust_store = dir_.write("trust.pem", TlsServer::trusted_pem());
    config.total_timeout = 10s;
    config.organisation.pkcs12 = pkcs12(TlsServer::client_certificate(spec).get(), "secret");
    config.organisation.passphrase_file = private_file("passphrase", "secret\n");
    return config;
  }

  std::string refusal(const InsiConfig& config) {
    try {
      const Exchange exchange(config, clock_);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::CONFIG_INVALID);
      return error.detail();
    }
    return "accepted";
  }
  std::string refusal_of(CertificateSpec spec) { return refusal(config_with(spec)); }

  static Party a_party() {
    Party party = test::a_party();
    party.profile.structure_id = kUnit;
    return party;
  }
  Reply ask(Exchange& exchange) {
    return test::run(exchange.by_traits(test::a_traits_query(), a_party(), nullptr, before_send_, {}));
  }
  Code error_of(const InsiConfig& config) {
    try {
      Exchange exchange(config, clock_);
      ask(exchange);
    } catch (const Error& error) {
      return error.code();
    }
    return Code::INTERNAL;
  }

  test::TempDir dir_;
  Clock clock_;
  std::vector<std::string> journal_;
  Exchange::BeforeSend before_send_ = [this](const std::string& id) -> boost::asio::awaitable<void> {
    journal_.push_back(id);
    co_return;
  };
};

void answer_all(TlsSession& session) {
  while (!session.read_request().empty()) session.answer(test::found());
}

TEST_F(OrganisationTest, ShowsItsCertificateAndSendsNoAssertion) {
  TlsServer server(answer_all, {.wants_client = true});
  InsiConfig config = config_with(organisation());
  config.endpoint = server.url();
  Exchange exchange(config, clock_);
  EXPECT_EQ(exchange.organisation_ids(), std::vector<std::string>{kUnit});
  EXPECT_EQ(ask(exchange).outcome, Outcome::FOUND);
  CardQuery by_card = test::a_card_query();
  by_card.vitale_serial = "123";
  EXPECT_EQ(test::run(exchange.by_card(by_card, a_party(), nullptr, before_send_, {})).outcome,
            Outcome::FOUND);
  ASSERT_EQ(server.requests().size(), 2U);
  EXPECT_EQ(journal_.size(), 2U);
  for (const auto& request : server.requests()) {
    const std::string body = request.substr(request.find("\r\n\r\n") + 4);
    const XmlQuery sent(body);
    EXPECT_EQ(sent.schema_errors("strict/request.xsd"), "");
    EXPECT_EQ(sent.count("//w:Security"), 1U);
    EXPECT_EQ(sent.count("//w:Security/*"), 0U);
    EXPECT_EQ(sent.text("//bam:Emetteur"), kUnit);
    EXPECT_EQ(sent.text("//lps:Emetteur"), kUnit);
    EXPECT_THAT(body, testing::Not(HasSubstr("assertions")));
  }
}

TEST_F(OrganisationTest, AServerThatWantsAnotherCertificateSaysSoInBothVersions) {
  CertificateSpec of_others = organisation();
  of_others.issuer = organisation().subject;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsServer server(answer_all, {.highest_version = version, .wants_client = true});
    InsiConfig config = config_with(organisation());
    config.endpoint = server.url();
    EXPECT_EQ(error_of(config), Code::INTERNAL) << "accepted";
    config.organisation.pkcs12 =
        pkcs12(test::make_certificate(of_others, test::shared_key(), test::shared_key()).get(), "secret");
    EXPECT_EQ(error_of(config), Code::ORGANISATION_CERTIFICATE_REFUSED) << version;
    EXPECT_THAT(server.requests(), testing::SizeIs(1));
  }
}

TEST_F(OrganisationTest, ACertificateThatIsNotValidNowSendsNothing) {
  TlsServer server(answer_all, {.wants_client = true});
  CertificateSpec expired = organisation();
  expired.from_seconds = -7200;
  expired.to_seconds = -3600;
  CertificateSpec of_tomorrow = organisation();
  of_tomorrow.from_seconds = 86'400;
  for (const auto& spec : {expired, of_tomorrow}) {
    InsiConfig config = config_with(spec);
    config.endpoint = server.url();
    EXPECT_EQ(error_of(config), Code::ORGANISATION_CERTIFICATE_INVALID);
  }
  EXPECT_EQ(server.connections(), 0);
  EXPECT_THAT(journal_, IsEmpty());
}

TEST_F(OrganisationTest, ANameThatInsiRefusesIsToldAtTheStart) {
  for (const char* name : {"INSI-AUTO", "INSI-MANU", "insi-auto", "INSI"}) {
    CertificateSpec spec = organisation();
    spec.subject.back() = {{"CN", name}};
    const bool right = std::string_view(name).starts_with("INSI-");
    try {
      const Exchange exchange(config_with(spec), clock_);
      EXPECT_TRUE(right) << name;
    } catch (const Error& error) {
      EXPECT_FALSE(right) << name;
      EXPECT_EQ(error.code(), Code::ORGANISATION_CERTIFICATE_NAME);
    }
  }
}

TEST_F(OrganisationTest, TwoCertificatesOfOneStructureAreRefused) {
  InsiConfig config = config_with(organisation());
  config.legal_entities.push_back(config.organisation);
  EXPECT_THAT(refusal(config), testing::HasSubstr("two certificates of one structure"));
}

TEST_F(OrganisationTest, AProfileOfAnotherStructureSendsNothing) {
  InsiConfig config = config_with(organisation());
  Exchange exchange(config, clock_);
  Party party = a_party();
  party.profile.structure_id = "399999999900027";
  try {
    test::run(exchange.by_traits(test::a_traits_query(), party, nullptr, before_send_, {}));
    ADD_FAILURE() << "sent";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::PROFILE_UNKNOWN);
  }
  EXPECT_THAT(journal_, IsEmpty());
}

TEST_F(OrganisationTest, WithoutACertificateItIsNotConfigured) {
  InsiConfig config = config_with(organisation());
  config.organisation = {};
  EXPECT_EQ(error_of(config), Code::INSI_NOT_CONFIGURED);
}

TEST_F(OrganisationTest, APassphraseIsWrongOrMissingByName) {
  InsiConfig config = config_with(organisation());
  EXPECT_EQ(refusal(config), "accepted");
  config.organisation.passphrase_file = private_file("passphrase", "Secret\n");
  EXPECT_THAT(refusal(config), StartsWith("insi.organisation.passphrase_file: is not the passphrase"));
  EXPECT_THAT(refusal(config), testing::Not(HasSubstr("ecret\n")));
  config.organisation.passphrase_file.clear();
  EXPECT_THAT(refusal(config), StartsWith("insi.organisation.pkcs12: needs a passphrase"));
  config.organisation.passphrase_file = private_file("passphrase", std::string(300, 'x'));
  EXPECT_THAT(refusal(config), HasSubstr("too long"));
  config.organisation.passphrase_file = dir_.write("absent", "") / "x";
  EXPECT_THAT(refusal(config), StartsWith("insi.organisation.passphrase_file: "));
}

TEST_F(OrganisationTest, AFileWithoutAPassphraseIsTaken) {
  InsiConfig config = config_with(organisation());
  config.organisation.passphrase_file.clear();
  for (const char* none : {"", static_cast<const char*>(nullptr)}) {
    config.organisation.pkcs12 = pkcs12(TlsServer::client_certificate(organisation()).get(), none);
    EXPECT_EQ(refusal(config), "accepted");
  }
}

TEST_F(OrganisationTest, WhatIsNoPkcs12FileWithItsKeyIsRefused) {
  InsiConfig config = config_with(organisation());
  config.organisation.pkcs12 = private_file("garbage", "not a PKCS#12 file");
  EXPECT_THAT(refusal(config), StartsWith("insi.organisation.pkcs12: is not a PKCS#12 file"));
  config.organisation.pkcs12 = private_file("empty", "");
  EXPECT_THAT(refusal(config), StartsWith("insi.organisation.pkcs12: is not a PKCS#12 file"));
  config.organisation.pkcs12 = private_file("huge", std::string(300 * 1024, 'x'));
  EXPECT_THAT(refusal(config), HasSubstr("is too long"));
  config.organisation.pkcs12 = "/nonexistent";
  EXPECT_THAT(refusal(config), HasSubstr("cannot be read"));
}

TEST_F(OrganisationTest, TheUsesOfTheCertificateAreRefusedByName) {
  CertificateSpec spec = organisation();
  spec.key_usage = "critical,nonRepudiation";
  EXPECT_THAT(refusal_of(spec), HasSubstr("key usage is not digitalSignature"));
  spec = organisation();
  spec.extended_key_usage = "serverAuth";
  EXPECT_THAT(refusal_of(spec), HasSubstr("extended key usage is not clientAuth"));
  spec = organisation();
  spec.subject = {{{"OU", "1"}}, {{"OU", "2"}}, {{"CN", "INSI-MANU"}}};
  EXPECT_THAT(refusal_of(spec), HasSubstr("not exactly one OU"));
  InsiConfig config = config_with(organisation());
  config.environment = InsiEnvironment::PRODUCTION;
  EXPECT_THAT(refusal(config), HasSubstr("test authorities"));
}

// --- the files ---

TEST_F(OrganisationTest, T_FS_01_AKeyThatOthersCouldHaveReadIsRefused) {
  const auto file = private_file("key", "content");
  EXPECT_EQ(keys::read_private_file(file, "key", 100), Bytes({'c', 'o', 'n', 't', 'e', 'n', 't'}));
  const auto why = [&] {
    try {
      keys::read_private_file(file, "key", 100);
    } catch (const Error& error) {
      return error.detail();
    }
    return std::string("accepted");
  };
  for (const mode_t mode : {0604U, 0602U, 0620U}) {
    chmod(file.c_str(), mode);
    EXPECT_THAT(why(), HasSubstr("by others")) << mode;
  }
  // As systemd shows a credential: the group's right is its access list.
  chmod(file.c_str(), 0440);
  const bool roots_group = getegid() == 0;
  EXPECT_THAT(why(), HasSubstr(roots_group ? "accepted" : "its group"));
  if (geteuid() == 0) {
    ASSERT_EQ(chown(file.c_str(), 0, 12345), 0);
    EXPECT_THAT(why(), HasSubstr("its group"));
    ASSERT_EQ(chown(file.c_str(), 12345, 0), 0);
    EXPECT_THAT(why(), HasSubstr("another user"));
  }
  EXPECT_THROW(keys::read_private_file(file.parent_path(), "key", 100), Error);
}

TEST_F(OrganisationTest, ASecretIsTheFirstLine) {
  for (const char* content : {"secret", "secret\n", "secret\r\n", "secret\nmore\n"}) {
    EXPECT_EQ(keys::read_secret_file(private_file("secret", content), "key").view(), "secret");
  }
  EXPECT_THROW(keys::read_secret_file(private_file("secret", std::string("a\0b", 3)), "key"), Error);
}

}  // namespace
}  // namespace insd::insi
