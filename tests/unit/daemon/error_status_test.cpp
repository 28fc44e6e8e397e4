// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/error_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "insd/v1/error.pb.h"

namespace insd::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

v1::ErrorDetail detail_of(const grpc::Status& status) {
  v1::RpcStatus rpc;
  EXPECT_TRUE(rpc.ParseFromString(status.error_details()));
  EXPECT_EQ(rpc.code(), static_cast<int>(status.error_code()));
  EXPECT_EQ(rpc.message(), status.error_message());
  EXPECT_EQ(rpc.details_size(), 1);
  v1::ErrorDetail detail;
  EXPECT_TRUE(rpc.details(0).UnpackTo(&detail));
  return detail;
}

TEST(ErrorStatus, CarriesTheFiveAnswers) {
  const auto status =
      to_status(Error(Code::PIN_WRONG, "VERIFY: 63C2").with_try(TrySpent::YES, 2), Language::FRENCH);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  const auto detail = detail_of(status);
  EXPECT_EQ(detail.code(), "PIN_WRONG");
  EXPECT_EQ(detail.layer(), v1::LAYER_PIN);
  EXPECT_EQ(detail.retry(), v1::RETRY_RULE_AFTER_USER_ACTION);
  EXPECT_EQ(detail.pin_try_spent(), v1::PIN_TRY_SPENT_YES);
  EXPECT_EQ(detail.pin_tries_left(), 2);
  EXPECT_EQ(detail.summary(), "Le code porteur est faux.");
  EXPECT_EQ(detail.technical_detail(), "VERIFY: 63C2");
}

TEST(ErrorStatus, EveryCodeHasAStatusThatIsNotOk) {
  for (const CatalogueEntry& entry : error_catalogue()) {
    for (const Language language : {Language::FRENCH, Language::ENGLISH}) {
      const auto status = to_status(Error(entry.code), language);
      EXPECT_NE(status.error_code(), grpc::StatusCode::OK) << entry.name;
      const auto detail = detail_of(status);
      EXPECT_EQ(detail.code(), entry.name);
      EXPECT_NE(detail.layer(), v1::LAYER_UNSPECIFIED);
      EXPECT_NE(detail.retry(), v1::RETRY_RULE_UNSPECIFIED);
      EXPECT_FALSE(detail.summary().empty());
      EXPECT_EQ(detail.remedy(), language == Language::FRENCH ? entry.remedy_fr : entry.remedy_en);
      EXPECT_FALSE(detail.has_pin_tries_left());
    }
  }
}

TEST(ErrorStatus, FieldViolationsAndInsiFaultArrive) {
  InsiFault fault{"siram_40", "insi_102", "fatal", "urn:1", "libell\xE9"};  // not UTF-8
  const auto detail = detail_of(
      to_status(Error(Code::INSI_FAULT).with_insi_fault(fault).with_field("context.purpose_id", "is missing"),
                Language::ENGLISH));
  ASSERT_EQ(detail.field_violations_size(), 1);
  EXPECT_EQ(detail.field_violations(0).field(), "context.purpose_id");
  EXPECT_EQ(detail.insi_fault().code(), "insi_102");
  EXPECT_EQ(detail.insi_fault().label(), "libell?");
}

TEST(ErrorStatus, UnknownExceptionIsInternalWithoutItsText) {
  const auto status =
      to_status(std::make_exception_ptr(std::runtime_error("NIR 1234567890123")), Language::ENGLISH);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(detail_of(status).code(), "INTERNAL");
  EXPECT_THAT(status.error_message(), Not(HasSubstr("1234")));
  EXPECT_THAT(status.error_details(), Not(HasSubstr("1234")));
}

TEST(ErrorStatus, T_LOG_01_ForeignTextCannotForgeALine) {
  const auto status = to_status(Error(Code::CARD_PROTOCOL, "label\nINSD_UID=0\x1b[2J"), Language::ENGLISH);
  EXPECT_EQ(detail_of(status).technical_detail(), "label?INSD_UID=0?[2J");
  EXPECT_THAT(status.error_message(), Not(HasSubstr("\n")));
}

TEST(ErrorStatus, FitsAClientsMetadata) {
  Error error(Code::INVALID_ARGUMENT, std::string(100'000, 'x'));
  for (int i = 0; i < 1000; ++i)
    static_cast<void>(std::move(error).with_field(std::string(300, 'f'), std::string(300, 'd')));
  const auto status = to_status(error, Language::FRENCH);
  // base64 makes 4 bytes of 3; 8 KiB is what a client takes by default.
  EXPECT_LT(status.error_details().size() * 4 / 3 + status.error_message().size() * 3 / 2, 8192U - 512U);
  EXPECT_GT(detail_of(status).field_violations_size(), 5);
}

TEST(ErrorStatus, LanguageFollowsAcceptLanguage) {
  EXPECT_EQ(language_from(""), Language::FRENCH);
  EXPECT_EQ(language_from("de"), Language::FRENCH);
  EXPECT_EQ(language_from("en"), Language::ENGLISH);
  EXPECT_EQ(language_from("EN-gb"), Language::ENGLISH);
  EXPECT_EQ(language_from("en_US"), Language::ENGLISH);
  EXPECT_EQ(language_from("fr, en;q=0.8"), Language::FRENCH);
  EXPECT_EQ(language_from("fr;q=0.3, en;q=0.8"), Language::ENGLISH);
  EXPECT_EQ(language_from("english"), Language::FRENCH);
  EXPECT_EQ(language_from(",,,;q=,"), Language::FRENCH);
}

}  // namespace
}  // namespace insd::api
