// SPDX-License-Identifier: Apache-2.0
// Mode organisation, whole: no professional's card, the certificate shown to a teleservice that lets nobody
// in without one.
#include <gmock/gmock.h>

#include "tests/system/organisation_desk.h"

namespace insd::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class OrganisationTest : public OrganisationDesk {
 protected:
  OrganisationTest() { passphrase("secret"); }

  void passphrase(const std::string& text) { world_.write_file("passphrase", text + "\n"); }
  void pkcs12(const fs::path& certificate, const fs::path& key) {
    run({"openssl", "pkcs12", "-export", "-in", certificate, "-inkey", key, "-passout", "pass:secret", "-out",
         file().string()});
    fs::permissions(file(), fs::perms::owner_read | fs::perms::owner_write);
  }
  void good_pkcs12() {
    pkcs12(pki() / "organisation/insi-manu.cert.pem", pki() / "organisation/insi-manu.key.pem");
  }
  [[nodiscard]] fs::path file() const { return world_.directory() / "organisation.p12"; }
  [[nodiscard]] std::string keys() const {
    return "organisation.pkcs12 = \"" + file().string() + "\"\norganisation.passphrase_file = \"" +
           (world_.directory() / "passphrase").string() + "\"\n";
  }
};

TEST_F(OrganisationTest, SearchesByTraitsWithoutAProfessionalsCard) {
  good_pkcs12();
  start_insd(keys());
  const auto result = expect_value(search());
  EXPECT_EQ(result.outcome(), v1::SEARCH_OUTCOME_FOUND);
  EXPECT_EQ(result.answer().number().number(), "2751263220749");
  EXPECT_EQ(result.trace().profile(), "centre");
  EXPECT_FALSE(result.has_professional_card());
  world_.insi().wait_for_line("#1 client certificate ok");
  world_.insi().wait_for_line("#1 Emetteur ok");
  for (const auto& line : world_.insi().lines()) EXPECT_THAT(line, Not(HasSubstr("REFUSED")));
  // The connection is kept for the next.
  EXPECT_EQ(expect_value(search()).outcome(), v1::SEARCH_OUTCOME_FOUND);

  v1::SearchByTraitsRequest nobody;
  *nobody.mutable_context() = DeskClient::context("lease");
  const auto refused = client_->search(nobody);
  ASSERT_EQ(code_of(refused), "INVALID_ARGUMENT");
  std::vector<std::string> fields;
  for (const auto& violation : std::get<Failure>(refused).detail.field_violations())
    fields.push_back(violation.field());
  EXPECT_THAT(fields, ::testing::ElementsAre("context.lease", "context.acting_user"));
}

TEST_F(OrganisationTest, SearchesByAPatientsCard) {
  good_pkcs12();
  world_.start_pcscd();
  world_.insert_card(1, "vitale2", "vitale-demo");
  start_insd(keys());
  const auto reading = expect_value(client_->vitale());
  v1::SearchByVitaleRequest request;
  *request.mutable_context() = context();
  request.mutable_card()->mutable_card()->set_generation(reading.generation());
  const auto result = expect_value(client_->search(request));
  EXPECT_EQ(result.answer().number().number(), "1090763220834");
  EXPECT_EQ(result.generations_size(), 1);
}

TEST_F(OrganisationTest, TwoLegalEntitiesOfOneGroupEachGoOutWithTheirOwnCertificate) {
  good_pkcs12();
  const auto& directory = world_.directory();
  world_.write_file("extensions", "keyUsage = critical, digitalSignature\nextendedKeyUsage = clientAuth\n");
  run({"openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/O=TEST/OU=399999999900027/CN=INSI-AUTO",
       "-keyout", directory / "second.key.pem", "-out", directory / "second.csr"});
  run({"openssl", "x509", "-req", "-in", directory / "second.csr", "-CA",
       pki() / "ca/elementaire-sub.cert.pem", "-CAkey", pki() / "ca/elementaire-sub.key.pem", "-CAserial",
       directory / "serial", "-CAcreateserial", "-extfile", directory / "extensions", "-out",
       directory / "second.cert.pem"});
  const fs::path second = directory / "second.p12";
  run({"openssl", "pkcs12", "-export", "-in", directory / "second.cert.pem", "-inkey",
       directory / "second.key.pem", "-certfile", pki() / "ca/elementaire-sub.cert.pem", "-passout",
       "pass:secret", "-out", second});
  fs::permissions(second, fs::perms::owner_read | fs::perms::owner_write);
  const auto passphrase_file = (directory / "passphrase").string();
  world_.start_insd(config(keys()) +
                    "[[profile]]\nname = \"clinique\"\nstructure_id = \"399999999900027\"\n" +
                    "[[insi.legal_entity]]\npkcs12 = \"" + second.string() + "\"\npassphrase_file = \"" +
                    passphrase_file + "\"\n");
  client_.emplace(world_.socket());

  EXPECT_EQ(code_of(search()), "PROFILE_REQUIRED");
  EXPECT_EQ(expect_value(search("centre")).trace().profile(), "centre");
  EXPECT_EQ(expect_value(search("clinique")).trace().profile(), "clinique");
  for (const char* turn : {"#1", "#2"}) {
    // The Emetteur is the OU of the certificate that came with it.
    world_.insi().wait_for_line(std::string(turn) + " client name ok");
    world_.insi().wait_for_line(std::string(turn) + " Emetteur ok");
  }
}

TEST_F(OrganisationTest, ARefusedCertificateIsSaidSoAndItsRenewalTakesAReload) {
  const auto& directory = world_.directory();
  run({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
       "/O=TEST/OU=399999999900019/CN=INSI-MANU", "-addext", "keyUsage=critical,digitalSignature", "-addext",
       "extendedKeyUsage=clientAuth", "-keyout", directory / "own.key.pem", "-out",
       directory / "own.cert.pem"});
  pkcs12(directory / "own.cert.pem", directory / "own.key.pem");
  start_insd(keys());
  EXPECT_EQ(code_of(search()), "ORGANISATION_CERTIFICATE_REFUSED");

  good_pkcs12();
  reload();
  EXPECT_EQ(expect_value(search()).outcome(), v1::SEARCH_OUTCOME_FOUND);
}

TEST_F(OrganisationTest, AWrongPassphraseIsAnErrorOfTheConfigurationThatDoesNotShowIt) {
  good_pkcs12();
  passphrase("wrong-one");
  const auto outcome = world_.run({"insd", "--check-config", world_.write_file("insd.toml", config(keys()))});
  EXPECT_EQ(outcome.status, 78);
  EXPECT_THAT(outcome.err, HasSubstr("insi.organisation.passphrase_file"));
  EXPECT_THAT(outcome.err, Not(HasSubstr("wrong-one")));
}

}  // namespace
}  // namespace insd::test
