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

class OrganisationTest : public Pkcs12Desk {};

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
  std::string administered = config(keys());
  administered.replace(administered.find("role = \"desk\""), 13, "role = \"admin\"");
  world_.start_insd(administered + "[[profile]]\nname = \"clinique\"\nstructure_id = \"399999999900027\"\n" +
                    second_entity());
  client_.emplace(world_.socket());

  EXPECT_EQ(code_of(search()), "PROFILE_REQUIRED");
  EXPECT_EQ(expect_value(search("centre")).trace().profile(), "centre");
  EXPECT_EQ(expect_value(search("clinique")).trace().profile(), "clinique");
  for (const char* turn : {"#1", "#2"}) {
    // The Emetteur is the OU of the certificate that came with it.
    world_.insi().wait_for_line(std::string(turn) + " client name ok");
    world_.insi().wait_for_line(std::string(turn) + " Emetteur ok");
  }
  const auto trail = world_.run({"insctl", "journal", "export"});
  EXPECT_THAT(trail.out, HasSubstr("\"profile\":\"clinique\""));
  EXPECT_THAT(trail.out, HasSubstr("\"certificate_name\":\"INSI-AUTO\""));
  EXPECT_THAT(trail.out, HasSubstr("\"certificate_name\":\"INSI-MANU\""));
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
