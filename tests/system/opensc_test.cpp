// SPDX-License-Identifier: Apache-2.0
// The simulated CPS3 judged by somebody else: unmodified OpenSC over a real pcscd (specs: cps 1.6).

#include <array>
#include <cstring>

#include <gmock/gmock.h>
#include <openssl/sha.h>

#include "tests/world/world.h"

namespace insd::world {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* module = INSD_OPENSC_MODULE;
constexpr const char* signature_key_id = "e828bd080f8025000001ff001001";
constexpr const char* authentication_key_id = "e828bd080f8025000001ff001002";
constexpr const char* message = "a question to the card";

class OpenSc : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    world_.start_pcscd(2);
    card_ = &world_.insert_card(0, "cps3", GetParam());
  }

  Outcome tool(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"pkcs11-tool", "--module", module});
    return world_.run(arguments);
  }

  std::filesystem::path digest_info() {
    std::string text("\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20", 19);
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(message), std::strlen(message), digest.data());
    text.append(digest.begin(), digest.end());
    return world_.write_file("digest-info", text);
  }

  // By the openssl program, against the certificate of the PKI and not the card's own.
  bool verified_by_openssl(const std::filesystem::path& signature) {
    const auto certificate = World::pki() / "cps/dr-exemple/auth.cert.pem";
    const auto key = world_.run({"openssl", "x509", "-in", certificate, "-noout", "-pubkey"});
    return world_
               .run({"openssl", "dgst", "-sha256", "-verify", world_.write_file("key.pem", key.out),
                     "-signature", signature, world_.write_file("message", message)})
               .status == 0;
  }

  World world_;
  Card* card_ = nullptr;
};

TEST_P(OpenSc, lists_the_token) {
  const auto slots = tool({"-L"});
  EXPECT_EQ(slots.status, 0) << slots.err;
  EXPECT_THAT(slots.out, AllOf(HasSubstr("CPS3v3-0098765052 (Code porteur)"), HasSubstr("000001009876509F"),
                               HasSubstr("login required"), Not(HasSubstr("PIN count low"))));
}

TEST_P(OpenSc, shows_certificates_without_login_and_keys_after_it) {
  const auto before = tool({"-O"});
  EXPECT_THAT(before.out,
              AllOf(HasSubstr("Certificat de Signature CPS"), HasSubstr("Certificat d'Authentification CPS"),
                    HasSubstr("CN=899900000017"), HasSubstr("CPS_INFO_PS"),
                    Not(HasSubstr("Private Key Object")), Not(HasSubstr("CPS_ACTIVITY_01_PS"))));
  const auto after = tool({"--login", "--pin", "1234", "-O"});
  EXPECT_EQ(after.status, 0) << after.err;
  EXPECT_THAT(after.out,
              AllOf(HasSubstr("CPS_PRIV_SIG"), HasSubstr("CPS_PRIV_AUT"), HasSubstr("CPS_ACTIVITY_01_PS")));
}

TEST_P(OpenSc, signs_with_the_authentication_key) {
  const auto signature = world_.directory() / "signature";
  const auto signing = tool({"--login", "--pin", "1234", "--sign", "--mechanism", "RSA-PKCS", "--id",
                             authentication_key_id, "-i", digest_info(), "-o", signature});
  ASSERT_EQ(signing.status, 0) << signing.err;
  EXPECT_TRUE(verified_by_openssl(signature));
}

// Why insd has a driver of its own: this OpenSC cannot use the signature key (specs: cps 1.6).
TEST_P(OpenSc, cannot_sign_with_the_signature_key) {
  const auto signing =
      tool({"--login", "--pin", "1234", "--sign", "--mechanism", "SHA256-RSA-PKCS", "--id", signature_key_id,
            "-i", world_.write_file("message", message), "-o", world_.directory() / "signature"});
  EXPECT_NE(signing.status, 0);
  EXPECT_THAT(signing.err, HasSubstr("CKR_FUNCTION_NOT_SUPPORTED"));
}

TEST_P(OpenSc, a_wrong_pin_spends_one_try_and_removal_gives_none_back) {
  const auto wrong = tool({"--login", "--pin", "9999", "-O"});
  EXPECT_NE(wrong.status, 0);
  EXPECT_THAT(wrong.err, HasSubstr("CKR_PIN_INCORRECT"));
  EXPECT_THAT(tool({"-L"}).out, AllOf(HasSubstr("PIN count low"), Not(HasSubstr("final user PIN try"))));

  card_->remove();
  world_.await_card(0, false);
  card_->insert();
  world_.await_card(0, true);
  EXPECT_THAT(tool({"--login", "--pin", "8888", "-O"}).err, HasSubstr("CKR_PIN_INCORRECT"));
  EXPECT_THAT(tool({"-L"}).out, HasSubstr("final user PIN try"));

  EXPECT_EQ(tool({"--login", "--pin", "1234", "-O"}).status, 0);
  EXPECT_THAT(tool({"-L"}).out, AllOf(Not(HasSubstr("PIN count low")), Not(HasSubstr("PIN try"))));
}

TEST_P(OpenSc, three_wrong_pins_block_the_card) {
  for (int i = 0; i < 3; ++i) tool({"--login", "--pin", "9999", "-O"});
  EXPECT_THAT(tool({"-L"}).out, HasSubstr("user PIN locked"));
  EXPECT_THAT(tool({"--login", "--pin", "1234", "-O"}).err, HasSubstr("CKR_PIN_LOCKED"));
}

INSTANTIATE_TEST_SUITE_P(Profiles, OpenSc, testing::Values("cps-dr-exemple", "cps-shuffled"),
                         [](const auto& profile) {
                           return std::string(profile.param).substr(4) == "shuffled" ? "shuffled" : "plain";
                         });

}  // namespace
}  // namespace insd::world
