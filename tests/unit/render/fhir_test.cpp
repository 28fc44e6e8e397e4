// SPDX-License-Identifier: Apache-2.0
// What the published invariants do not see; those are evaluated by fhir_invariants.
#include "daemon/render/fhir.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "drivers/base/error.h"
#include "tests/unit/render/subjects.h"

namespace insd::render {
namespace {

using namespace test;
using nlohmann::json;

const std::string kCore = "https://hl7.fr/ig/fhir/core/";

json render(const identity::Identity& identity, FrCore release = FrCore::V2_2_0) {
  return json::parse(fhir_patient(disclose(identity, ipp()), release).json);
}

json status_of(const json& patient) {
  for (const auto& part : patient["extension"][0]["extension"]) {
    if (part["url"] == "identityStatus") return part["valueCoding"];
  }
  return {};
}

TEST(Fhir, StatusesHaveTheCodesOfTheirRelease) {
  const std::vector<std::tuple<identity::Identity, const char*, const char*>> rows = {
      {provisional(), "PROV", "PROV"},
      {retrieved(), "PROV", "RECUP"},
      {validated(), "VALI", "VALI"},
      {qualified(), "VALI", "QUAL"}};
  for (const auto& [identity, old_code, code] : rows) {
    EXPECT_EQ(status_of(render(identity, FrCore::V2_1_0)),
              (json{{"system", kCore + "CodeSystem/fr-core-cs-v2-0445"}, {"code", old_code}}));
    EXPECT_EQ(status_of(render(identity)),
              (json{{"system", kCore + "CodeSystem/fr-core-cs-identity-status"}, {"code", code}}));
  }
}

TEST(Fhir, TheWayOfCollectionHasTheCodeSystemOfItsRelease) {
  const auto method = [](FrCore release) {
    const json patient = render(qualified(), release);
    for (const auto& part : patient["extension"][0]["extension"]) {
      if (part["url"] == "methodCollection") return part["valueCoding"];
    }
    return json{};
  };
  EXPECT_EQ(method(FrCore::V2_1_0),
            (json{{"system", kCore + "CodeSystem/fr-core-cs-method-collection"}, {"code", "INSI"}}));
  EXPECT_EQ(method(FrCore::V2_2_0),
            (json{{"system", kCore + "CodeSystem/fr-core-cs-identity-method-collection"}, {"code", "INSI"}}));
}

TEST(Fhir, TheInsProfileIsClaimedOnlyWhenItsDemandsAreMet) {
  const auto profile = [](const identity::Identity& identity, FrCore release) {
    return fhir_patient(disclose(identity, ipp()), release).profile;
  };
  const std::string ins = kCore + "StructureDefinition/fr-core-patient-ins";
  const std::string base = kCore + "StructureDefinition/fr-core-patient";
  EXPECT_EQ(profile(qualified(), FrCore::V2_1_0), ins);
  EXPECT_EQ(profile(qualified(), FrCore::V2_2_0), ins);
  EXPECT_EQ(profile(validated(), FrCore::V2_1_0), base);  // VALI would promise a number
  EXPECT_EQ(profile(validated(), FrCore::V2_2_0), ins);
  auto lacking = provisional();
  lacking.traits.birth_place.clear();
  EXPECT_EQ(profile(lacking, FrCore::V2_2_0), base);
  lacking = qualified();
  lacking.traits.first_given_name.clear();
  validate(lacking);
  EXPECT_THROW(profile(lacking, FrCore::V2_2_0), Error);
}

TEST(Fhir, IdentifiersHaveTheUseOfTheirRelease) {
  auto nia = qualified();
  nia.number->oid = kNia;
  EXPECT_EQ(render(nia, FrCore::V2_1_0)["identifier"][0]["use"], "temp");
  EXPECT_EQ(render(nia)["identifier"][0]["use"], "official");
  const json from = render(from_nia())["identifier"];
  ASSERT_EQ(from.size(), 3U);
  EXPECT_EQ(from[0]["system"], "urn:oid:1.2.250.1.213.1.4.8");
  EXPECT_EQ(from[1]["use"], "old");
  EXPECT_EQ(from[1]["type"]["coding"][0]["code"], "INS-NIA");
  EXPECT_EQ(from[1]["period"], (json{{"start", "2019-03-01"}, {"end", "2020-02-29"}}));
  EXPECT_EQ(from[2]["use"], "usual");
  auto test = from_nia();
  test.test_environment = true;
  EXPECT_EQ(render(test)["identifier"][0]["type"]["coding"][0]["code"], "INS-NIR-TEST");
}

TEST(Fhir, APeriodNeverEndsBeforeItBegins) {
  auto each = from_nia();
  each.history[0].start_date = "2019-03-01";
  each.history[0].end_date = "2019-02-28";
  EXPECT_EQ(render(each)["identifier"][1]["period"], (json{{"start", "2019-03-01"}}));
}

TEST(Fhir, TraitsAreWhereTheProfileWantsThem) {
  auto each = qualified();
  each.used = {.used_name = "LA PUCELLE", .used_given_name = {}};
  each.traits.birth_date = "1960-05-00";
  validate(each);
  const json patient = render(each);
  EXPECT_EQ(patient["name"][0]["family"], "DARK");
  EXPECT_EQ(patient["name"][0]["given"], json::array({"JEANNE"}));
  EXPECT_EQ(patient["name"][0]["extension"][0]["valueString"], "JEANNE MARIE CECILE");
  EXPECT_EQ(patient["name"][1], (json{{"use", "usual"}, {"family", "LA PUCELLE"}}));
  EXPECT_EQ(patient["gender"], "female");
  EXPECT_EQ(patient["birthDate"], "1960-05-01");
  EXPECT_EQ(patient["extension"][1]["valueAddress"]["extension"][0]["valueCoding"]["code"], "88154");
  EXPECT_EQ(patient["extension"][2]["valueBoolean"], true);
}

TEST(Fhir, HostileNamesStayText) {
  auto each = provisional();
  each.traits.birth_name = "\"},{\"use\":\"\\u0041</script>É";
  EXPECT_EQ(render(each)["name"][0]["family"], each.traits.birth_name);
}

}  // namespace
}  // namespace insd::render
