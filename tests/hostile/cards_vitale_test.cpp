// SPDX-License-Identifier: Apache-2.0
// Vitale cards that lie or surprise.
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "drivers/vitale/decode.h"
#include "drivers/vitale/vitale.h"
#include "tests/unit/drivers/card_double.h"
#include "tests/unit/drivers/expect_error.h"

namespace insd::test {
namespace {

constexpr std::string_view kNir = "269054958815780";

Bytes durand() {
  return vitale_person("DURAND", "NATHALIE", "19690527");
}

std::optional<Code> decoding(const Bytes& identities) {
  return code_of([&] { vitale::decode_identities(identities); });
}

std::optional<Code> joining(const Bytes& nirs, std::size_t people) {
  std::vector<vitale::Beneficiary> list(people);
  return code_of([&] { vitale::join_nirs(nirs, list); });
}

TEST(HostileVitaleTest, T_CARD_02_AnswersOfEveryLengthToEveryCommand) {
  FakeVitale whole;
  whole.sfi_2 = durand();
  whole.nirs = vitale_nir(kNir);
  vitale::read(whole);
  for (std::size_t step = 0; step < whole.log.size(); ++step) {
    for (const std::size_t length : {0U, 1U, 2U, 256U, 257U, 258U, 65535U}) {
      for (const int filler : {0x00, 0x61, 0x65, 0x6C, 0x90}) {
        FakeVitale card;
        card.sfi_2 = whole.sfi_2;
        card.nirs = whole.nirs;
        card.lie = [&](ByteView) -> std::optional<Bytes> {
          return card.log.size() == step + 1 ? std::optional(Bytes(length, static_cast<std::uint8_t>(filler)))
                                             : std::nullopt;
        };
        // An answer or a project error, and an end: nothing else may come out.
        code_of([&] { vitale::read(card); });
        EXPECT_LT(card.log.size(), 200U);
      }
    }
  }
}

TEST(HostileVitaleTest, T_CARD_05_FileWithoutEndIsCutAndRefused) {
  for (const int filler : {0x00, 0x65, 0xFF}) {
    FakeVitale card;
    card.lie = [&](ByteView command) -> std::optional<Bytes> {
      if (command[1] != 0xB0) return std::nullopt;
      return Bytes(256, static_cast<std::uint8_t>(filler)) + from_hex("9000");
    };
    EXPECT_EQ(code_of([&] { vitale::read(card); }), Code::CARD_DATA_INVALID);
    EXPECT_LE(card.sent("00B0"), 34U) << "two ways of 4 KiB at most";
  }
}

TEST(HostileVitaleTest, T_CARD_05_FileCutShort) {
  const Bytes file = durand() + durand();
  for (std::size_t length = 1; length < file.size(); ++length) {
    if (length == durand().size()) continue;
    const Bytes cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_EQ(decoding(cut), Code::CARD_DATA_INVALID) << length;
  }
}

TEST(HostileVitaleTest, T_CARD_06_LengthsThatAreNotLengths) {
  for (const char* file : {"65", "6580", "65847FFFFFFF", "6585000000000100", "65FF00", "6504 80050000",
                           "651C80", "1F8181818101 00", "65058003414243FF", "0001", "6502 8005"}) {
    EXPECT_EQ(decoding(from_hex(file)), Code::CARD_DATA_INVALID) << file;
    EXPECT_EQ(joining(from_hex(file), 19), Code::CARD_DATA_INVALID) << file;
  }
}

TEST(HostileVitaleTest, T_CARD_06_TemplatesInTemplates) {
  Bytes nested = durand();
  for (int depth = 0; depth < 2000; ++depth) {
    if (nested.size() > 60000) break;
    nested = tlv(0x65, nested);
  }
  EXPECT_TRUE(vitale::decode_identities(nested).empty()) << "only the first level is looked at";
}

TEST(HostileVitaleTest, T_CARD_06_EveryByteChanged) {
  const Bytes good = durand() + vitale_person("DURAND", "LEO", "20100931") + Bytes(8, 0x00);
  const Bytes nirs = vitale_nir(kNir) + vitale_nir(kNir);
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (unsigned change = 1; change < 256; ++change) {
      Bytes file = good;
      file[at] = static_cast<std::uint8_t>(file[at] ^ change);
      const auto code = decoding(file);
      EXPECT_TRUE(!code || code == Code::CARD_DATA_INVALID);
      if (at >= nirs.size()) continue;
      file = nirs;
      file[at] = static_cast<std::uint8_t>(file[at] ^ change);
      const auto joined = joining(file, 2);
      EXPECT_TRUE(!joined || joined == Code::CARD_DATA_INVALID);
    }
  }
}

TEST(HostileVitaleTest, T_CARD_08_BirthDatesAreTranscribedWhenTheyAreEightDigits) {
  for (const char* date :
       {"19500000", "19500100", "19501300", "19502011", "19504231", "20100931", "00000000"}) {
    const auto people = vitale::decode_identities(vitale_person("DURAND", "LEO", date));
    EXPECT_EQ(people.at(0).birth_date, date);
  }
  for (const char* date :
       {"", "690527", "1969052", "196905270", "1969-5-2", "1969052 ", "1969052A", "\0009690527"}) {
    EXPECT_EQ(decoding(vitale_person("DURAND", "LEO", date)), Code::CARD_DATA_INVALID) << date;
  }
  EXPECT_EQ(decoding(tlv(0x65, tlv(0x80, text("DURAND")) + tlv(0x81, text("LEO")))), Code::CARD_DATA_INVALID);
}

TEST(HostileVitaleTest, T_CARD_08_NirsAreTranscribedWhenTheyAreFifteenCharacters) {
  // A wrong key, Corsica, a test card's letters: judged by the identity rules, not by the card driver.
  for (const char* nir : {"269054958815799", "2690549588157AA", "269052A58815780", "269052B58815780"}) {
    std::vector<vitale::Beneficiary> people(1);
    vitale::join_nirs(vitale_nir(nir), people);
    EXPECT_EQ(people[0].nir, nir);
  }
  for (const char* nir : {"2690549588157", "26905495881578", "2690549588157800", "2 69 05 49 588 1",
                          "269054958815 80", "26905495881578a", "26905495881578\xE9", "26905495881578;"}) {
    EXPECT_EQ(joining(vitale_nir(nir), 1), Code::CARD_DATA_INVALID) << nir;
  }
  for (const std::size_t blank : {0U, 15U}) {
    std::vector<vitale::Beneficiary> people(1);
    vitale::join_nirs(vitale_nir(std::string(blank, ' ')), people);
    EXPECT_EQ(people[0].nir, std::nullopt);
  }
}

TEST(HostileVitaleTest, T_CARD_08_MoreNirsThanPeopleAreNotGuessed) {
  EXPECT_EQ(joining(vitale_nir(kNir) + vitale_nir(kNir), 1), Code::CARD_DATA_INVALID);
}

TEST(HostileVitaleTest, T_CARD_08_EmptyPlacesAfterTheLastPersonArePadding) {
  std::vector<vitale::Beneficiary> people(1);
  vitale::join_nirs(vitale_nir(kNir) + tlv(0x65, {}) + vitale_nir(std::string(15, ' ')), people);
  EXPECT_EQ(people[0].nir, kNir);
}

TEST(HostileVitaleTest, T_CARD_08_ADatumGivenTwiceIsNotChosenFrom) {
  const Bytes name = tlv(0x80, text("DURAND")), given = tlv(0x81, text("LEO")),
              birth = tlv(0x82, text("20100931")), nationality = tlv(0x90, text("F")),
              nir = tlv(0x93, text(kNir));
  for (const Bytes& again : {name, given, birth}) {
    EXPECT_EQ(decoding(tlv(0x65, name + given + birth + again)), Code::CARD_DATA_INVALID);
  }
  EXPECT_EQ(decoding(tlv(0x65, name + given + birth + nationality + nationality)), Code::CARD_DATA_INVALID);
  EXPECT_EQ(joining(tlv(0x65, nir + nir), 1), Code::CARD_DATA_INVALID);
}

// ---- the pointer file ----

std::string pointed(const char* id) {
  return std::string(kRootName) + "/" + id;
}

TEST(HostileVitaleTest, T_CARD_05_EveryCutAndEveryChangedByteOfThePointerFile) {
  FakeVitale card;
  card.pointers = vitale_pointers({pointed("4711"), std::string(kVitaleName) + "/2002"});
  card.pointed = {{pointed("4711"), durand()}};
  const Bytes good = *card.pointers;
  const auto read = [&](const Bytes& file) {
    card.pointers = file;
    card.log.clear();
    const auto code = code_of([&] { vitale::read(card); });
    EXPECT_TRUE(!code || code == Code::CARD_DATA_INVALID);
    EXPECT_LT(card.log.size(), 100U);
  };
  for (std::size_t length = 1; length < good.size(); ++length) {
    read(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(length)));
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (unsigned change = 1; change < 256; ++change) {
      Bytes file = good;
      file[at] = static_cast<std::uint8_t>(file[at] ^ change);
      read(file);
    }
  }
}

TEST(HostileVitaleTest, T_CARD_05_AWalkWithoutEndIsCut) {
  FakeVitale card;
  card.pointers = vitale_pointers(std::vector<std::string>(200, pointed("4711")));
  card.pointed = {{pointed("4711"), from_hex("5A00")}};
  EXPECT_EQ(code_of([&] { vitale::read(card); }), Code::CARD_DATA_INVALID);
  EXPECT_EQ(card.sent("00A40200024711"), 32U) << "files";
  card.pointed[pointed("4711")] = tlv(0x5A, Bytes(30000, 0x20));
  card.log.clear();
  EXPECT_EQ(code_of([&] { vitale::read(card); }), Code::CARD_DATA_INVALID);
  EXPECT_EQ(card.sent("00A40200024711"), 4U) << "bytes: 4 files of 4 KiB";
}

TEST(HostileVitaleTest, T_CARD_03_ACardThatTakesTooLongIsNotAskedForEver) {
  using namespace std::chrono_literals;
  FakeVitale card;
  card.pointers = vitale_pointers(std::vector<std::string>(32, pointed("4711")));
  card.pointed = {{pointed("4711"), from_hex("5A00")}};
  card.lie = [](ByteView) -> std::optional<Bytes> {
    std::this_thread::sleep_for(1ms);  // the card's own time, of which it has too much
    return std::nullopt;
  };
  EXPECT_EQ(code_of([&] { vitale::read(card); }), Code::CARD_DATA_INVALID);
  ASSERT_GT(card.log.size(), 60U);
  card.log.clear();
  const auto error = error_of([&] { vitale::read(card, vitale::IdentitySource::SFI_2, 10ms); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Code::CARD_PROTOCOL);
  EXPECT_LE(card.log.size(), 10U) << "each answer took a millisecond";
  card.log.clear();
  EXPECT_EQ(code_of([&] { vitale::read(card, vitale::IdentitySource::SFI_2, 0ms); }), Code::CARD_PROTOCOL);
  EXPECT_TRUE(card.log.empty());
}

TEST(HostileVitaleTest, T_CARD_08_FromNobodyToTwentyBeneficiaries) {
  Bytes file;
  EXPECT_TRUE(vitale::decode_identities(file).empty());
  for (std::size_t count = 1; count <= 19; ++count) {
    file = file + durand();
    EXPECT_EQ(vitale::decode_identities(file).size(), count);
  }
  EXPECT_EQ(decoding(file + durand()), Code::CARD_DATA_INVALID);
}

TEST(HostileVitaleTest, T_CARD_08_TwinsStayTwoPeople) {
  const auto people = vitale::decode_identities(vitale_person("DURAND", "LEO", "20100931") +
                                                vitale_person("DURAND", "LEO", "20100931"));
  EXPECT_EQ(people.size(), 2U);
}

TEST(HostileVitaleTest, T_CARD_08_NamesThatForgeLinesOrNeverEnd) {
  for (const std::string& name :
       {std::string("DU\nRAND"), std::string("DU\x1B[2JRAND"), std::string("DU\x9BRAND"),
        std::string("DU\0RAND", 7), std::string("DU\x7FRAND"), std::string(129, 'A'), std::string(),
        std::string("   ")}) {
    EXPECT_EQ(decoding(vitale_person(name, "LEO", "20100931")), Code::CARD_DATA_INVALID);
  }
  EXPECT_EQ(vitale::decode_identities(vitale_person(std::string(128, 'A'), "LEO", "20100931")).size(), 1U);
}

TEST(HostileVitaleTest, T_CARD_08_NoErrorNamesAPerson) {
  const auto error =
      error_of([] { vitale::decode_identities(durand() + vitale_person("DURAND", "NATHALIE", "1969052X")); });
  ASSERT_TRUE(error);
  const std::string what = error->what();
  for (const char* secret : {"DURAND", "NATHALIE", "1969"}) EXPECT_EQ(what.find(secret), std::string::npos);
}

}  // namespace
}  // namespace insd::test
