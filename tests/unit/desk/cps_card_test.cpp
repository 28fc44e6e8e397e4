// SPDX-License-Identifier: Apache-2.0
// Who a professional is, from the certificate and the data objects of the card.
#include "daemon/desk/cps_card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/drivers/card_double.h"
#include "tests/unit/drivers/expect_error.h"
#include "tests/unit/insi/test_pki.h"

namespace insd::desk {
namespace {

using test::CertificateSpec;
using test::operator+;
using test::FakeCps;
using test::text;
using test::tlv;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Professional professional(const CertificateSpec& spec) {
  Professional who;
  set_signature_certificate(
      who, test::to_der(test::make_certificate(spec, test::shared_key(), test::shared_key()).get()));
  return who;
}

TEST(NationalId, FormsAreRecognised) {
  EXPECT_EQ(national_id_kind("899900000017"), NationalIdKind::RPPS);
  EXPECT_EQ(national_id_kind("0751234567"), NationalIdKind::ADELI);
  EXPECT_EQ(national_id_kind("02A1234567"), NationalIdKind::ADELI);
  EXPECT_EQ(national_id_kind("912345678901"), NationalIdKind::STUDENT);
  EXPECT_EQ(national_id_kind("399999999900019/CPE0001"), NationalIdKind::STRUCTURE_STAFF);
  EXPECT_EQ(national_id_kind("10B0152872/17"), NationalIdKind::STRUCTURE_STAFF);
  for (const char* other :
       {"", "8", "89990000001", "8999000000171", "89990000001X", "075123456", "0C11234567", "9",
        "399999999900019/", "39999999990001X/1", "2999/1", "/1", "712345678901"}) {
    EXPECT_EQ(national_id_kind(other), NationalIdKind::UNKNOWN) << other;
  }
}

TEST(NationalId, ProfessionsByTheirLabels) {
  EXPECT_EQ(profession_code("Médecin"), "10");
  EXPECT_EQ(profession_code("Sage-femme"), "50");
  EXPECT_EQ(profession_code("Masseur-Kinésithérapeute"), "70");
  for (const char* other : {"", "Docteur", "Medecin", "Médecin ", "Directeur"})
    EXPECT_EQ(profession_code(other), "");
}

TEST(CpsCard, CardTypesAndWhatTheyMeanForTheProfession) {
  for (const auto& [type, expected] : {std::pair(0, CardType::CPS), std::pair(1, CardType::CPF),
                                       std::pair(2, CardType::CPE), std::pair(3, CardType::CPA)}) {
    CertificateSpec spec;
    spec.card_type_der = Bytes{0x02, 0x01, static_cast<std::uint8_t>(type)};
    const Professional who = professional(spec);
    EXPECT_EQ(who.type, expected);
    EXPECT_EQ(who.profession_code, expected == CardType::CPS ? "10" : "");
    EXPECT_EQ(who.national_id_kind, NationalIdKind::RPPS);
  }
  CertificateSpec silent;
  silent.card_type_der.reset();
  EXPECT_EQ(professional(silent).type, CardType::UNKNOWN);
  EXPECT_EQ(professional(silent).profession_code, "");
}

TEST(CpsCard, SpecialityAndWhereItComesFrom) {
  const auto read = [](const std::function<void(FakeCps&)>& prepare) {
    FakeCps card;
    prepare(card);
    Professional who;
    set_speciality(who, read_cps_card(card).free_data);
    return std::pair(who.speciality_code, who.speciality_source);
  };
  EXPECT_EQ(read([](FakeCps& card) { card.add_data("CPS_INFO_PS", "D104", text("..SM26")); }),
            std::pair(std::string("SM26"), DataSource::READ));
  EXPECT_EQ(read([](FakeCps&) {}), std::pair(std::string(), DataSource::NOT_PRESENT));
  EXPECT_EQ(read([](FakeCps& card) { card.add_data("CPS_INFO_PS_2", "D104", text("..SM26")); }).second,
            DataSource::NOT_PRESENT);
  for (const Bytes& odd : {text("..SM2"), Bytes(), Bytes(65536, 0x30), Bytes(2000, 0x41) + text("SM26")}) {
    EXPECT_EQ(read([&](FakeCps& card) { card.add_data("CPS_INFO_PS", "D104", odd); }).second,
              DataSource::UNSUPPORTED);
  }
}

// Certificates, PIN and keys do not suffer from what a card has beside them.
TEST(CpsCard, T_CARD_05_OddDataObjectsKeepNobodyFromTheCard) {
  for (const auto& spoil : std::vector<std::function<void(FakeCps&)>>{
           [](FakeCps& card) { card.files["3F0000017005"] = Bytes(65536, 0x30); },
           [](FakeCps& card) {
             card.files["3F0000017005"] = {0x30, 0x80};
           },
           [](FakeCps& card) { card.files.erase("3F0000017005"); },
           [](FakeCps& card) { card.behind_pin.insert("3F000001D104"); }}) {
    FakeCps card;
    card.add_data("CPS_INFO_PS", "D104", text("..SM26"));
    spoil(card);
    const CpsCard read = read_cps_card(card);
    EXPECT_FALSE(read.free_data);
    EXPECT_EQ(read.pin.tries_left, 3);
    EXPECT_FALSE(read.authentication_certificate.empty());
  }
}

TEST(CpsCard, ACardThatLeavesMeanwhileIsToldAsSuch) {
  FakeCps whole;
  whole.add_data("CPS_INFO_PS", "D104", text("..SM26"));
  read_cps_card(whole);
  for (std::size_t k = 0; k < whole.log.size(); ++k) {
    FakeCps card;
    card.add_data("CPS_INFO_PS", "D104", text("..SM26"));
    card.remove_after = k;
    EXPECT_EQ(test::code_of([&] { read_cps_card(card); }), Code::CARD_REMOVED) << k;
  }
}

TEST(CpsCard, ActivitiesNeedThePin) {
  FakeCps card;
  card.add_data("CPS_ACTIVITY_02_PS", "D111", tlv(0xEE, tlv(0x84, text("SECOND"))), true);
  card.add_data("CPS_ACTIVITY_01_PS", "D110", tlv(0xEE, tlv(0x86, text("SA07"))), true);
  card.add_data("CPS_ACTIVITY_07_PS", "D116", text("another form"), true);
  const auto layout = cps::read_layout(card);
  EXPECT_EQ(test::code_of([&] { read_card_data(card, layout, cps::kActivityPrefix); }),
            Code::CARD_ACCESS_DENIED);
  card.verified = true;
  const Activities activities = to_activities(read_card_data(card, layout, cps::kActivityPrefix));
  EXPECT_EQ(activities.source, DataSource::READ);
  ASSERT_THAT(activities.list, SizeIs(3));
  EXPECT_EQ(activities.list[0].number, 1U);
  EXPECT_EQ(activities.list[0].sector_code, "SA07");
  EXPECT_EQ(activities.list[1].structure_name, "SECOND");
  EXPECT_EQ(activities.list[2].number, 7U) << "it is there, and what it says is not known";
  EXPECT_EQ(activities.list[2].structure_name, "");
}

TEST(CpsCard, ActivitiesAndWhereTheyComeFrom) {
  EXPECT_EQ(to_activities(std::nullopt).source, DataSource::UNSUPPORTED);
  EXPECT_EQ(to_activities(CardData()).source, DataSource::NOT_PRESENT);
  EXPECT_EQ(to_activities(CardData{{"CPS_ACTIVITY_01_PS", text("x")}}).source, DataSource::UNSUPPORTED);
  CardData many;
  for (int i = 0; i < 40; ++i) many.push_back({"CPS_ACTIVITY_01_PS", text("x")});
  EXPECT_THAT(to_activities(many).list, SizeIs(cps::kMostActivities));
  // An object that the card refuses to a holder who has shown the PIN ends no login.
  FakeCps card;
  card.add_data("CPS_ACTIVITY_01_PS", "D110", text("x"), true);
  card.lie = [&](ByteView command) -> std::optional<Bytes> {
    const bool read =
        command[1] == 0xB0 && !card.log.empty() && card.log[card.log.size() - 2].ends_with("D110");
    return read ? std::optional(from_hex("6982")) : std::nullopt;
  };
  const auto layout = cps::read_layout(card);
  card.verified = true;
  EXPECT_FALSE(read_card_data(card, layout, cps::kActivityPrefix));
}

}  // namespace
}  // namespace insd::desk
