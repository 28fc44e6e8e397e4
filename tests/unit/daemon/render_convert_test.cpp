// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/render_convert.h"

#include <gmock/gmock.h>

#include "drivers/base/error.h"
#include "tests/unit/render/subjects.h"

namespace insd::api {
namespace {

using namespace render::test;
using ::testing::HasSubstr;

v1::RenderRequest request(v1::RenderFormat format) {
  v1::RenderRequest made;
  made.set_format(format);
  auto& local = *made.add_local_identifiers();
  local.set_value("IPP-42");
  local.set_oid("1.2.250.1.71.4.2.2");
  local.set_namespace_id("CHU");
  return made;
}

v1::RenderResponse answer(const identity::Identity& identity, const v1::RenderRequest& asked) {
  return render(identity, asked, noon(), "42");
}

TEST(RenderConvert, EveryFormatOfTheContractIsRenderedWithItsMediaType) {
  const auto* formats = v1::RenderFormat_descriptor();
  for (int i = 0; i < formats->value_count(); ++i) {
    const auto format = static_cast<v1::RenderFormat>(formats->value(i)->number());
    if (format == v1::RENDER_FORMAT_UNSPECIFIED) continue;
    auto tests = qualified();
    tests.test_environment = true;
    const auto made = answer(tests, request(format));
    EXPECT_FALSE(made.content().empty()) << formats->value(i)->name();
    EXPECT_THAT(made.media_type(), HasSubstr("/"));
    EXPECT_TRUE(made.test_environment());
    EXPECT_EQ(made.status(), v1::IDENTITY_STATUS_QUALIFIED);
    EXPECT_EQ(made.has_number(), format != v1::RENDER_FORMAT_LABEL_SVG);
    EXPECT_FALSE(answer(qualified(), request(format)).test_environment());
  }
}

TEST(RenderConvert, FormatsOfQualifiedIdentitiesAreRefusedToOthers) {
  for (const auto format : {v1::RENDER_FORMAT_DATAMATRIX_PAYLOAD, v1::RENDER_FORMAT_DATAMATRIX_PNG,
                            v1::RENDER_FORMAT_DATAMATRIX_SVG, v1::RENDER_FORMAT_CARTOUCHE_SVG}) {
    for (const auto& each : {provisional(), retrieved(), validated()}) {
      try {
        answer(each, request(format));
        ADD_FAILURE();
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::IDENTITY_STATE);
      }
    }
  }
  const auto label = answer(retrieved(), request(v1::RENDER_FORMAT_LABEL_SVG));
  EXPECT_EQ(label.status(), v1::IDENTITY_STATUS_RETRIEVED);
  EXPECT_FALSE(label.has_number());
}

TEST(RenderConvert, HeadersAndVariantsAreFilled) {
  auto asked = request(v1::RENDER_FORMAT_HL7V2_PAM_FR);
  asked.mutable_hl7()->set_sending_application("DPI");
  asked.mutable_hl7()->set_version("2.10");
  const auto message = answer(changed_number(), asked);
  EXPECT_THAT(message.content(),
              HasSubstr("MSH|^~\\&|DPI||||20261123120000+0000||ADT^A47^ADT_A30|42|P|2.5^FRA^2.10|"));
  EXPECT_EQ(message.variant(), "A47");
  EXPECT_THAT(answer(qualified(), request(v1::RENDER_FORMAT_FHIR_FR_CORE_2_2_0)).variant(),
              HasSubstr("fr-core-patient-ins"));
}

std::string refused_path(const v1::RenderRequest& asked) {
  try {
    answer(qualified(), asked);
  } catch (const Error& error) {
    return error.fields().empty() ? error.what() : error.fields().front().path;
  }
  return {};
}

TEST(RenderConvert, BadFieldsAreRefusedByTheirPath) {
  EXPECT_EQ(refused_path(request(v1::RENDER_FORMAT_UNSPECIFIED)), "format");
  EXPECT_EQ(refused_path(request(static_cast<v1::RenderFormat>(99))), "format");
  auto asked = request(v1::RENDER_FORMAT_HL7V2_PAM_FR);
  asked.mutable_hl7()->set_event(static_cast<v1::Hl7Event>(99));
  EXPECT_EQ(refused_path(asked), "hl7.event");
  asked = request(v1::RENDER_FORMAT_HL7V2_PAM_FR);
  asked.mutable_hl7()->set_receiving_facility(std::string(1U << 20U, 'x'));
  EXPECT_EQ(refused_path(asked), "hl7.receiving_facility");
  asked = request(v1::RENDER_FORMAT_DATAMATRIX_PNG);
  asked.set_module_pixels(4'000'000'000U);
  EXPECT_EQ(refused_path(asked), "module_pixels");
  asked = request(v1::RENDER_FORMAT_LABEL_SVG);
  for (int i = 0; i < 10'000; ++i) asked.add_local_identifiers();
  EXPECT_EQ(refused_path(asked), "local_identifiers");
}

TEST(RenderConvert, AScannedCodeNeverQualifies) {
  v1::ParseDatamatrixRequest asked;
  asked.set_data(
      "IS010000000000000000000000S1180032B02040123S21.2.250.1.213.1.4.10S3ANTHONY\x1DS4CORSE\x1DS5MS602-03-"
      "1980S72B020");
  const auto read = parse_datamatrix(asked);
  EXPECT_EQ(read.number().kind(), v1::NUMBER_KIND_NIR_TEST);
  EXPECT_TRUE(read.test_number());
  EXPECT_EQ(read.traits().birth_name(), "CORSE");
  EXPECT_EQ(read.traits().birth_date(), "1980-03-02");
  EXPECT_TRUE(read.traits().first_given_name().empty());
  EXPECT_THAT(read.missing_for_qualification(),
              ::testing::ElementsAre("VERIFICATION", "ACCEPTANCE", "DOCUMENT_CHECK"));
  asked.set_data(std::string(1U << 20U, 'S'));
  EXPECT_THROW(parse_datamatrix(asked), Error);
}

}  // namespace
}  // namespace insd::api
