// SPDX-License-Identifier: Apache-2.0
// Who signs and for whom: profiles, cards, activities, certificates of legal entities.
#include "daemon/signatory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/daemon/asking_support.h"

namespace insd {
namespace {

constexpr const char* kDoctor = "899700000017";
constexpr const char* kPractice = "399999999900027";
constexpr const char* kClinic = "399999999900035";

class SignatoryTest : public ::testing::Test, protected test::Asking {
 protected:
  Signatory choose(const std::string& profile = "") {
    SignatoryParts parts;
    fill(parts);
    return test::run_to_end(choose_signatory(parts, context(profile), searcher(), {}));
  }
  Code refused(const std::string& profile = "") {
    try {
      choose(profile);
    } catch (const Error& error) {
      return error.code();
    }
    return Code::INTERNAL;
  }
  void show_activities() {
    activities.source = desk::DataSource::READ;
    activities.list = {{1, "CABINET", kPractice, "SA07"}, {3, "CLINIQUE", kClinic, "SA05"}};
  }
};

TEST_F(SignatoryTest, TwoDoctorsAtADeskEachHaveTheirOwnProfile) {
  add_profile("one", kDoctor);
  add_profile("two", "899700000025");
  EXPECT_EQ(choose().party.profile.name, "one");
  card.national_id = "899700000025";
  EXPECT_EQ(choose().party.profile.name, "two");
  EXPECT_EQ(refused("one"), Code::PROFILE_UNKNOWN);
}

TEST_F(SignatoryTest, ADoctorWithTwoPracticesSaysWhichAndStructureAndSectorAreOfOneActivity) {
  show_activities();
  add_profile("practice", kDoctor, kPractice);
  add_profile("clinic", kDoctor, kClinic).sector = "SA05";
  EXPECT_EQ(refused(), Code::PROFILE_REQUIRED);
  EXPECT_EQ(choose("practice").party.profile.sector, "SA07");  // of the card's activity
  EXPECT_EQ(choose("clinic").party.profile.sector, "SA05");
  config->profiles[1].sector = "SA07";  // of the other activity
  EXPECT_EQ(refused("clinic"), Code::PROFILE_NOT_ON_CARD);
  config->profiles[1].structure_id = "399999999900043";
  EXPECT_EQ(refused("clinic"), Code::PROFILE_NOT_ON_CARD);
}

TEST_F(SignatoryTest, ACardThatDoesNotShowItsActivitiesLeavesTheProfileAsItIs) {
  activities.source = desk::DataSource::UNSUPPORTED;
  add_profile("practice", kDoctor, kPractice).sector = "SA07";
  EXPECT_EQ(choose().party.profile.sector, "SA07");
}

TEST_F(SignatoryTest, StaffCardsSpeakForTheStructureInTheirCertificate) {
  add_profile("centre", "", kPractice).speciality = "01";
  add_profile("other", "", kClinic);
  card.national_id = "3399999999900027/12";
  card.organisation_id = kPractice;
  for (const auto type : {desk::CardType::CPE, desk::CardType::CPA}) {
    card.type = type;
    const Signatory signatory = choose();
    EXPECT_EQ(signatory.party.profile.name, "centre");
    EXPECT_EQ(signatory.party.profile.speciality, "");  // nobody's who is not a doctor
    EXPECT_NE(signatory.signer(), nullptr);
  }
  EXPECT_EQ(refused("other"), Code::PROFILE_UNKNOWN);
  card.organisation_id = "";
  EXPECT_EQ(refused(), Code::PROFILE_REQUIRED);
}

TEST_F(SignatoryTest, TheSpecialityIsOfDoctorsAndOfThoseInTraining) {
  add_profile("practice", kDoctor).speciality = "01";
  EXPECT_EQ(choose().party.profile.speciality, "01");
  card.title = "Infirmier";
  card.profession_code = "60";
  EXPECT_EQ(choose().party.profile.speciality, "");
  card.title = "Orthophoniste";  // a title without a known code is no doctor's either
  card.profession_code = "";
  EXPECT_EQ(choose().party.profile.speciality, "");
  card.type = desk::CardType::CPF;  // an intern: the card does not say of what
  EXPECT_EQ(choose().party.profile.speciality, "01");
}

TEST_F(SignatoryTest, AReplacementSignsWithTheirOwnCardUnderAProfileThatNamesWhomTheyReplace) {
  add_profile("practice", "899700000025");
  add_profile("replacement", kDoctor).acting_for = "899700000025";
  const Signatory signatory = choose();
  EXPECT_EQ(signatory.party.profile.name, "replacement");
  EXPECT_EQ(signatory.party.profile.acting_for, "899700000025");
  EXPECT_EQ(signatory.user, kDoctor);
  EXPECT_EQ(refused("practice"), Code::PROFILE_UNKNOWN);  // not with the replaced doctor's own
}

TEST_F(SignatoryTest, TwoLegalEntitiesEachHaveTheirProfile) {
  config->insi.mode = InsiMode::ORGANISATION;
  organisations = {kPractice, kClinic};
  add_profile("first", "", kPractice);
  add_profile("second", "", kClinic);
  add_profile("third", "", "399999999900043");
  EXPECT_EQ(refused(), Code::PROFILE_REQUIRED);
  EXPECT_EQ(choose("first").party.profile.structure_id, kPractice);
  EXPECT_EQ(choose("second").party.profile.structure_id, kClinic);
  EXPECT_EQ(refused("third"), Code::PROFILE_UNKNOWN);  // there is no certificate of that structure
  EXPECT_EQ(grants, 0);
}

TEST_F(SignatoryTest, WithoutALeaseNoCertificateSignsInsteadOfTheCard) {
  organisations = {kPractice};
  add_profile("centre", "", kPractice);
  SignatoryParts parts;
  fill(parts);
  SearchContext without = context();
  without.lease = "";
  EXPECT_THROW(test::run_to_end(choose_signatory(parts, without, searcher(), {})), Error);
  EXPECT_EQ(refused("centre"), Code::PROFILE_UNKNOWN);  // nor does the card speak for the certificate
}

}  // namespace
}  // namespace insd
