// SPDX-License-Identifier: Apache-2.0
// Unit verification through the whole product, by the shipped descriptor; and whose activity a profile is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/system/desk_client.h"
#include "tests/world/world.h"

namespace insd::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class VerificationTest : public ::testing::Test {
 protected:
  static std::string replaced(std::string text, const std::string& what, const std::string& by) {
    const auto at = text.find(what);
    if (at == std::string::npos) throw std::runtime_error("not in the configuration: " + what);
    return text.replace(at, what.size(), by);
  }

  void start_readers() {
    world_.start_pcscd();
    world_.insert_card(0, "cps3", "cps-dr-exemple");
    world_.start_insi();
  }
  /// `config`: from described().
  void start(const std::string& config) {
    world_.start_insd(config);
    client_.emplace(world_.socket());
    login_ = client_->login();
    const auto lease = login_->finish("1234");
    ASSERT_TRUE(lease) << login_->failure().detail.ShortDebugString();
    lease_ = lease->lease();
  }
  [[nodiscard]] std::string described() const {
    return replaced(world_.insd_config(), "mode = \"cps\"\n",
                    "mode = \"cps\"\noperations = [\"" INSD_SOURCE_DIR
                    "/daemon/insi/operations/verification-unverified.toml\"]\n");
  }

  v1::VerifyIdentityRequest request() const {
    v1::VerifyIdentityRequest request;
    *request.mutable_context() = DeskClient::context(lease_);
    auto& identity = *request.mutable_identity();
    identity.set_number("2751263220749");
    identity.set_key("74");
    identity.set_oid("1.2.250.1.213.1.4.8");
    identity.set_birth_name("Adrun");
    identity.add_given_names("Zoé");
    identity.set_sex("F");
    identity.set_birth_date("1975-12-31");
    return request;
  }
  std::variant<v1::VerificationResult, Failure> verify(const v1::VerifyIdentityRequest& request) {
    grpc::ClientContext context;
    context.set_deadline(deadline());
    v1::VerifyIdentityResponse response;
    const auto status = client_->insi_->VerifyIdentity(&context, request, &response);
    if (!status.ok()) return decode(status);
    return response.result();
  }
  std::variant<v1::SearchResult, Failure> search(const std::string& profile = {}) {
    auto asking = DeskClient::context(lease_);
    asking.set_profile(profile);
    return client_->search(DeskClient::zoe(asking));
  }

  world::World world_;
  std::optional<DeskClient> client_;
  std::unique_ptr<Login> login_;
  std::string lease_;
};

TEST_F(VerificationTest, SaysWhetherNumberAndTraitsBelongTogether) {
  start_readers();
  start(described());
  const auto yes = expect_value(verify(request()));
  EXPECT_EQ(yes.outcome(), v1::VERIFICATION_OUTCOME_CONSISTENT);
  EXPECT_EQ(yes.environment(), v1::ENVIRONMENT_TEST);
  EXPECT_EQ(yes.identity_sent().birth_name(), "ADRUN");
  EXPECT_EQ(yes.identity_sent().given_names(0), "ZOE");
  EXPECT_EQ(yes.trace().operation(), "verifierInsAvecTraitsIdentite");
  EXPECT_EQ(yes.trace().profile(), "cabinet");
  EXPECT_THAT(yes.trace().result_xml(), HasSubstr("ReponseUnitaire"));
  EXPECT_THAT(yes.warnings(), ::testing::ElementsAre("CONTRACT_UNVERIFIED"));
  EXPECT_FALSE(yes.contract_origin().empty());
  EXPECT_EQ(yes.generations_size(), 1);

  auto other = request();
  other.mutable_identity()->set_birth_date("1975-12-30");
  const auto no = expect_value(verify(other));
  EXPECT_EQ(no.outcome(), v1::VERIFICATION_OUTCOME_INCONSISTENT);
  EXPECT_EQ(no.attempts(0).code(), "01");
  world_.insi().wait_for_line("#2 signature ok");
  for (const auto& line : world_.insi().lines()) EXPECT_THAT(line, Not(HasSubstr("REFUSED")));

  other.mutable_identity()->set_number("12");
  EXPECT_EQ(code_of(verify(other)), "TRAITS_INVALID");
  other = request();
  other.mutable_context()->clear_purpose_id();
  EXPECT_EQ(code_of(verify(other)), "INVALID_ARGUMENT");
}

TEST_F(VerificationTest, InsctlSaysItInWordsAndByItsStatus) {
  start_readers();
  world_.start_insd(described());
  const auto ask = [&](const std::string& birth_date) {
    return world_.run(
        {"insctl", "insi", "verify", "--number", "2751263220749", "--oid", "1.2.250.1.213.1.4.8", "--name",
         "ADRUN", "--given-names", "ZOE", "--sex", "F", "--birth-date", birth_date, "--pin-stdin"},
        "1234\n");
  };
  const auto yes = ask("1975-12-31");
  EXPECT_EQ(yes.status, 0) << yes.err;
  EXPECT_THAT(yes.out, HasSubstr("Le matricule et les traits vont ensemble."));
  const auto no = ask("1975-12-30");
  EXPECT_EQ(no.status, 1) << no.err;
  EXPECT_THAT(no.out, HasSubstr("ne vont pas ensemble"));
}

TEST_F(VerificationTest, WhoKeepsNoIdentitiesVerifiesAndRetrievesNothing) {
  start_readers();
  start(replaced(described(), "role = \"desk\"", "role = \"non_repository\""));
  EXPECT_EQ(expect_value(verify(request())).outcome(), v1::VERIFICATION_OUTCOME_CONSISTENT);
  EXPECT_EQ(code_of(search()), "PERMISSION_DENIED");
}

TEST_F(VerificationTest, WithoutADescriptorItIsNotConfigured) {
  start_readers();
  const auto none = world_.write_file(
      "search.toml",
      "format = 1\noperation = \"search_by_traits\"\nname = \"rechercherInsAvecTraitsIdentite\"\n"
      "action = \"urn:ServiceIdentiteCertifiee:1.0.0:rechercherInsAvecTraitsIdentite\"\norigin = \"test\"\n"
      "verified = false\n[request]\nnamespace = \"http://www.cnamts.fr/INSiRecSans\"\n"
      "[response]\nnamespace = \"http://www.cnamts.fr/INSiResultat\"\n");
  start(replaced(world_.insd_config(), "mode = \"cps\"\n",
                 "mode = \"cps\"\noperations = [\"" + none.string() + "\"]\n"));
  EXPECT_EQ(code_of(verify(request())), "OPERATION_NOT_CONFIGURED");
  EXPECT_EQ(expect_value(search()).outcome(), v1::SEARCH_OUTCOME_FOUND);  // by that descriptor
}

TEST_F(VerificationTest, OneDoctorWithTwoPracticesChoosesAndOnlyTheCardsActivityIsSigned) {
  start_readers();
  const std::string own = "structure_id = \"399999999900027\"\nbilling_id = \"991199990\"\n";
  std::string config = replaced(world_.insd_config(), "billing_id = \"991199990\"\n", own);
  config = replaced(config, "sector = \"SA07\"\n", "");  // from the activity
  config +=
      "[[profile]]\nname = \"clinique\"\nprofessional_id = \"899900000017\"\n"
      "structure_id = \"399999999900035\"\nbilling_id = \"991199982\"\nsector = \"SA05\"\n";
  start(config);
  EXPECT_EQ(code_of(search()), "PROFILE_REQUIRED");
  EXPECT_EQ(expect_value(search("cabinet")).trace().profile(), "cabinet");
  EXPECT_EQ(code_of(search("clinique")), "PROFILE_NOT_ON_CARD");
}

}  // namespace
}  // namespace insd::test
