// SPDX-License-Identifier: Apache-2.0
#include "drivers/vitale/vitale.h"

#include <memory>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/vitale/decode.h"
#include "tests/unit/drivers/card_double.h"
#include "tests/unit/drivers/expect_error.h"
#include "tests/unit/drivers/scripted_channel.h"

namespace insd::test {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::Optional;
using vitale::Beneficiary;
using vitale::IdentitySource;

// The two fictitious people of specs vitale 8.
constexpr std::string_view kTwoPeople =
    "651C8006445552414E4481084E415448414C49458208313936393035323765178006445552414E4481034C454F82083230313030"
    "39"
    "3331";
constexpr std::string_view kTwoNirs =
    "6511930F3236393035343935383831353738306511930F323639303534393538383135373830";

TEST(VitaleReadTest, SixExchangesForTwoBeneficiaries) {
  const std::string identity = std::string(kTwoPeople) + "9000";
  const std::string nirs = std::string(kTwoNirs) + "9000";
  ScriptedChannel card{
      {"00A40000023F00", "611E"},                    // SELECT MF; its description is not fetched
      {"00B0820000", "6C37"},                        // READ BINARY by SFI 2: the card says how long it is
      {"00B0820037", identity},                      // 55 bytes
      {"00A404000BD250000002564954414C45", "611E"},  // SELECT VITALE by name
      {"00B0820000", "6C26"},                        // READ BINARY by SFI 2, now of VITALE
      {"00B0820026", nirs},                          // 38 bytes
  };
  const auto reading = vitale::read(card);
  EXPECT_EQ(reading.source, IdentitySource::SFI_2);
  ASSERT_EQ(reading.beneficiaries.size(), 2U);
  const Beneficiary& first = reading.beneficiaries[0];
  EXPECT_EQ(first.usual_name, "DURAND");
  EXPECT_EQ(first.given_name, "NATHALIE");
  EXPECT_EQ(first.birth_date, "19690527");
  EXPECT_EQ(first.nir, "269054958815780");
  EXPECT_EQ(first.nationality, std::nullopt);
  EXPECT_EQ(reading.beneficiaries[1].given_name, "LEO");
  EXPECT_EQ(reading.beneficiaries[1].birth_date, "20100931");
}

TEST(VitaleReadTest, FallsBackToD001WhenShortIdTwoIsNotThere) {
  const std::string person = to_hex(vitale_person("DURAND", "LEO", "20100931")) + "9000";
  ScriptedChannel card{
      {"00A40000023F00", "9000"},  // SELECT MF, a card without a description to give
      {"00B0820000", "6A82"},      // no SFI 2 in this mask
      {"00A4020002D001", "611E"},  // SELECT D001
      {"00B0000000", "6C19"},      // READ BINARY of the current file
      {"00B0000019", person},     {"00A404000BD250000002564954414C45", "611E"},  // SELECT VITALE
      {"00B0820000", "6A82"},  // no NIR file: people all the same
  };
  const auto reading = vitale::read(card);
  EXPECT_EQ(reading.source, IdentitySource::FILE_D001);
  EXPECT_EQ(reading.beneficiaries.at(0).given_name, "LEO");
  EXPECT_EQ(reading.beneficiaries.at(0).nir, std::nullopt);
}

TEST(VitaleReadTest, FallsBackToD001WhenShortIdTwoHoldsSomethingElse) {
  for (const char* other :
       {"0400112233", "5A0A80250000010123456789", "660A80083230323030313031", "00000000"}) {
    FakeVitale card;
    card.sfi_2 = from_hex(other);
    card.d001 = vitale_person("DURAND", "NATHALIE", "19690527");
    card.nirs = vitale_nir("269054958815780");
    const auto reading = vitale::read(card);
    EXPECT_EQ(reading.source, IdentitySource::FILE_D001) << other;
    EXPECT_EQ(reading.beneficiaries.at(0).nir, "269054958815780");
  }
}

TEST(VitaleReadTest, ThePointerFileIsWalkedInItsOrderWhenNoOtherWayLeadsToAName) {
  FakeVitale card;
  card.nirs = vitale_nir("269054958815780");
  const std::string vitale = std::string(kVitaleName) + "/", root = std::string(kRootName) + "/";
  card.pointers =
      vitale_pointers({vitale + "2002", vitale + "2003", vitale + "2004", root + "4711", root + "4712"});
  card.pointed = {{vitale + "2002", *card.nirs},
                  {vitale + "2004", from_hex("0400112233")},
                  {root + "4711", vitale_person("DURAND", "NATHALIE", "19690527")},
                  {root + "4712", vitale_person("AUTRE", "PERSONNE", "19700101")}};
  const auto reading = vitale::read(card);
  EXPECT_EQ(reading.source, IdentitySource::POINTERS);
  ASSERT_EQ(reading.beneficiaries.size(), 1U);
  EXPECT_EQ(reading.beneficiaries[0].given_name, "NATHALIE");
  EXPECT_EQ(reading.beneficiaries[0].nir, "269054958815780") << "VITALE is selected again for the numbers";
  EXPECT_EQ(card.sent("00A40200024711"), 1U);
  EXPECT_EQ(card.sent("00A40200024712"), 0U) << "nothing is read beyond what was looked for";
}

TEST(VitaleReadTest, TheWayThatWorkedBeforeIsTriedFirst) {
  FakeVitale card;
  card.d001 = vitale_person("DURAND", "LEO", "20100931");
  card.nirs = vitale_nir("269054958815780");
  EXPECT_EQ(vitale::read(card, IdentitySource::FILE_D001).source, IdentitySource::FILE_D001);
  EXPECT_THAT(card.log, ElementsAre("00A40000023F00", "00A4020002D001", "00B0000000", "00B0000019",
                                    "00A404000BD250000002564954414C45", "00B0820000", "00B0820013"));
  // Only a hint: a card of the same mask may be otherwise.
  card.sfi_2 = std::exchange(card.d001, std::nullopt);
  EXPECT_EQ(vitale::read(card, IdentitySource::FILE_D001).source, IdentitySource::SFI_2);
  EXPECT_EQ(vitale::read(card, IdentitySource::POINTERS).source, IdentitySource::SFI_2);
}

TEST(VitaleReadTest, OnlySelectionsAndReadsAreSentToAnyCard) {
  const auto person = vitale_person("DURAND", "LEO", "20100931");
  std::vector<std::unique_ptr<FakeVitale>> cards;
  for (int kind = 0; kind < 6; ++kind) cards.push_back(std::make_unique<FakeVitale>());
  cards[0]->sfi_2 = person;
  cards[1]->d001 = person;
  cards[2]->pointers = vitale_pointers({std::string(kRootName) + "/4711"});
  cards[2]->pointed = {{std::string(kRootName) + "/4711", person}};
  cards[3]->vitale_application = false;
  cards[4]->lie = [](ByteView) { return std::optional(from_hex("6E00")); };  // a Vitale 1
  cards[5]->lie = [](ByteView) { return std::optional(from_hex("6D00")); };
  for (const auto& card : cards) {
    code_of([&] { vitale::read(*card); });
    EXPECT_FALSE(card->log.empty());
    for (const std::string& command : card->log) {
      const std::string instruction = command.substr(0, 4);
      EXPECT_TRUE(instruction == "00A4" || instruction == "00B0" || instruction == "00C0") << command;
    }
  }
  EXPECT_THAT(cards[4]->log, ElementsAre("00A40000023F00")) << "a Vitale 1 is left after one question";
  EXPECT_THAT(cards[5]->log, ElementsAre("00A40000023F00"));
}

TEST(VitaleReadTest, TheStartOfValidityIsTakenFromEitherFile) {
  const Bytes start = tlv(0x66, tlv(0x80, text("20180315")));
  for (const bool in_identity : {true, false}) {
    FakeVitale card;
    card.sfi_2 = vitale_person("DURAND", "LEO", "20100931") + (in_identity ? start : Bytes());
    card.nirs = vitale_nir("269054958815780") + (in_identity ? Bytes() : start);
    EXPECT_EQ(vitale::read(card).validity_start, "20180315");
  }
  for (const Bytes& other : {Bytes(), tlv(0x66, {}), tlv(0x66, tlv(0x80, text("2018")))}) {
    EXPECT_EQ(vitale::decode_validity_start(vitale_nir("269054958815780") + other), std::nullopt);
  }
}

TEST(VitaleReadTest, AWipedReadingHasNothingLeft) {
  FakeVitale card;
  card.sfi_2 = vitale_person("A-NAME-LONGER-THAN-A-SHORT-STRING", "LEO", "20100931");
  auto reading = vitale::read(card);
  vitale::wipe(reading);
  EXPECT_EQ(reading, vitale::Reading());
}

TEST(VitaleReadTest, FileOfMoreThan256BytesAndLongTemplate) {
  FakeVitale card;
  Bytes file, nirs;
  for (int i = 0; i < 19; ++i) {
    file = file + vitale_person("DURAND", "ENFANT", "20100101");
    nirs = nirs + vitale_nir("269054958815780");
  }
  card.sfi_2 = file + Bytes(100, 0x00);
  card.nirs = nirs;
  EXPECT_GT(card.sfi_2->size(), 512U);
  EXPECT_EQ(vitale::read(card).beneficiaries.size(), 19U);

  // 81 and 82 length forms: a template of more than 127 and of more than 255 bytes.
  for (const std::size_t filler : {120U, 300U}) {
    card.sfi_2 = tlv(0x65, tlv(0x80, text("DURAND")) + tlv(0x81, text("LEO")) + tlv(0x82, text("20100931")) +
                               tlv(0x85, Bytes(filler, 0x20)));
    card.nirs = vitale_nir("269054958815780");
    EXPECT_EQ(vitale::read(card).beneficiaries.at(0).given_name, "LEO") << filler;
  }
}

TEST(VitaleReadTest, FewerNirsThanPeopleJoinByIndex) {
  FakeVitale card;
  card.sfi_2 = vitale_person("DURAND", "NATHALIE", "19690527") + vitale_person("DURAND", "LEO", "20100931") +
               vitale_person("DURAND", "ZOE", "20120101");
  card.nirs = vitale_nir("269054958815780") + tlv(0x65, tlv(0x90, text("F"))) + Bytes(10, 0x00);
  const auto people = vitale::read(card).beneficiaries;
  EXPECT_THAT(people,
              ElementsAre(Field(&Beneficiary::nir, Optional(std::string("269054958815780"))),
                          Field(&Beneficiary::nir, std::nullopt), Field(&Beneficiary::nir, std::nullopt)));
  EXPECT_EQ(people[1].nationality, "F");
}

TEST(VitaleReadTest, NirsRefusedByTheCardLeavePeopleWithout) {
  for (const char* refusal : {"6982", "6A82"}) {
    FakeVitale card;
    card.sfi_2 = vitale_person("DURAND", "NATHALIE", "19690527");
    int reads = 0;
    card.lie = [&](ByteView command) -> std::optional<Bytes> {
      const bool after_selection = card.sent("00A40400") > 0 && command[1] == 0xB0;
      return after_selection && ++reads > 0 ? std::optional(from_hex(refusal)) : std::nullopt;
    };
    EXPECT_EQ(vitale::read(card).beneficiaries.at(0).nir, std::nullopt) << refusal;
    EXPECT_EQ(reads, 1);
  }
}

TEST(VitaleReadTest, VitaleOneIsUnsupported) {
  for (const char* refusal : {"6E00", "6D00"}) {
    ScriptedChannel card{{"00A40000023F00", refusal}};
    EXPECT_EQ(code_of([&] { vitale::read(card); }), Code::CARD_UNSUPPORTED) << refusal;
  }
}

TEST(VitaleReadTest, CardWithoutTheVitaleApplicationIsTheWrongKind) {
  ScriptedChannel cps{
      {"00A40000023F00", "6125"},                    // every card has an MF
      {"00B0820000", "6A82"},                        // no SFI 2
      {"00A4020002D001", "6A82"},                    // no D001
      {"00A404000BD250000002564954414C45", "6A82"},  // no VITALE
  };
  EXPECT_EQ(code_of([&] { vitale::read(cps); }), Code::CARD_WRONG_KIND);
  for (const char* refusal : {"6A82", "6A86", "6999"}) {
    ScriptedChannel other{{"00A40000023F00", refusal}};
    EXPECT_EQ(code_of([&] { vitale::read(other); }), Code::CARD_WRONG_KIND) << refusal;
  }
  ScriptedChannel broken{{"00A40000023F00", "6F00"}};
  EXPECT_EQ(code_of([&] { vitale::read(broken); }), Code::CARD_PROTOCOL);
}

TEST(VitaleReadTest, VitaleWithoutAnybodyIsInvalidData) {
  FakeVitale card;
  card.sfi_2 = Bytes(40, 0x00);
  EXPECT_EQ(code_of([&] { vitale::read(card); }), Code::CARD_DATA_INVALID);
  card.sfi_2.reset();
  EXPECT_EQ(code_of([&] { vitale::read(card); }), Code::CARD_DATA_INVALID);
}

TEST(VitaleReadTest, StopBetweenExchanges) {
  FakeVitale card;
  card.sfi_2 = vitale_person("DURAND", "NATHALIE", "19690527");
  card.lie = [&](ByteView) -> std::optional<Bytes> {
    if (card.log.size() == 2) card.stop_source.request_stop();
    return std::nullopt;
  };
  EXPECT_EQ(code_of([&] { vitale::read(card); }), Code::CANCELLED);
  EXPECT_EQ(card.log.size(), 2U);
}

TEST(VitaleReadTest, T_CARD_09_RemovalAfterEachExchange) {
  for (const auto way : {IdentitySource::SFI_2, IdentitySource::FILE_D001, IdentitySource::POINTERS}) {
    const auto fresh = [&] {
      auto card = std::make_unique<FakeVitale>();
      const Bytes person = vitale_person("DURAND", "NATHALIE", "19690527");
      if (way == IdentitySource::SFI_2) card->sfi_2 = person;
      if (way == IdentitySource::FILE_D001) card->d001 = person;
      if (way == IdentitySource::POINTERS) {
        card->pointers = vitale_pointers({std::string(kRootName) + "/4711"});
        card->pointed = {{std::string(kRootName) + "/4711", person}};
      }
      card->nirs = vitale_nir("269054958815780");
      return card;
    };
    const auto whole = fresh();
    EXPECT_EQ(vitale::read(*whole).source, way);
    for (std::size_t k = 0; k < whole->log.size(); ++k) {
      const auto card = fresh();
      card->remove_after = k;
      EXPECT_EQ(code_of([&] { vitale::read(*card); }), Code::CARD_REMOVED) << "after exchange " << k;
      EXPECT_EQ(card->log.size(), k) << "nothing is sent to a card that is gone";
    }
  }
}

TEST(VitaleDecodeTest, TextsAreLatinOneTrimmed) {
  constexpr std::string_view kPadded("  GA\xCBTAN \0", 10);
  const auto people = vitale::decode_identities(vitale_person(kPadded, "No\xEBl \xC9lodie", "19500000"));
  ASSERT_EQ(people.size(), 1U);
  EXPECT_EQ(people[0].usual_name, "GA\u00CBTAN");
  EXPECT_EQ(people[0].given_name, "No\u00EBl \u00C9lodie");
  EXPECT_EQ(people[0].birth_date, "19500000");
}

TEST(VitaleDecodeTest, NationalityAsOnTheCard) {
  const Bytes file = tlv(0x65, tlv(0x80, text("DURAND")) + tlv(0x81, {}) + tlv(0x82, text("19690527")) +
                                   tlv(0x90, text("FRA ")));
  const auto people = vitale::decode_identities(file);
  EXPECT_EQ(people.at(0).nationality, "FRA");
  EXPECT_EQ(people.at(0).given_name, "");
}

}  // namespace
}  // namespace insd::test
