// SPDX-License-Identifier: Apache-2.0
// Ordinary days at a desk: two professionals side by side, staff cards, a doctor who stands in for another.
#include <fstream>

#include <gtest/gtest.h>

#include "tests/system/desk_client.h"
#include "tests/world/world.h"

namespace insd::test {
namespace {

// For the colleague, and for the structure whose staff may search.
constexpr const char* kMoreProfiles =
    "[[profile]]\nname = \"remplacement\"\nprofessional_id = \"899900000025\"\nactivity = \"Remplacement\"\n"
    "acting_for = \"899900000017\"\nbilling_id = \"991199990\"\nspeciality = \"01\"\nsector = \"SA07\"\n";
constexpr const char* kStructureProfile =
    "[[profile]]\nname = \"centre\"\nstructure_id = \"399999999900019\"\nactivity = \"Centre de santé\"\n"
    "billing_id = \"991199990\"\nsector = \"SA05\"\n";

class ColleaguesTest : public ::testing::Test {
 protected:
  // Readers for professionals, then one for everything.
  void start(unsigned professionals, const std::string& more = kMoreProfiles) {
    world_.start_pcscd(professionals + 1);
    world_.start_insi();
    std::string text = world_.insd_config();
    const std::string patients = "role = \"patient\"";
    if (professionals > 1) text.replace(text.find(patients), patients.size(), "role = \"professional\"");
    world_.start_insd(text + more);
    client_.emplace(world_.socket());
  }

  v1::Lease log_in(std::unique_ptr<Login>& login, unsigned reader, const std::string& pin) {
    v1::LoginStart start;
    start.mutable_card()->set_reader(world_.reader_name(reader));
    login = client_->login(start);
    const auto lease = login->finish(pin);
    if (!lease) throw std::runtime_error(login->failure().detail.ShortDebugString());
    return *lease;
  }

  std::variant<v1::SearchResult, Failure> search(const std::string& lease, const std::string& profile = {}) {
    auto asking = DeskClient::context(lease);
    asking.set_profile(profile);
    return client_->search(DeskClient::zoe(asking));
  }

  std::variant<v1::AuthenticateResponse, Failure> authenticate(const std::string& lease) {
    v1::AuthenticateRequest request;
    request.set_lease(lease);
    request.set_challenge(std::string(16, 'c'));
    request.set_audience("https://records.example.org");
    return client_->authenticate(request);
  }

  static std::string certificate_of(const std::string& name) {
    std::ifstream in(world::World::pki() / "cps" / name / "auth.cert.der", std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  world::World world_;
  std::optional<DeskClient> client_;
};

TEST_F(ColleaguesTest, TwoProfessionalsAndOnePatientAtOneDesk) {
  start(2);
  world_.insert_card(0, "cps3", "cps-dr-exemple");
  world_.insert_card(1, "cps3", "cps-dr-second");
  world_.insert_card(2, "vitale2", "vitale-demo");
  client_->await_cards(3);
  EXPECT_EQ(client_->login()->failure().detail.code(), "CARD_AMBIGUOUS") << "whose card is not guessed";
  std::unique_ptr<Login> first, second;
  const auto one = log_in(first, 0, "1234");
  const auto other = log_in(second, 1, "246801");
  EXPECT_NE(one.generation(), other.generation());
  const auto reading = expect_value(client_->vitale());
  // Each searches as who they are, with the profile that is theirs.
  for (const auto& [lease, profile, reader] :
       {std::tuple(one, "cabinet", 0U), std::tuple(other, "remplacement", 1U)}) {
    v1::SearchByVitaleRequest request;
    *request.mutable_context() = DeskClient::context(lease.lease());
    request.mutable_card()->mutable_card()->set_reader(reading.reader());
    request.mutable_card()->mutable_card()->set_generation(reading.generation());
    const auto result = expect_value(client_->search(request));
    EXPECT_EQ(result.trace().profile(), profile);
    EXPECT_EQ(result.professional_card().reader(), world_.reader_name(reader));
  }
  EXPECT_EQ(code_of(search(one.lease(), "remplacement")), "PROFILE_UNKNOWN") << "of the colleague";
  EXPECT_EQ(expect_value(authenticate(one.lease())).authentication_certificate(),
            certificate_of("dr-exemple"));
  EXPECT_EQ(expect_value(authenticate(other.lease())).authentication_certificate(),
            certificate_of("dr-second"));
  // The activities of one are not told under the lease of the other.
  v1::GetProfessionalCardRequest request;
  request.mutable_card()->set_reader(world_.reader_name(0));
  request.set_lease(other.lease());
  grpc::ClientContext context;
  context.set_deadline(deadline());
  v1::GetProfessionalCardResponse response;
  const auto refused = decode(client_->professional_->GetProfessionalCard(&context, request, &response));
  EXPECT_EQ(refused.detail.code(), "INVALID_ARGUMENT");
  ASSERT_EQ(refused.detail.field_violations_size(), 1);
  EXPECT_EQ(refused.detail.field_violations(0).field(), "lease");
}

TEST_F(ColleaguesTest, AReplacementTakesOverTheReader) {
  start(1);
  auto& absent = world_.insert_card(0, "cps3", "cps-dr-exemple");
  client_->await_cards(1);
  std::unique_ptr<Login> first, second;
  const auto lease = log_in(first, 0, "1234");
  EXPECT_EQ(expect_value(search(lease.lease())).trace().profile(), "cabinet");
  absent.remove();
  const auto step = first->next();
  ASSERT_TRUE(step && step->has_ended());
  EXPECT_EQ(step->ended().cause(), v1::LEASE_END_CAUSE_CARD_REMOVED);
  world_.await_card(0, false);
  world_.insert_card(0, "cps3", "cps-dr-second");
  client_->await_cards(1);
  // Nothing of the first login serves with the colleague's card.
  EXPECT_EQ(code_of(search(lease.lease())), "LEASE_LOST");
  EXPECT_EQ(code_of(authenticate(lease.lease())), "LEASE_LOST");
  EXPECT_EQ(expect_value(client_->professional()).national_id(), "899900000025");
  auto login = client_->login();
  EXPECT_FALSE(login->finish("1234")) << "the PIN of the one who left";
  EXPECT_EQ(login->failure().detail.code(), "PIN_WRONG");
  const auto own = log_in(second, 0, "246801");
  EXPECT_EQ(own.holder(), "Médecin DOMINIQUE SECOND");
  EXPECT_EQ(expect_value(search(own.lease())).trace().profile(), "remplacement");
}

struct Staff {
  const char* profile;
  v1::ProfessionalCardType type;
  v1::NationalIdKind id_kind;
  const char* national_id;
  const char* holder;
  const char* organisation_id;
};

void PrintTo(const Staff& staff, std::ostream* out) {
  *out << staff.profile;
}

class StaffTest : public ColleaguesTest, public ::testing::WithParamInterface<Staff> {};

TEST_P(StaffTest, IsToldAsWhatItIs) {
  const Staff& staff = GetParam();
  start(1);
  world_.insert_card(0, "cps3", staff.profile);
  client_->await_cards(1);
  const auto card = expect_value(client_->professional());
  EXPECT_EQ(card.card_type(), staff.type);
  EXPECT_EQ(card.national_id(), staff.national_id);
  EXPECT_EQ(card.national_id_kind(), staff.id_kind);
  EXPECT_EQ(card.organisation_id(), staff.organisation_id);
  EXPECT_EQ(card.profession_code(), "") << "a title is not everybody's profession";
  EXPECT_EQ(card.certificate_trust(), v1::CERTIFICATE_TRUST_TRUSTED);
  EXPECT_TRUE(card.test_pki());
  std::unique_ptr<Login> login;
  const auto lease = log_in(login, 0, "1234");
  EXPECT_EQ(lease.holder(), staff.holder);
  EXPECT_EQ(code_of(authenticate(lease.lease())), "OK") << "presence is proved with every card";
  // A search is made as somebody: without a profile for this card nothing is sent, and the doctor's is not
  // taken.
  EXPECT_EQ(code_of(search(lease.lease())), "PROFILE_REQUIRED");
  EXPECT_EQ(code_of(search(lease.lease(), "cabinet")), "PROFILE_UNKNOWN");
}

INSTANTIATE_TEST_SUITE_P(
    Cards, StaffTest,
    ::testing::Values(Staff{"cpe-nurse", v1::PROFESSIONAL_CARD_TYPE_CPE, v1::NATIONAL_ID_KIND_STRUCTURE_STAFF,
                            "399999999900019/CPE0001", "Infirmier MAEL INFIRMIER", "399999999900019"},
                      Staff{"cpa-clerk", v1::PROFESSIONAL_CARD_TYPE_CPA, v1::NATIONAL_ID_KIND_STRUCTURE_STAFF,
                            "399999999900019/CPA0002", "ALIX SECRETAIRE", "399999999900019"},
                      Staff{"cpf-student", v1::PROFESSIONAL_CARD_TYPE_CPF, v1::NATIONAL_ID_KIND_STUDENT,
                            "999900000013", "Médecin LOU ETUDIANT", ""}),
    [](const auto& instance) { return std::string(instance.param.profile).substr(0, 3); });

TEST_F(ColleaguesTest, StaffSearchInTheNameOfTheirStructure) {
  start(1, kStructureProfile);
  world_.insert_card(0, "cps3", "cpe-nurse");
  client_->await_cards(1);
  std::unique_ptr<Login> login;
  const auto lease = log_in(login, 0, "1234");
  const auto result = expect_value(search(lease.lease()));
  EXPECT_EQ(result.outcome(), v1::SEARCH_OUTCOME_FOUND);
  EXPECT_EQ(result.trace().profile(), "centre");
}

}  // namespace
}  // namespace insd::test
