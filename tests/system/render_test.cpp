// SPDX-License-Identifier: Apache-2.0
// What leaves through RenderService, over gRPC, for each status.
#include <gmock/gmock.h>

#include "insd/v1/render_service.grpc.pb.h"
#include "tests/system/identity_desk.h"

namespace insd::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kNumber = "2751263220749";

class RenderTest : public IdentityDesk {
 protected:
  void start_desk() {
    start();
    renderer_ = v1::RenderService::NewStub(
        grpc::CreateChannel("unix:" + world_.socket().string(), grpc::InsecureChannelCredentials()));
  }
  std::variant<v1::RenderResponse, Failure> render(const v1::IdentityReport& identity,
                                                   v1::RenderFormat format) {
    v1::RenderRequest request;
    request.mutable_identity()->set_identity_id(identity.identity_id());
    request.set_format(format);
    auto* local = request.add_local_identifiers();
    local->set_value("4711");
    local->set_oid("1.2.250.1.999");
    grpc::ClientContext context;
    context.set_deadline(deadline());
    v1::RenderResponse response;
    const auto status = renderer_->Render(&context, request, &response);
    if (!status.ok()) return decode(status);
    return response;
  }
  Failure refusal(const v1::IdentityReport& identity, v1::RenderFormat format) {
    const auto outcome = render(identity, format);
    if (const auto* failure = std::get_if<Failure>(&outcome)) return *failure;
    ADD_FAILURE() << v1::RenderFormat_Name(format) << " is not refused";
    return {};
  }

  std::unique_ptr<v1::RenderService::Stub> renderer_;
};

TEST_F(RenderTest, OnlyAQualifiedIdentityLeavesWithItsNumberAndNoTestWithoutItsMark) {
  start_desk();
  const auto typed = create();
  for (const auto format : {v1::RENDER_FORMAT_DATAMATRIX_PAYLOAD, v1::RENDER_FORMAT_DATAMATRIX_PNG,
                            v1::RENDER_FORMAT_DATAMATRIX_SVG, v1::RENDER_FORMAT_CARTOUCHE_SVG}) {
    EXPECT_EQ(refusal(typed, format).detail.code(), "IDENTITY_STATE") << v1::RenderFormat_Name(format);
  }
  const auto accepted = done(&Stub::Accept, acceptance(typed.identity_id(), answer_id())).identity();
  for (const auto format :
       {v1::RENDER_FORMAT_FHIR_FR_CORE_2_1_0, v1::RENDER_FORMAT_FHIR_FR_CORE_2_2_0,
        v1::RENDER_FORMAT_HL7V2_PAM_FR, v1::RENDER_FORMAT_CDA_PATIENT_ROLE, v1::RENDER_FORMAT_LABEL_SVG}) {
    const auto retrieved = expect_value(render(accepted, format));
    EXPECT_FALSE(retrieved.has_number()) << v1::RenderFormat_Name(format);
    EXPECT_THAT(retrieved.content(), Not(HasSubstr(kNumber)));
    EXPECT_EQ(retrieved.status(), v1::IDENTITY_STATUS_RETRIEVED);
  }

  const auto valid = done(&Stub::Validate, passport(accepted)).identity();
  const auto message = expect_value(render(valid, v1::RENDER_FORMAT_HL7V2_PAM_FR));
  EXPECT_TRUE(message.has_number());
  EXPECT_TRUE(message.test_environment());
  EXPECT_THAT(message.content(), HasSubstr(kNumber));
  const auto cartouche = expect_value(render(valid, v1::RENDER_FORMAT_CARTOUCHE_SVG));
  EXPECT_THAT(cartouche.content(), HasSubstr("TEST"));
  EXPECT_EQ(cartouche.media_type(), "image/svg+xml");

  demoted(valid.identity_id());
  EXPECT_EQ(refusal(valid, v1::RENDER_FORMAT_CARTOUCHE_SVG).detail.code(), "IDENTITY_STATE");
}

TEST_F(RenderTest, WhatWasPrintedCanBeReadBackAndQualifiesNobody) {
  start_desk();
  const auto printed = expect_value(render(qualified(), v1::RENDER_FORMAT_DATAMATRIX_PAYLOAD));
  v1::ParseDatamatrixRequest scan;
  scan.set_data(printed.content());
  grpc::ClientContext context;
  context.set_deadline(deadline());
  v1::ParseDatamatrixResponse said;
  const auto status = renderer_->ParseDatamatrix(&context, scan, &said);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(said.number().number(), kNumber);
  EXPECT_EQ(said.traits().birth_name(), "ADRUN");
  EXPECT_THAT(said.missing_for_qualification(), ElementsAre("VERIFICATION", "ACCEPTANCE", "DOCUMENT_CHECK"));
}

}  // namespace
}  // namespace insd::test
