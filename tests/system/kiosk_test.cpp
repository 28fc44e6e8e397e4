// SPDX-License-Identifier: Apache-2.0
// Before a kiosk: one person, known by the birth date that she gives; nobody else on the card, no number, and
// nothing kept when the card goes.
#include <gmock/gmock.h>

#include "tests/system/desk_watch.h"
#include "tests/system/identity_desk.h"

namespace insd::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kBirthDate = "2009-07-14";  // PIERRE-ALAIN of vitale-demo; RUTH is the other one
constexpr const char* kKiosk = "role = \"kiosk\"\n";

class KioskTest : public IdentityDesk {
 protected:
  KioskTest() {
    world_.start_pcscd();
    card_ = &world_.insert_card(1, "vitale2", "vitale-demo");
  }
  /// `more`: further sections of the configuration.
  void start_kiosk(const std::string& more = {}) {
    start(std::string(kKiosk) + more);
    client_->await_cards(1);
  }
  std::variant<v1::VitaleReading, Failure> read(const std::string& birth_date) {
    v1::ReadVitaleRequest request;
    request.set_birth_date(birth_date);
    grpc::ClientContext context;
    context.set_deadline(deadline());
    v1::ReadVitaleResponse response;
    const auto status = client_->vitale_->ReadVitale(&context, request, &response);
    if (!status.ok()) return decode(status);
    return response.reading();
  }
  std::variant<v1::SearchResult, Failure> search_by_card(const v1::VitaleReading& reading,
                                                         std::uint32_t index) {
    v1::SearchByVitaleRequest request;
    *request.mutable_context() = context();
    request.mutable_card()->mutable_card()->set_generation(reading.generation());
    request.mutable_card()->set_beneficiary_index(index);
    return client_->search(request);
  }
  v1::IdentityReport pending(const std::string& answer) {
    v1::CreateIdentityRequest request;
    request.mutable_context()->set_purpose_id("visit-1");
    request.mutable_context()->set_request_id("request-1");
    request.set_answer_id(answer);
    return done(&Stub::CreateIdentity, request).identity();
  }

  world::Card* card_ = nullptr;
};

TEST_F(KioskTest, IsToldTheGivenNameOfThePersonWhoseBirthDateItHasAndNothingElse) {
  start_kiosk("[vitale]\nprefetch = true\n");
  EXPECT_TRUE(card_->exchanges().empty()) << "the patient has not begun";
  const auto refusal = read("");
  EXPECT_THAT(fields_of(std::get<Failure>(refusal)), ElementsAre("birth_date"));
  EXPECT_THAT(fields_of(std::get<Failure>(read("14/07/2009"))), ElementsAre("birth_date"));
  EXPECT_TRUE(card_->exchanges().empty());

  const auto reading = expect_value(read(kBirthDate));
  ASSERT_EQ(reading.beneficiaries_size(), 1);
  EXPECT_EQ(reading.beneficiaries(0).given_name(), "PIERRE-ALAIN");
  const auto told = reading.ShortDebugString();
  for (const char* datum : {"ECETINSI", "DE VINCI", "RUTH", "1090763220834", "1977"}) {
    EXPECT_THAT(told, Not(HasSubstr(datum)));
  }

  EXPECT_THAT(fields_of(std::get<Failure>(search_by_card(reading, 1))), ElementsAre("card.beneficiary_index"))
      << "a relative";
  const auto found = expect_value(search_by_card(reading, reading.beneficiaries(0).index()));
  EXPECT_EQ(found.outcome(), v1::SEARCH_OUTCOME_FOUND);
  EXPECT_FALSE(found.has_answer());
  const auto identity = pending(found.answer_id());
  EXPECT_EQ(identity.status(), v1::IDENTITY_STATUS_PROVISIONAL);
  EXPECT_TRUE(identity.answer_pending());
  EXPECT_EQ(identity.kiosk_given_name(), "PIERRE-ALAIN");
  for (const auto& text : {found.ShortDebugString(), identity.ShortDebugString()}) {
    for (const char* datum : {"ECETINSI", "1090763220834", kBirthDate, "2009"}) {
      EXPECT_THAT(text, Not(HasSubstr(datum)));
    }
  }
}

TEST_F(KioskTest, TheBirthDatesOfRelativesAreNotToBeGuessed) {
  start_kiosk();
  for (const char* guess : {"1977-07-13", "1977-07-12", "1977-07-11"}) {
    EXPECT_EQ(code_of(read(guess)), "BENEFICIARY_UNCLEAR");
  }
  EXPECT_EQ(code_of(read(kBirthDate)), "BENEFICIARY_UNCLEAR") << "three tries a card";
  DeskWatch watch(*client_->reader_);
  card_->remove();
  ASSERT_TRUE(watch.wait_for(reader_is(world_.reader_name(1), v1::READER_STATE_EMPTY)));
  card_->insert();
  client_->await_cards(1);
  EXPECT_EQ(code_of(read(kBirthDate)), "OK");
}

TEST_F(KioskTest, TakesNothingOfTheCardWithItWhenItGoes) {
  start_kiosk();
  const auto reading = expect_value(read(kBirthDate));
  const auto found = expect_value(search_by_card(reading, reading.beneficiaries(0).index()));
  const auto identity = pending(found.answer_id());
  DeskWatch watch(*client_->reader_);
  card_->remove();
  ASSERT_TRUE(watch.wait_for(reader_is(world_.reader_name(1), v1::READER_STATE_EMPTY)));
  v1::GetStatusRequest asking;
  asking.mutable_identity()->set_identity_id(identity.identity_id());
  EXPECT_EQ(refused(&Stub::GetStatus, asking).detail.code(), "NOT_FOUND");
  EXPECT_NE(code_of(search_by_card(reading, reading.beneficiaries(0).index())), "OK");
}

TEST_F(KioskTest, ACardLeftBehindIsToldAndForgotten) {
  start_kiosk("[kiosk]\ncard_left_after = \"2s\"\n");
  const auto reading = expect_value(read(kBirthDate));
  DeskWatch watch(*client_->reader_);
  const std::string name = world_.reader_name(1);
  const auto left = watch.wait_for([&](const DeskWatch::Picture& picture) {
    return picture.readers.contains(name) && picture.readers.at(name).card_left();
  });
  ASSERT_TRUE(left);
  EXPECT_NE(left->readers.at(name).generation(), reading.generation());
  EXPECT_NE(code_of(search_by_card(reading, reading.beneficiaries(0).index())), "OK");
  card_->remove();
  const auto gone = watch.wait_for(reader_is(name, v1::READER_STATE_EMPTY));
  ASSERT_TRUE(gone);
  EXPECT_FALSE(gone->readers.at(name).card_left());
}

// The desk of the same site: another daemon, with its own state, alive at the same time.
class DeskOfTheSite : public IdentityDesk {
 public:
  DeskOfTheSite() { start(); }
  void TestBody() override {}
  v1::IdentityReport restore(const std::string& token) {
    return done(&Stub::Restore, restoring(token)).identity();
  }
  v1::IdentityReport qualify(const v1::IdentityReport& pending) {
    auto accepting = acceptance_of_all(pending.identity_id());
    accepting.set_first_given_name("PIERRE-ALAIN");
    return done(&Stub::Validate, passport(done(&Stub::Accept, accepting).identity())).identity();
  }
};

TEST_F(KioskTest, WhatItBeganADeskOfTheSiteFinishesWhileBothRun) {
  start_kiosk();
  const auto reading = expect_value(read(kBirthDate));
  const auto found = expect_value(search_by_card(reading, reading.beneficiaries(0).index()));
  v1::SealRequest request;
  request.mutable_context()->set_purpose_id("visit-1");
  request.mutable_context()->set_request_id("request-1");
  request.mutable_identity()->set_identity_id(pending(found.answer_id()).identity_id());
  request.set_audience(v1::TOKEN_AUDIENCE_SITE);
  const auto token = done(&Stub::Seal, request).sealed_token();

  DeskOfTheSite desk;
  const auto restored = desk.restore(token);
  EXPECT_EQ(restored.status(), v1::IDENTITY_STATUS_PROVISIONAL);
  EXPECT_TRUE(restored.answer_pending());
  const auto qualified = desk.qualify(restored);
  EXPECT_EQ(qualified.status(), v1::IDENTITY_STATUS_QUALIFIED);
  EXPECT_EQ(qualified.facts().number().number(), "1090763220834");
  EXPECT_EQ(code_of(read(kBirthDate)), "OK") << "the kiosk goes on";
}

}  // namespace
}  // namespace insd::test
