// SPDX-License-Identifier: Apache-2.0
// Cards that insd knows and cannot use, and cards whose certificates lie: what a desk is told, and what is
// sent.
#include <fstream>

#include <gmock/gmock.h>

#include "tests/system/backends_desk.h"

namespace insd::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// By contact (specs: cps 2.1). OpenSC takes the T=0 form of a release candidate for a CPS3.
constexpr const char* kCps4 = "3B9B188001001225006480040100009044";
constexpr const char* kContactless = "3B8F80010031B86404B0ECC1739401808290000E";

class CardKindsTest : public ::testing::Test {
 protected:
  world::Card& insert(const std::string& atr) {
    const auto profile =
        world_.write_file("card.toml", "kind = \"cps3\"\natr = \"" + atr +
                                           "\"\nserial = \"055555551\"\nnumber = \"0555555550\"\n"
                                           "professional = \"cps/dr-exemple\"\n[pin]\n"
                                           "value = \"1234\"\n");
    return world_.insert_card(0, "cps3", profile);
  }

  void start(const std::string& backend, const std::string& atr) {
    world_.start_pcscd();
    card_ = &insert(atr);
    std::string text = world_.insd_config();
    const std::string direct = "backend = \"direct\"\n";
    world_.start_insd(text.replace(text.find(direct), direct.size(), backend));
    client_.emplace(world_.socket());
    client_->await_cards(1);
  }

  std::variant<v1::AuthenticateResponse, Failure> authenticate(const std::string& lease) {
    v1::AuthenticateRequest request;
    request.set_lease(lease);
    request.set_challenge(std::string(32, 'x'));
    request.set_audience("https://records.example.org");
    return client_->authenticate(request);
  }

  v1::CardKind kind() { return client_->readers().at(0).card_kind(); }

  world::World world_;
  world::Card* card_ = nullptr;
  std::optional<DeskClient> client_;
};

TEST_F(CardKindsTest, ACps4IsSentNothingByTheDirectDriver) {
  start("backend = \"direct\"\n", kCps4);
  EXPECT_EQ(kind(), v1::CARD_KIND_CPS_4);
  const auto outcome = client_->professional();
  ASSERT_EQ(code_of(outcome), "CARD_UNSUPPORTED");
  EXPECT_THAT(std::get<Failure>(outcome).detail.remedy(), HasSubstr("CPS 4"));
  EXPECT_EQ(client_->login()->failure().detail.code(), "CARD_UNSUPPORTED");
  EXPECT_THAT(card_->exchanges(), IsEmpty());
}

TEST_F(CardKindsTest, ACps4WithoutAModuleLacksOne) {
  if (std::filesystem::exists("/opt/santesocial/CPS/lib/libcps3_pkcs11_lux.so"))
    GTEST_SKIP() << "this machine has the national agency's module";
  start("backend = \"auto\"\n", kCps4);
  EXPECT_EQ(code_of(client_->professional()), "CPS_MODULE_MISSING");
  EXPECT_EQ(client_->login()->failure().detail.code(), "CPS_MODULE_MISSING");
  EXPECT_THAT(card_->exchanges(), IsEmpty());
}

TEST_F(CardKindsTest, ACps4ThatAModuleDoesNotKnowIsThereAllTheSame) {
  const auto module = world_.directory() / "opensc.so";
  std::filesystem::copy_file(std::filesystem::canonical(INSD_OPENSC_MODULE), module);
  start("backend = \"module\"\nmodule = \"" + module.string() + "\"\n", kCps4);
  EXPECT_EQ(kind(), v1::CARD_KIND_CPS_4);
  EXPECT_EQ(code_of(client_->professional()), "TOKEN_ABSENT");
  EXPECT_EQ(client_->login()->failure().detail.code(), "TOKEN_ABSENT");
}

TEST_F(CardKindsTest, AContactlessCpsCannotSignAndIsSentNothing) {
  start("backend = \"direct\"\n", kContactless);
  EXPECT_EQ(kind(), v1::CARD_KIND_CPS_3_CONTACTLESS);
  EXPECT_EQ(code_of(client_->professional()), "CARD_UNSUPPORTED");
  EXPECT_EQ(client_->login()->failure().detail.code(), "CARD_UNSUPPORTED");
  EXPECT_THAT(card_->exchanges(), IsEmpty());
}

// ---- certificates ----

class LyingCertificateTest : public CardKindsTest {
 protected:
  // A card of dr-exemple whose certificate `use` ("sign", "auth") has `forged` where the name EXEMPLE was.
  void start_with(const std::string& use, const std::string& forged) {
    const auto folder = world_.directory() / "forged";
    std::filesystem::copy(world::World::pki() / "cps/dr-exemple", folder);
    const auto file = folder / (use + ".cert.der");
    std::ifstream in(file, std::ios::binary);
    std::string der{std::istreambuf_iterator<char>(in), {}};
    in.close();
    const std::string name = "EXEMPLE";
    ASSERT_EQ(forged.size(), name.size());
    der.replace(der.find(name), name.size(), forged);
    std::ofstream(file, std::ios::binary | std::ios::trunc) << der;
    const auto profile =
        world_.write_file("card.toml",
                          "kind = \"cps3\"\nserial = \"009876509\"\nnumber = \"0098765052\"\n"
                          "professional = \"" +
                              folder.string() + "\"\n[pin]\nvalue = \"1234\"\n");
    world_.start_pcscd();
    card_ = &world_.insert_card(0, "cps3", profile);
    world_.start_insd(world_.insd_config());
    client_.emplace(world_.socket());
  }

  std::string log() {
    std::ifstream in(world_.insd().log(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
};

TEST_F(LyingCertificateTest, T_CARD_07_ANameThatTurnsTheReadingOrderReachesNobody) {
  start_with("sign",
             "EX\xE2\x80\xAE"
             "PL");
  EXPECT_EQ(code_of(client_->professional()), "CERTIFICATE_INVALID");
  auto login = client_->login();
  EXPECT_FALSE(login->finish("1234"));
  EXPECT_EQ(login->failure().detail.code(), "CERTIFICATE_INVALID");
  EXPECT_THAT(login->prompts(), IsEmpty()) << "no question shows such a name";
  EXPECT_THAT(log(), Not(HasSubstr("\xE2\x80\xAE")));
}

TEST_F(LyingCertificateTest, T_CARD_07_ANameWithANulIsNotCutToAnother) {
  start_with("sign", std::string("EX\0MPLE", 7));
  EXPECT_EQ(code_of(client_->professional()), "CERTIFICATE_INVALID");
  EXPECT_THAT(client_->login()->prompts(), IsEmpty());
}

// The two certificates are judged each for its own use.
TEST_F(LyingCertificateTest, T_CARD_07_AForgedAuthenticationCertificateProvesNothing) {
  start_with("auth", "FAUSSES");
  auto login = client_->login();
  const auto lease = login->finish("1234");
  ASSERT_TRUE(lease) << login->failure().detail.ShortDebugString();
  EXPECT_EQ(code_of(authenticate(lease->lease())), "CERTIFICATE_INVALID");
}

// ---- revocation, by lists as the authorities publish them ----

class RevocationTest : public CardKindsTest {
 protected:
  // The list of an authority of the PKI, made by openssl; `revoked`: another authority's certificate.
  void publish(const std::string& authority, const std::string& revoked = {}) {
    const auto file = [](const std::string& name, const char* what) {
      return (world::World::pki() / "ca" / (name + what)).string();
    };
    const auto conf = world_.write_file(
        "ca.conf", "[ca]\ndefault_ca = x\n[x]\ndatabase = " + world_.write_file("index", "").string() +
                       "\ndefault_md = sha256\ndefault_crl_days = 1\n");
    const auto ca = [&](std::vector<std::string> more) {
      more.insert(more.begin(), {"openssl", "ca", "-config", conf, "-cert", file(authority, ".cert.pem"),
                                 "-keyfile", file(authority, ".key.pem")});
      const auto outcome = world_.run(more);
      ASSERT_EQ(outcome.status, 0) << outcome.err;
    };
    if (!revoked.empty()) ca({"-revoke", file(revoked, ".cert.pem")});
    std::filesystem::create_directory(lists_);
    ca({"-gencrl", "-out", (lists_ / (authority + ".crl")).string()});
  }

  v1::CertificateTrust trust() { return expect_value(client_->professional()).certificate_trust(); }

  const std::filesystem::path lists_ = world_.directory() / "lists";
};

TEST_F(RevocationTest, T_CARD_07_ARevokedSubAuthorityEndsLoginsAndProofs) {
  publish("fort-root");
  publish("fort-sub");
  world_.start_pcscd();
  card_ = &world_.insert_card(0, "cps3", "cps-dr-exemple");
  std::string text = world_.insd_config();
  const std::string cps = "[cps]\n";
  world_.start_insd(
      text.replace(text.find(cps), cps.size(), cps + "revocation_lists = \"" + lists_.string() + "\"\n"));
  client_.emplace(world_.socket());
  EXPECT_EQ(trust(), v1::CERTIFICATE_TRUST_TRUSTED);
  auto login = client_->login();
  const auto lease = login->finish("1234");
  ASSERT_TRUE(lease) << login->failure().detail.ShortDebugString();

  publish("fort-root", "fort-sub");
  EXPECT_EQ(trust(), v1::CERTIFICATE_TRUST_REVOKED);
  const auto refused = client_->login()->failure();
  EXPECT_EQ(refused.detail.code(), "CERTIFICATE_INVALID");
  EXPECT_THAT(refused.detail.technical_detail(), HasSubstr("FORT PERSONNES")) << "whose certificate it is";
  EXPECT_EQ(code_of(authenticate(lease->lease())), "CERTIFICATE_INVALID")
      << "a login of before proves nothing more";

  std::filesystem::remove(lists_ / "fort-root.crl");
  EXPECT_EQ(trust(), v1::CERTIFICATE_TRUST_REVOCATION_UNKNOWN);
}

}  // namespace
}  // namespace insd::test
