// SPDX-License-Identifier: Apache-2.0
#include "daemon/render/cda.h"

#include <gmock/gmock.h>
#include <libxml/parser.h>

#include "drivers/base/error.h"
#include "tests/unit/render/subjects.h"

namespace insd::render {
namespace {

using namespace test;

std::string render(const identity::Identity& identity) {
  return cda_patient_role(disclose(identity, ipp()));
}

TEST(Cda, AQualifiedIdentityHasAllThatMustStandBesideANumber) {
  EXPECT_EQ(render(qualified()),
            "<patientRole xmlns=\"urn:hl7-org:v3\">"
            "<id root=\"1.2.250.1.213.1.4.8\" extension=\"260058815400233\"/>"
            "<id root=\"1.2.250.1.71.4.2.2\" extension=\"IPP-42\"/>"
            "<patient><name><family qualifier=\"BR\">DARK</family><given>JEANNE MARIE CECILE</given>"
            "<given qualifier=\"BR\">JEANNE</given></name>"
            "<administrativeGenderCode code=\"F\" codeSystem=\"2.16.840.1.113883.5.1\"/>"
            "<birthTime value=\"19600530\"/>"
            "<birthplace><place><addr><county>88154</county></addr></place></birthplace>"
            "</patient></patientRole>");
}

TEST(Cda, UsedNamesAreTheirOwn) {
  auto named = provisional();
  named.used = {.used_name = "LA PUCELLE", .used_given_name = "Jeannette"};
  EXPECT_THAT(render(named),
              testing::AllOf(testing::HasSubstr("<family qualifier=\"CL\">LA PUCELLE</family>"),
                             testing::HasSubstr("<given qualifier=\"CL\">Jeannette</given>")));
}

TEST(Cda, ANumberNeverLeavesWithoutTheTraitsThatMustBeBesideIt) {
  for (auto trait : {&identity::Traits::first_given_name, &identity::Traits::given_names,
                     &identity::Traits::birth_place}) {
    auto lacking = qualified();
    lacking.traits.*trait = "";
    validate(lacking);
    EXPECT_THROW(render(lacking), Error);
    lacking.number.reset();
    EXPECT_NO_THROW(render(lacking));
  }
  EXPECT_THROW(cda_patient_role(disclose(provisional(), {})), Error);
}

TEST(Cda, HostileNamesStayText) {
  auto hostile = provisional();
  hostile.traits.birth_name = "</family><id root=\"1.2\"/>&amp;]]>'\"É";
  auto local = ipp();
  local[0].value = "\"/><script a='";
  const std::string text = cda_patient_role(disclose(hostile, local));
  xmlDoc* doc = xmlReadMemory(text.data(), static_cast<int>(text.size()), nullptr, nullptr, XML_PARSE_NONET);
  ASSERT_NE(doc, nullptr) << text;
  xmlNode* id = xmlFirstElementChild(xmlDocGetRootElement(doc));
  xmlChar* extension = xmlGetProp(id, reinterpret_cast<const xmlChar*>("extension"));
  EXPECT_EQ(std::string(reinterpret_cast<char*>(extension)), local[0].value);
  xmlNode* family = xmlFirstElementChild(xmlFirstElementChild(xmlNextElementSibling(id)));
  xmlChar* name = xmlNodeGetContent(family);
  EXPECT_EQ(std::string(reinterpret_cast<char*>(name)), hostile.traits.birth_name);
  xmlFree(extension);
  xmlFree(name);
  xmlFreeDoc(doc);
}

}  // namespace
}  // namespace insd::render
