// SPDX-License-Identifier: Apache-2.0
#include "daemon/render/hl7.h"

#include <gmock/gmock.h>

#include "tests/unit/render/everything.h"
#include "tests/unit/render/subjects.h"

namespace insd::render {
namespace {

using namespace test;
using testing::ElementsAre;

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == at) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// The fields of a segment, [0] its name; missing ones are empty.
std::vector<std::string> segment(const std::string& message, const std::string& name) {
  for (const auto& line : split(message, '\r')) {
    if (line.starts_with(name + "|")) {
      auto fields = split(line, '|');
      fields.resize(41);
      return fields;
    }
  }
  ADD_FAILURE() << "no " << name;
  return std::vector<std::string>(41);
}

std::vector<std::string> names(const std::string& message) {
  std::vector<std::string> out;
  for (const auto& line : split(message, '\r')) {
    if (!line.empty()) out.push_back(line.substr(0, 3));
  }
  return out;
}

std::string render(const identity::Identity& identity, Hl7Event event = Hl7Event::BY_RULE) {
  return hl7_message(disclose(identity, ipp()), header(event)).text;
}

TEST(Hl7, AQualifiedIdentityIsAnUpdateWithItsNumber) {
  const std::string message = render(qualified());
  EXPECT_THAT(names(message), ElementsAre("MSH", "EVN", "PID", "PV1", "ZFD"));
  EXPECT_TRUE(message.starts_with(
      "MSH|^~\\&|INSD|CHU|SIL|LABO|20261123120000+0000||ADT^A31^ADT_A05|42|P|2.5^FRA^2.11|"));
  const auto pid = segment(message, "PID");
  EXPECT_EQ(pid[3],
            "IPP-42^^^CHU&1.2.250.1.71.4.2.2&ISO^PI~"
            "260058815400233^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.8&ISO^INS");
  EXPECT_EQ(pid[5], "DARK^JEANNE^JEANNE MARIE CECILE^^^^L");
  EXPECT_EQ(pid[7], "19600530");
  EXPECT_EQ(pid[8], "F");
  EXPECT_EQ(pid[11], "^^^^^^BDL^^88154");
  EXPECT_EQ(pid[32], "VALI");
  EXPECT_EQ(message.substr(message.find("ZFD")), "ZFD||||N|INSI|20261123|CN|20300131\r");
}

TEST(Hl7, OnlyProvisionalAndValidatedAreTransmitted) {
  EXPECT_EQ(segment(render(provisional()), "PID")[32], "PROV");
  EXPECT_EQ(segment(render(retrieved()), "PID")[32], "PROV");
  EXPECT_EQ(segment(render(validated()), "PID")[32], "VALI");
  auto attributes = qualified();
  attributes.attributes = {.homonym = true, .doubtful = true};
  EXPECT_EQ(segment(render(attributes), "PID")[32], "PROV~HOMA~DOUT");
}

TEST(Hl7, ANiaHasItsOwnAuthority) {
  auto nia = qualified();
  nia.number->oid = kNia;
  EXPECT_THAT(segment(render(nia), "PID")[3],
              testing::HasSubstr("^^^ASIP-SANTE-INS-NIA&1.2.250.1.213.1.4.9&ISO^INS"));
}

TEST(Hl7, FromNiaToNirBothLeaveInAnA31) {
  const std::string message = render(from_nia());
  EXPECT_THAT(message, testing::HasSubstr("ADT^A31^ADT_A05"));
  EXPECT_EQ(segment(message, "PID")[3],
            "IPP-42^^^CHU&1.2.250.1.71.4.2.2&ISO^PI~"
            "260058815400233^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.8&ISO^INS~"
            "109076322088835^^^ASIP-SANTE-INS-NIA&1.2.250.1.213.1.4.9&ISO^INS^^20190301^20200229");
}

TEST(Hl7, AChangedNumberIsAnA47WithTheOldOneInMrg) {
  const std::string message = render(changed_number());
  EXPECT_THAT(names(message), ElementsAre("MSH", "EVN", "PID", "MRG"));
  EXPECT_THAT(message, testing::HasSubstr("ADT^A47^ADT_A30"));
  EXPECT_THAT(segment(message, "PID")[3], testing::HasSubstr("260058815400233"));
  EXPECT_THAT(segment(message, "PID")[3], testing::Not(testing::HasSubstr("1600588154002")));
  EXPECT_EQ(segment(message, "MRG")[1], "160058815400283^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.8&ISO^INS");
  EXPECT_THAT(render(changed_number(), Hl7Event::A31), testing::HasSubstr("ADT^A31^ADT_A05"));
  EXPECT_THROW(render(qualified(), Hl7Event::A47), Error);
  EXPECT_THROW(render(from_nia(), Hl7Event::A47), Error);
}

TEST(Hl7, ANumberThatIsNoLongerEntitledIsWithdrawnWithoutBeingSaid) {
  auto demoted = qualified();
  demoted.replaced_number = demoted.number;
  demoted.number.reset();
  demoted.acceptance.reset();
  EXPECT_EQ(segment(render(demoted), "PID")[3],
            "IPP-42^^^CHU&1.2.250.1.71.4.2.2&ISO^PI~\"\"^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.8&ISO^INS");
}

TEST(Hl7, LunarDatesLeaveInZfdIncompleteOnesCompletedAndMarked) {
  auto lunar = qualified();
  lunar.traits.birth_date = "1950-31-12";
  validate(lunar);
  EXPECT_EQ(segment(render(lunar), "PID")[7], "");
  EXPECT_EQ(segment(render(lunar), "ZFD")[1], "12^31^1950");
  auto incomplete = qualified();
  incomplete.traits.birth_date = "1975-00-00";
  validate(incomplete);
  EXPECT_EQ(segment(render(incomplete), "PID")[7], "19751231");
  EXPECT_EQ(segment(render(incomplete), "ZFD")[4], "Y");
}

TEST(Hl7, DelimitersInNamesAreEscapedAndNoSegmentCanBeMade) {
  auto hostile = provisional();
  hostile.traits.birth_name = "O|B^C&D~E\\F\\";
  hostile.used = {.used_name = "||ZFD^", .used_given_name = "É~"};
  auto local = ipp();
  local[0].value = "1^2|3";
  const auto message = hl7_message(disclose(hostile, local), header()).text;
  EXPECT_THAT(names(message), ElementsAre("MSH", "EVN", "PID", "PV1", "ZFD"));
  const auto pid = segment(message, "PID");
  EXPECT_EQ(pid[5],
            "O\\F\\B\\S\\C\\T\\D\\R\\E\\E\\F\\E\\^JEANNE^JEANNE MARIE CECILE^^^^L~"
            "\\F\\\\F\\ZFD\\S\\^É\\R\\^^^^^D");
  EXPECT_TRUE(pid[3].starts_with("1\\S\\2\\F\\3^^^"));
}

TEST(Hl7, HeaderTextsAreBoundedAndAnIdentifierIsDemanded) {
  auto bad = header();
  bad.sending_facility = std::string(181, 'x');
  bad.receiving_application = "a\rPID|";
  bad.version = "3";
  try {
    hl7_message(disclose(provisional(), {}), bad);
    ADD_FAILURE();
  } catch (const Error& error) {
    std::vector<std::string> paths;
    for (const auto& field : error.fields()) paths.push_back(field.path);
    EXPECT_THAT(paths, ElementsAre("hl7.sending_facility", "hl7.receiving_application", "hl7.version",
                                   "local_identifiers"));
  }
}

}  // namespace
}  // namespace insd::render
