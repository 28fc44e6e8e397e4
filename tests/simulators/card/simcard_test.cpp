// SPDX-License-Identifier: Apache-2.0
// The simulated cards against the vectors of the specifications, byte for byte: what the daemon's drivers are
// tested with must not drift.
#include <fstream>
#include <memory>

#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "tests/simulators/card/cps_card.h"
#include "tests/simulators/card/line.h"
#include "tests/simulators/card/t0.h"
#include "tests/simulators/card/vitale_card.h"

namespace insd::simcard {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const fs::path pki = fs::path(INSD_BUILD_DIR) / "pki";

CpsProfile plain_profile() {
  auto profile =
      load_cps_profile(fs::path(INSD_SOURCE_DIR) / "tests/simulators/card/profiles/cps-dr-exemple.toml", pki);
  // The card of the published vectors (specs: cps 1.5).
  profile.serial = from_hex("8025000001012345678F");
  profile.number = "0123456789";
  return profile;
}

class Cps : public testing::Test {
 protected:
  std::string send(const std::string& command) { return to_hex(t0_.transmit(from_hex(command))); }
  void login() { ASSERT_EQ(send("0020000104 31323334"), "9000"); }

  // Content of a file by its whole path, by as many reads as its size wants.
  std::string file(const std::string& path) {
    EXPECT_EQ(send("00A4090C" + to_hex(Bytes{static_cast<std::uint8_t>(path.size() / 2)}) + path), "9000");
    const auto hinted = send("00B0000000");
    return hinted.starts_with("6C") ? send("00B00000" + hinted.substr(2)) : hinted;
  }

  bool verifies(const std::string& signature, const std::string& message, const char* certificate) {
    const auto path = pki / "cps/dr-exemple" / certificate;
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pem(std::fopen(path.c_str(), "r"), &std::fclose);
    const std::unique_ptr<X509, decltype(&X509_free)> x509(
        PEM_read_X509(pem.get(), nullptr, nullptr, nullptr), &X509_free);
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    const auto bytes = from_hex(signature);
    return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr,
                                X509_get0_pubkey(x509.get())) == 1 &&
           EVP_DigestVerify(context.get(), bytes.data(), bytes.size(),
                            reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
  }

  CpsCard card_{plain_profile(), TriesFile(std::nullopt)};
  T0 t0_{card_};
};

TEST_F(Cps, files_are_those_of_the_published_vectors) {
  EXPECT_EQ(file("3F002F00"), "611A4F0DE828BD080F8025000001FF0010500343505351043F0000019000");
  EXPECT_EQ(file("3F00D003"), "5A0A8025000001012345678F9000");
  EXPECT_EQ(file("3F0000015031"),
            "A80A300804063F0000017001A00A300804063F0000017002A40A300804063F0000017004A70A300804063F0000017005"
            "00000000000000000000000000000000000000009000");
  EXPECT_EQ(file("3F0000015032"),
            "3081CF0201000C0A53494D554C4154494F4E80114350533376332D30313233343536373839030206C0A281A630170201"
            "0102020220"
            "05000302010206052B0E03021A020110301B020102020202500500030201020609608648016503040201020140301A02"
            "01030201"
            "0605000302064006092A864886F70D010105020112301A02010402014005000302064006092A864886F70D01010B0201"
            "42301A02"
            "010502010105000302064006092A864886F70D010101020102301A02010602010105000302020406092A864886F70D01"
            "01010201"
            "1A9000");
  EXPECT_EQ(file("3F0000017001"),
            "303630120C0C436F646520706F7274657572030206C03003040101A11B3019030203080A010102010402010402010480"
            "0101300404"
            "023F009000");
  EXPECT_EQ(
      file("3F0000017002"),
      "304630150C0C4350535F505249565F53494703020780040101301D040EE828BD080F8025000001FF00100103030600400302"
      "03B802020081A10E300C300604043F00000102020800304530150C0C4350535F505249565F41555403020780040101301C040E"
      "E8"
      "28BD080F8025000001FF00100203020560030203B802020082A10E300C300604043F000001020208009000");
}

TEST_F(Cps, selects_in_every_form) {
  EXPECT_EQ(send("00A40904 04 3F002F01"), "611A");
  EXPECT_EQ(send("00C000001A"), "62188002002F82010183022F018801E88A0105A1058C0303FF009000");
  EXPECT_EQ(send("00A40904 04 3F002F01 00"), "611A") << "with Le, as some readers leave it";
  EXPECT_EQ(send("00A4020C 02 3F00"), "9000");
  EXPECT_EQ(send("00A4040C 0D E828BD080F8025000001FF0010"), "9000");
  EXPECT_EQ(send("00A4090C 04 3F00FFFF"), "6A82");
  EXPECT_EQ(send("01A4090C 02 3F00"), "6E00");
  EXPECT_EQ(send("00E40000"), "6D00");
  EXPECT_EQ(send("00A4"), "6700");
  EXPECT_EQ(send("00A4090C 05 3F00"), "6700");
}

TEST_F(Cps, answers_follow_t0) {
  EXPECT_EQ(send("00B09C00C0"), "6C0C");
  EXPECT_EQ(send("00B09C000C"), "5A0A8025000001012345678F9000");
  EXPECT_EQ(send("00C0000010"), "6985") << "nothing is pending";
  send("00A40904 04 3F002F01");
  EXPECT_EQ(send("00C00000FF"), "6C1A");
  EXPECT_THAT(send("00C0000010"), testing::EndsWith("610A"));
  EXPECT_THAT(send("00C000000A"), testing::EndsWith("9000"));
  EXPECT_EQ(send("00B0 7FFF 10"), "6B00") << "the file is EF.ATR";
}

TEST_F(Cps, pin_tries_are_counted_and_a_reset_forgets_the_login) {
  EXPECT_EQ(send("0020000100"), "63C3");
  EXPECT_EQ(send("0020000104 39393939"), "63C2");
  EXPECT_EQ(send("00CB3FFF 0A 4D087006BF810102A080"), "6118");
  EXPECT_EQ(send("00C0000018"), "7016BF810112A0109A01039B0102A1088C06F3000013FF009000");
  login();
  EXPECT_EQ(send("0020000100"), "9000");
  t0_.reset();
  EXPECT_EQ(send("0020000100"), "63C3");
  for (const char* answer : {"63C2", "63C1", "6983", "6983"}) EXPECT_EQ(send("0020000104 39393939"), answer);
  EXPECT_EQ(send("0020000104 31323334"), "6983") << "blocked also for the right one";
}

TEST_F(Cps, signs_the_short_message_of_the_specification) {
  login();
  for (const char* step :
       {"00A4090C 04 3F000001", "002241AA 03 800140", "002A90A0 0F 9000 800B 68656C6C6F2D73686F7274",
        "00A4090C 04 3F000001", "002241B6 06 800142 840181"}) {
    EXPECT_EQ(send(step), "9000") << step;
  }
  const auto answer = send("002A9E9A 00");
  ASSERT_EQ(answer.size(), 2 * 258U);
  EXPECT_TRUE(verifies(answer.substr(0, 512), "hello-short", "sign.cert.pem"));
  EXPECT_EQ(send("002A9E9A 00"), "6985") << "one hash, one signature";
}

TEST_F(Cps, signs_a_long_message_from_the_intermediate_state) {
  login();
  send("00A4090C 04 3F000001");
  send("002241AA 03 800140");
  const std::string state =
      "76EBAE86127C8D5D50A2CA5B497D56BD46093F9A41DF7CA0EBFD435D270C4970";  // after 192 bytes, computed apart
  EXPECT_EQ(send("002A90A0 34 9028 " + state + "0000000000000600 8008 6161616161616161"), "9000");
  send("002241B6 06 840181 800142");
  const auto answer = send("002A9E9A 00");
  ASSERT_EQ(answer.size(), 2 * 258U);
  EXPECT_TRUE(verifies(answer.substr(0, 512), std::string(200, 'a'), "sign.cert.pem"));
}

TEST_F(Cps, refuses_to_sign_without_pin_or_preparation) {
  send("00A4090C 04 3F000001");
  EXPECT_EQ(send("002A9E9A 00"), "6982");
  EXPECT_EQ(send("00880000 01 00"), "6982");
  login();
  EXPECT_EQ(send("002A9E9A 00"), "6985");
  EXPECT_EQ(send("00880000 01 00"), "6985");
  EXPECT_EQ(send("002241B6 06 800142 840182"), "6A88") << "the authentication key signs no document";
  EXPECT_EQ(send("002241AA 03 800110"), "6A80");
  EXPECT_EQ(send("002241AA 03 800140"), "9000");
  EXPECT_EQ(send("002A90A0 04 9000 8000"), "9000");
  EXPECT_EQ(send("002A90A0 05 9001 00 8000"), "6A80") << "half a state";
}

TEST_F(Cps, authentication_key_signs_a_digest_info) {
  login();
  send("00A4090C 04 3F000001");
  EXPECT_EQ(send("002241A4 06 800102 840182"), "9000");
  // SHA-256 of "abc" (FIPS 180-4).
  EXPECT_EQ(send("00880000 33 3031300D060960864801650304020105000420"
                 "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"),
            "6100");
  const auto answer = send("00C0000000");
  ASSERT_EQ(answer.size(), 2 * 258U);
  EXPECT_TRUE(verifies(answer.substr(0, 512), "abc", "auth.cert.pem"));
}

TEST_F(Cps, protected_file_opens_with_the_pin) {
  send("00A4090C 06 3F000001D110");
  EXPECT_EQ(send("00B0000000"), "6982");
  login();
  EXPECT_THAT(file("3F000001D110"), HasSubstr(to_hex(from_text("SA07"))));
}

TEST(CpsShuffled, ids_and_references_move_together) {
  auto profile = plain_profile();
  profile.shuffle = true;
  profile.shuffle_seed = 7;
  const auto layout = cps_layout(profile);
  EXPECT_NE(layout.prkdf, CpsLayout{}.prkdf);
  EXPECT_NE(layout.sign_key, CpsLayout{}.sign_key);
  CpsCard card(profile, TriesFile(std::nullopt));
  T0 t0(card);
  const auto send = [&](const std::string& command) { return to_hex(t0.transmit(from_hex(command))); };
  EXPECT_EQ(send("00A4090C 06 3F000001" + to_hex(Bytes{static_cast<std::uint8_t>(layout.prkdf >> 8),
                                                       static_cast<std::uint8_t>(layout.prkdf)})),
            "9000");
  EXPECT_THAT(send("00B0000000").substr(0, 2), "6C");
  EXPECT_EQ(send("00A4090C 06 3F0000017002"), "6A82");
  send("0020000104 31323334");
  send("00A4090C 04 3F000001");
  EXPECT_EQ(send("002241B6 06 800142 840181"), "6A88");
  EXPECT_EQ(send("002241B6 06 800142 8401" + to_hex(Bytes{layout.sign_key})), "9000");
}

TEST(Tries, outlive_the_program) {
  const auto file = fs::temp_directory_path() / ("insd-tries-" + std::to_string(getpid()));
  {
    CpsCard card(plain_profile(), TriesFile(file));
    T0 t0(card);
    t0.transmit(from_hex("0020000104 39393939"));
  }
  CpsCard card(plain_profile(), TriesFile(file));
  T0 t0(card);
  EXPECT_EQ(to_hex(t0.transmit(from_hex("0020000100"))), "63C2");
  fs::remove(file);
}

class Vitale : public testing::Test {
 protected:
  void take(const VitaleProfile& profile) {
    card_ = std::make_unique<VitaleCard>(profile);
    t0_ = std::make_unique<T0>(*card_, profile.repeat_6c);
  }
  static VitaleProfile family() {
    return load_vitale_profile(fs::path(INSD_SOURCE_DIR) /
                               "tests/simulators/card/profiles/vitale-family.toml");
  }
  std::string send(const std::string& command) { return to_hex(t0_->transmit(from_hex(command))); }

  std::unique_ptr<VitaleCard> card_;
  std::unique_ptr<T0> t0_;
};

constexpr const char* identity =
    "651C8006445552414E4481084E415448414C49458208313936393035323765178006445552414E4481034C454F82083230313030"
    "393331";
constexpr const char* nir = "6511930F3236393035343935383831353738306511930F323639303534393538383135373830";

TEST_F(Vitale, serves_the_identity_both_ways_and_the_numbers) {
  take(family());
  EXPECT_EQ(send("00A40000 02 3F00"), "611E");
  EXPECT_EQ(send("00C000001E").size(), 2 * 32U);
  EXPECT_EQ(send("00B0820000"), "6C37");
  EXPECT_EQ(send("00B0820037"), identity + std::string("9000"));
  EXPECT_EQ(send("00A40200 02 D001 00"), "611E");
  EXPECT_EQ(send("00B0000037"), identity + std::string("9000"));
  EXPECT_EQ(send("00A40400 0B D250000002564954414C45"), "611E");
  EXPECT_EQ(send("00B0820026"), nir + std::string("9000"));
  EXPECT_EQ(send("00A40400 0E D2500000024D465F564954414C45"), "611E");
}

TEST_F(Vitale, serves_pointers_a_protected_file_and_an_opaque_one) {
  take(family());
  send("00A40400 0B D250000002564954414C45");
  EXPECT_EQ(send("00A40200 02 2001"), "611E");
  EXPECT_THAT(send("00B0000000"), testing::StartsWith("6C"));
  send("00A40200 02 2003");
  EXPECT_EQ(send("00B0000000"), "6982");
  send("00A40200 02 2004");
  EXPECT_EQ(send("00B000000A"), "040001020304050607089000");
  EXPECT_EQ(send("00A40200 02 2FFF"), "6A82");
  EXPECT_EQ(send("0020000104 31323334"), "6D00") << "no PIN on this card";
  EXPECT_EQ(send("BCB00288 04"), "6E00");
}

TEST_F(Vitale, each_way_to_the_identity_can_be_closed) {
  auto profile = family();
  profile.identity_by_sfi = false;
  take(profile);
  EXPECT_EQ(send("00B0820000"), "6A82");
  EXPECT_EQ(send("00A40200 02 D001"), "611E");
  profile = family();
  profile.identity_by_id = false;
  take(profile);
  EXPECT_EQ(send("00B0820000"), "6C37");
  EXPECT_EQ(send("00A40200 02 D001"), "6A82");
}

TEST_F(Vitale, only_the_pointers_may_name_the_identity) {
  auto profile = family();
  profile.identity_by_sfi = profile.identity_by_id = false;
  profile.decoy_raw = from_hex("5A0112");
  take(profile);
  EXPECT_EQ(send("00B0820000"), "6C03") << "another file has the short identifier";
  EXPECT_EQ(send("00A40200 02 D001"), "6A82");
  send("00A40400 0B D250000002564954414C45");
  send("00A40200 02 2001");
  const auto length = send("00B0000000").substr(2);
  EXPECT_THAT(send("00B00000" + length), HasSubstr(to_hex(from_text("IDENTITE")) + "000120FF"));
  send("00A40400 0E D2500000024D465F564954414C45");
  EXPECT_EQ(send("00A40200 02 20FF"), "611E");
  EXPECT_EQ(send("00B0000037"), identity + std::string("9000"));
}

// The arithmetic of specs: vitale 6.
TEST(Line, counts_the_characters_of_a_command) {
  const auto count = [](const char* command, std::size_t data, const char* status) {
    return line_characters(from_hex(command), Bytes(data, 0) + from_hex(status));
  };
  EXPECT_EQ(count("00A40000023F00", 0, "611E"), 10U);
  EXPECT_EQ(count("00A40000023F0000", 0, "9000"), 10U) << "an Le after data is not on the line";
  EXPECT_EQ(count("00B0820000", 0, "6C7C"), 7U);
  EXPECT_EQ(count("00B082007C", 124, "9000"), 132U);
  EXPECT_EQ(count("00A404000BD250000002564954414C45", 0, "611E"), 19U);
  EXPECT_EQ(count("00B0820013", 19, "9000"), 27U);
  EXPECT_EQ(count("00A40000023F00", 0, "6E00"), 7U) << "refused before the data";
  EXPECT_EQ(std::chrono::duration_cast<std::chrono::milliseconds>(line_time(188, 372)).count(), 209);
  EXPECT_EQ(std::chrono::duration_cast<std::chrono::milliseconds>(line_time(188, 93)).count(), 52);
}

TEST_F(Vitale, odd_contents_are_possible) {
  auto profile = family();
  profile.beneficiaries[0].name = from_hex("C9C8");
  profile.beneficiaries[1].nir.reset();
  profile.padding = 3;
  profile.repeat_6c = true;
  take(profile);
  EXPECT_EQ(send("00B0820000"), "6C36");
  EXPECT_EQ(send("00B0820036"), "6C36");
  profile.repeat_6c = false;
  take(profile);
  EXPECT_THAT(send("00B0820036"), testing::AllOf(HasSubstr("8002C9C8"), testing::EndsWith("0000009000")));
  send("00A40400 0B D250000002564954414C45");
  EXPECT_THAT(send("00B0820018"), testing::EndsWith("65000000009000"));
}

TEST(Vitale1, understands_nothing) {
  Vitale1Card card(load_vitale1_atr(std::nullopt));
  T0 t0(card);
  EXPECT_EQ(to_hex(card.atr()), "3F6525002209699000");
  EXPECT_EQ(to_hex(t0.transmit(from_hex("00A40000 02 3F00"))), "6E00");
  EXPECT_EQ(to_hex(t0.transmit(from_hex("BCA40000 02 3F00"))), "6D00");
}

TEST(Profiles, a_misspelt_key_is_an_error) {
  const auto file = fs::temp_directory_path() / ("insd-profile-" + std::to_string(getpid()) + ".toml");
  std::ofstream(file) << "kind = \"vitale2\"\nidentity_by_sfl = false\n";
  try {
    load_vitale_profile(file);
    FAIL() << "accepted";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("identity_by_sfl"), HasSubstr("line 2")));
  }
  fs::remove(file);
}

// The key of a number: 97 - (number mod 97).
TEST(Profiles, numbers_of_the_demo_card_are_valid) {
  const auto profile =
      load_vitale_profile(fs::path(INSD_SOURCE_DIR) / "tests/simulators/card/profiles/vitale-demo.toml");
  ASSERT_EQ(profile.beneficiaries.size(), 2U);
  for (const auto& person : profile.beneficiaries) {
    const std::string number(person.nir->begin(), person.nir->end());
    EXPECT_EQ(97 - std::stoll(number.substr(0, 13)) % 97, std::stoll(number.substr(13))) << number;
  }
}

}  // namespace
}  // namespace insd::simcard
