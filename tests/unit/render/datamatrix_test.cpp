// SPDX-License-Identifier: Apache-2.0
#include "daemon/render/datamatrix.h"

#include <random>

#include <gtest/gtest.h>

#include "drivers/base/error.h"
#include "tests/unit/render/subjects.h"

namespace insd::render {
namespace {

using namespace test;

// The published vectors (specs: ins-rules 5).
const std::string kGarcia =
    "IS010000000000000000000000S1277010115400329S21.2.250.1.213.1.4.8\x1DS3SARAH-LOU "
    "ANNA\x1DS4GARCIA-HAMMADI\x1D"
    "S5FS621-01-1977S701154";
const std::string kCorse =
    "IS010000000000000000000000S1180032B02040123S21.2.250.1.213.1.4.10S3ANTHONY\x1DS4CORSE\x1DS5MS602-03-"
    "1980S72B020";

std::string payload(const identity::Identity& identity) {
  return datamatrix_payload(disclose(identity, {}));
}

TEST(Datamatrix, ThePublishedVectorsAreMadeByteForByte) {
  EXPECT_EQ(kGarcia.size(), 121U);
  EXPECT_EQ(payload(garcia()), kGarcia);
  auto nowhere = garcia();
  nowhere.traits.birth_place.clear();
  validate(nowhere);
  EXPECT_EQ(payload(nowhere), kGarcia.substr(0, 114));
  EXPECT_EQ(kCorse.size(), 105U);
  EXPECT_EQ(payload(corse()), kCorse);
}

TEST(Datamatrix, NamesAreWrittenInItsAlphabetAndDatesCompleted) {
  auto accents = garcia();
  accents.traits.birth_name = "Noël-Œuvrard d’Été";
  accents.traits.birth_date = "1975-00-00";
  validate(accents);
  const Scanned back = parse_datamatrix(payload(accents));
  EXPECT_EQ(back.birth_name, "NOEL-OEUVRARD D'ETE");
  EXPECT_EQ(back.birth_date, "1975-12-31");
}

TEST(Datamatrix, FullFieldsHaveNoSeparatorAndTooLongOnesAreRefused) {
  auto full = garcia();
  full.traits.birth_name = std::string(100, 'A');
  validate(full);
  const std::string made = payload(full);
  EXPECT_NE(made.find(std::string(100, 'A') + "S5F"), std::string::npos);
  EXPECT_EQ(parse_datamatrix(made).birth_name, full.traits.birth_name);
  EXPECT_FALSE(parse_datamatrix(made).separators_lost);
  full.traits.birth_name += 'A';
  validate(full);
  EXPECT_THROW(payload(full), Error);
  full.traits.birth_name = "A1";
  validate(full);
  EXPECT_THROW(payload(full), Error);
}

TEST(Datamatrix, OnlyQualifiedIdentitiesHaveOneAndNoUnmarkedTest) {
  EXPECT_THROW(payload(validated()), Error);
  auto nia = qualified();
  nia.number->oid = kNia;
  EXPECT_NO_THROW(payload(nia));
  nia.test_environment = true;
  EXPECT_THROW(payload(nia), Error);
}

void expect_garcia(const Scanned& scanned) {
  EXPECT_EQ(scanned.number, "2770101154003");
  EXPECT_EQ(scanned.key, "29");
  EXPECT_EQ(scanned.authority.dotted, kNir);
  EXPECT_EQ(scanned.given_names, "SARAH-LOU ANNA");
  EXPECT_EQ(scanned.birth_name, "GARCIA-HAMMADI");
  EXPECT_EQ(scanned.sex, "F");
  EXPECT_EQ(scanned.birth_date, "1977-01-21");
  EXPECT_EQ(scanned.birth_place, "01154");
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

TEST(ParseDatamatrix, ReadsWhatScannersMakeOfTheSeparator) {
  expect_garcia(parse_datamatrix(kGarcia));
  EXPECT_FALSE(parse_datamatrix(kGarcia).separators_lost);
  for (const char* separator : {"<GS>", "\xE2\x90\x9D", ""}) {
    const Scanned scanned = parse_datamatrix(replaced(kGarcia, "\x1D", separator));
    expect_garcia(scanned);
    EXPECT_EQ(scanned.separators_lost, *separator == '\0');
  }
  expect_garcia(parse_datamatrix("]d1" + kGarcia + "\r\n"));
  EXPECT_EQ(parse_datamatrix(kCorse).birth_place, "2B020");
  EXPECT_FALSE(parse_datamatrix(kCorse).separators_lost);
  EXPECT_EQ(parse_datamatrix(kGarcia.substr(0, 114)).birth_place, "");
}

TEST(ParseDatamatrix, RefusesWhateverIsNotOneAndNeverRepeatsIt) {
  using namespace std::string_literals;
  const auto swap = [](const std::string& what, const std::string& with) {
    return replaced(kGarcia, what, with);
  };
  for (const std::string& bad :
       {""s,
        "IS"s,
        kGarcia.substr(0, 26),
        "\0"s,
        std::string(513, 'A'),
        kGarcia + std::string(400, 'A'),
        swap("IS01", "IS02"),
        swap("IS01", "DC04"),
        swap("IS010000000000000000000000",
             "IS01FR000000000000000000AB"),  // a 2D-Doc authority: nothing verifies it
        swap("S1277010115400329", "S1277010115400328"),
        swap("S1277010115400329", "S1277010115400X29"),
        swap("S1277010115400329", ""),
        swap("1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.2"),
        swap("S3SARAH-LOU ANNA", "S3"),
        swap("GARCIA", "GAR\0CIA"s),
        swap("GARCIA", "garcia"),
        swap("S5F", "S5I"),
        swap("21-01-1977", "21/01/1977"),
        swap("21-01-1977", "AB-01-1977"),
        swap("S701154", "S70115"),
        swap("S701154", "S7!!!!!"),
        swap("S701154", "S8X"),
        kGarcia + "S5F",
        kGarcia + "\x1D",
        swap("S4GARCIA-HAMMADI", "S4" + std::string(101, 'A'))}) {
    try {
      parse_datamatrix(bad);
      ADD_FAILURE() << bad;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::INVALID_ARGUMENT);
      ASSERT_EQ(error.fields().size(), 1U);
      EXPECT_EQ(error.fields().front().path, "data");
      EXPECT_EQ(std::string(error.what()).find("GARCIA"), std::string::npos);
    }
  }
}

TEST(ParseDatamatrix, AnyDamageIsReadOrRefusedNeverMore) {
  std::mt19937 random(7);
  for (int run = 0; run < 20'000; ++run) {
    std::string text = run % 2 == 0 ? kGarcia : kCorse;
    for (auto changes = 1 + random() % 3; changes > 0; --changes) {
      const auto at = random() % text.size();
      if (random() % 3 == 0) {
        text.erase(at, 1 + random() % 5);
      } else {
        text[at] = static_cast<char>(random());
      }
    }
    try {
      const Scanned scanned = parse_datamatrix(text);
      EXPECT_EQ(scanned.number.size(), 13U);
      EXPECT_LE(scanned.birth_name.size(), 100U);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::INVALID_ARGUMENT);
    }
  }
}

}  // namespace
}  // namespace insd::render
