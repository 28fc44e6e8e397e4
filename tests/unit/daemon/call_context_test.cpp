// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/call_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/base/error.h"

namespace insd::api {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

v1::CallContext whole() {
  v1::CallContext context;
  context.set_purpose_id("visit-1");
  context.add_identity_attributes(v1::IDENTITY_ATTRIBUTE_NONE);
  context.set_lease("token");
  context.set_request_id("r-1");
  return context;
}

std::vector<std::string> refused(const v1::CallContext& context, InsiMode mode = InsiMode::CPS,
                                 bool present = true) {
  std::vector<std::string> paths;
  try {
    from_proto(context, present, mode);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::INVALID_ARGUMENT);
    for (const auto& field : error.fields()) paths.push_back(field.path);
  }
  return paths;
}

TEST(CallContext, WholeOneIsTaken) {
  const SearchContext context = from_proto(whole(), true, InsiMode::CPS);
  EXPECT_EQ(context.purpose_id, "visit-1");
  EXPECT_TRUE(context.attributes.empty());
  EXPECT_EQ(context.lease, "token");
  EXPECT_EQ(context.request_id, "r-1");
  EXPECT_FALSE(context.acting_user);
}

TEST(CallContext, EveryMissingFieldIsNamedAtOnce) {
  EXPECT_THAT(refused({}), UnorderedElementsAre("context.purpose_id", "context.identity_attributes",
                                                "context.request_id"));
  EXPECT_THAT(refused({}, InsiMode::ORGANISATION),
              UnorderedElementsAre("context.purpose_id", "context.identity_attributes", "context.request_id",
                                   "context.acting_user"));
  EXPECT_THAT(refused({}, InsiMode::CPS, false), ElementsAre("context"));
}

TEST(CallContext, AMissingLeaseIsLeftToTheLeaseCheck) {
  v1::CallContext context = whole();
  context.clear_lease();
  EXPECT_EQ(from_proto(context, true, InsiMode::CPS).lease, "");
}

TEST(CallContext, AttributesMustBeKnownAndNoneStandsAlone) {
  v1::CallContext context = whole();
  context.add_identity_attributes(v1::IDENTITY_ATTRIBUTE_HOMONYM);
  EXPECT_THAT(refused(context), ElementsAre("context.identity_attributes"));
  context = whole();
  context.set_identity_attributes(0, v1::IDENTITY_ATTRIBUTE_UNSPECIFIED);
  EXPECT_THAT(refused(context), ElementsAre("context.identity_attributes[0]"));
  context.set_identity_attributes(0, static_cast<v1::IdentityAttribute>(99));  // of a later contract
  EXPECT_THAT(refused(context), ElementsAre("context.identity_attributes[0]"));
  context.clear_identity_attributes();
  context.add_identity_attributes(v1::IDENTITY_ATTRIBUTE_HOMONYM);
  context.add_identity_attributes(v1::IDENTITY_ATTRIBUTE_DOUBTFUL);
  EXPECT_THAT(from_proto(context, true, InsiMode::CPS).attributes,
              ElementsAre(IdentityAttribute::HOMONYM, IdentityAttribute::DOUBTFUL));
}

TEST(CallContext, T_LOG_01_TextsThatCouldForgeALineAreRefused) {
  for (const std::string& bad : {std::string("a\nb"), std::string("\x1b[2J"), std::string(65, 'x'),
                                 std::string("\xC3\xA9"), std::string("a\0b", 3)}) {
    v1::CallContext context = whole();
    context.set_purpose_id(bad);
    context.set_request_id(bad);
    EXPECT_THAT(refused(context), ElementsAre("context.purpose_id", "context.request_id"));
  }
}

TEST(CallContext, ActingUserFollowsTheMode) {
  v1::CallContext context = whole();
  context.mutable_acting_user()->set_id("m.dupré");
  EXPECT_THAT(refused(context), ElementsAre("context.acting_user"));
  EXPECT_THAT(refused(context, InsiMode::ORGANISATION),
              ElementsAre("context.lease", "context.acting_user.authenticated_how"));
  context.clear_lease();
  EXPECT_THAT(refused(context, InsiMode::ORGANISATION), ElementsAre("context.acting_user.authenticated_how"));
  context.mutable_acting_user()->set_authenticated_how("smartcard");
  const auto user = from_proto(context, true, InsiMode::ORGANISATION).acting_user;
  ASSERT_TRUE(user);
  EXPECT_EQ(user->id, "m.dupré");
  context.mutable_acting_user()->set_id("a\u202Eb");
  EXPECT_THAT(refused(context, InsiMode::ORGANISATION), ElementsAre("context.acting_user.id"));
}

}  // namespace
}  // namespace insd::api
