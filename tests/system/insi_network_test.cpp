// SPDX-License-Identifier: Apache-2.0
// What the network side may do to a desk, and what the client is told: a whole daemon before a server that
// lies, breaks off or never ends (threats: T-XML, T-INS, T-TLS).
#include <chrono>

#include <gmock/gmock.h>

#include "tests/system/insi_desk.h"

namespace insd::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

const Asked kAdrun{"ADRUN", {"ZOE"}, "F", "1975-12-31", ""};

struct Lie {
  std::string step;  ///< what the simulator plays
  std::string code;  ///< what the client is told
};

const std::vector<Lie>& lies() {
  static const std::vector<Lie> all = {
      {R"(fault = "desir_550")", "INSI_NOT_AUTHORISED"},
      {R"(fault = "desir_560")", "INSI_NOT_AUTHORISED"},
      {R"(fault = "desir_1020")", "INSI_UNAVAILABLE"},
      {R"(fault = "insi_101")", "INSI_UNAVAILABLE"},
      {R"(fault = "insi_102")", "INSI_UNAVAILABLE"},
      {"soap_fault = \"insi_777\"\nsubcode = \"siram_41\"", "INSI_FAULT"},
      {R"(code = "03")", "INSI_ANSWER_INVALID"},
      {R"(fault = "http_500_plain")", "INSI_ANSWER_INVALID"},
      {R"(fault = "html")", "INSI_ANSWER_INVALID"},
      {R"(fault = "wrong_content_type")", "INSI_ANSWER_INVALID"},
      {R"(fault = "empty")", "INSI_ANSWER_INVALID"},
      {R"(fault = "gzip")", "INSI_ANSWER_INVALID"},
      {R"(fault = "gzip_bomb")", "INSI_ANSWER_INVALID"},
      {R"(fault = "redirect")", "INSI_ANSWER_INVALID"},
      {R"(fault = "huge_headers")", "INSI_ANSWER_INVALID"},
      {R"(fault = "chunk_extensions")", "INSI_ANSWER_INVALID"},
      {R"(fault = "endless")", "INSI_ANSWER_INVALID"},
      {R"(fault = "huge")", "INSI_ANSWER_INVALID"},
      {R"(fault = "doctype")", "INSI_ANSWER_INVALID"},
      {R"(fault = "xxe")", "INSI_ANSWER_INVALID"},
      {R"(fault = "cr00_no_individual")", "INSI_ANSWER_INVALID"},
      {R"(fault = "cr01_with_individual")", "INSI_ANSWER_INVALID"},
      {"code = \"02\"\nperson = \"adrun\"", "INSI_ANSWER_INVALID"},
      {"answer = '<a/>'", "INSI_ANSWER_INVALID"},
      {R"(fault = "truncated")", "INSI_NO_ANSWER"},
      {R"(fault = "cut_after_read")", "INSI_NO_ANSWER"},
  };
  return all;
}

// Each lie has a name of its own, so that whoever asks twice meets the same one.
std::string name_of(std::size_t lie) {
  return std::string("CAS ") + static_cast<char>('A' + lie);
}

std::string steps_of_lies() {
  std::string text;
  for (std::size_t i = 0; i < lies().size(); ++i) {
    text += "[[step]]\nbirth_name = \"" + name_of(i) + "\"\n" + lies()[i].step + "\n";
  }
  return text;
}

class InsiLiesTest : public InsiDesk {
 protected:
  InsiLiesTest() : InsiDesk(steps_of_lies()) {}
};

TEST_F(InsiLiesTest, T_INS_02_T_XML_10_EveryLieHasItsCodeAndNoneIsNotFound) {
  for (std::size_t i = 0; i < lies().size(); ++i) {
    SCOPED_TRACE(lies()[i].step);
    const auto outcome = ask({name_of(i), {"ZOE"}, "F", "1975-12-31", ""});
    ASSERT_TRUE(std::holds_alternative<Failure>(outcome)) << "a lie is no answer";
    const auto& failure = std::get<Failure>(outcome);
    EXPECT_EQ(failure.detail.code(), lies()[i].code) << failure.detail.technical_detail();
    EXPECT_EQ(failure.detail.layer(), v1::LAYER_INSI);
    // Nothing of what was asked is in the words of an error.
    EXPECT_THAT(failure.detail.DebugString(), Not(HasSubstr(name_of(i))));
  }
  EXPECT_EQ(expect_value(ask(kAdrun)).outcome(), v1::SEARCH_OUTCOME_FOUND) << "the desk works on";
}

class InsiBadServerTest : public InsiDesk {};

TEST_F(InsiBadServerTest, T_TLS_01_NoServerThatIsNotTheServiceIsAsked) {
  const std::vector<world::InsiOptions> servers = {{"wrong-host", ""},
                                                   {"self-signed", ""},
                                                   {"expired", ""},
                                                   {"wrong-root", ""},
                                                   {"good", "tls_min = \"1.0\"\ntls_max = \"1.1\"\n"}};
  for (const auto& server : servers) {
    SCOPED_TRACE(server.certificate + server.more);
    world_.start_insi(server);
    // A right name signed by a stranger is what a proxy that opens connections shows.
    const bool opened = server.certificate == "wrong-root";
    EXPECT_EQ(code_of(ask(kAdrun)), opened ? "INSI_TLS_INTERCEPTED" : "INSI_TLS_UNTRUSTED");
    for (const auto& line : world_.insi().lines())
      EXPECT_THAT(line, Not(HasSubstr("#1 "))) << "a question left";
  }
  world_.start_insi();
  EXPECT_EQ(expect_value(ask(kAdrun)).outcome(), v1::SEARCH_OUTCOME_FOUND);
}

class InsiSlowServerTest : public InsiDesk {
 protected:
  InsiSlowServerTest()
      : InsiDesk(
            "[[step]]\nbirth_name = \"CAS A\"\nfault = \"slow_drip\"\n"
            "[[step]]\nbirth_name = \"CAS B\"\ndelay_ms = 600000\n",
            "total_timeout = \"4s\"\nconnect_timeout = \"4s\"\n") {}
};

TEST_F(InsiSlowServerTest, T_TLS_02_T_INS_02_ASlowOrAbsentServerCostsItsTimeAndNoMore) {
  for (const std::string name : {"CAS A", "CAS B"}) {
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(code_of(ask({name, {"ZOE"}, "F", "1975-12-31", ""})), "INSI_NO_ANSWER") << name;
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(40)) << "a hang";
  }
  world_.stop_insi();
  EXPECT_EQ(code_of(ask(kAdrun)), "INSI_UNREACHABLE");
}

class InsiOtherAnswerTest : public InsiDesk {
 protected:
  InsiOtherAnswerTest()
      : InsiDesk(R"(
[[step]]
given_name = "NATHALIE"
fault = "other_person"
[[step]]
operation = "card"
fault = "other_person"
[[step]]
given_name = "MICHELANGELO"
fault = "test_oid"
[[step]]
given_name = "LAURENCE"
fault = "wrong_key_answer"
)") {}
};

TEST_F(InsiOtherAnswerTest, T_INS_01_AnAnswerAboutSomebodyElseAWrongKeyAndATestNumberAreMarked) {
  const auto other = expect_value(ask({"NESSI", {"NATHALIE"}, "F", "1977-07-14", ""}));
  EXPECT_THAT(other.warnings(), Contains("ANSWER_NOT_AS_ASKED"));
  const auto reading = expect_value(client_->vitale());
  const auto of_card = expect_value(client_->search(by_card(reading, 0)));
  EXPECT_THAT(of_card.warnings(), Contains("ANSWER_NOT_BENEFICIARY"));
  const auto wrong_key = expect_value(ask({"PATB-QUATRE", {"LAURENCE"}, "F", "1907-05-25", ""}));
  EXPECT_FALSE(wrong_key.answer().number().key_valid());
  EXPECT_EQ(wrong_key.answer().number().key(), "42") << "byte for byte";
  EXPECT_THAT(wrong_key.warnings(), Contains("RETURNED_KEY_INVALID"));
  const auto test_number = expect_value(ask({"NESSI", {"MICHELANGELO"}, "M", "2010-08-07", ""}));
  EXPECT_EQ(test_number.answer().number().kind(), v1::NUMBER_KIND_NIR_TEST);
  EXPECT_EQ(test_number.environment(), v1::ENVIRONMENT_TEST);
}

class InsiStateTest : public InsiDesk {
 protected:
  InsiStateTest()
      : InsiDesk("[[step]]\nbirth_name = \"CAS A\"\nfault = \"insi_102\"\n", "retry_delay = \"100ms\"\n") {}
};

TEST_F(InsiStateTest, ADeskFollowsWhetherTheServiceCanBeAsked) {
  grpc::ClientContext context;
  context.set_deadline(deadline());
  const auto stream = client_->insi_->WatchInsiState(&context, {});
  v1::WatchInsiStateResponse told;
  const auto next = [&] {
    EXPECT_TRUE(stream->Read(&told));
    return told.state().availability();
  };
  EXPECT_EQ(next(), v1::INSI_AVAILABILITY_UNSPECIFIED);
  EXPECT_EQ(expect_value(ask(kAdrun)).outcome(), v1::SEARCH_OUTCOME_FOUND);
  EXPECT_EQ(next(), v1::INSI_AVAILABILITY_AVAILABLE);
  EXPECT_EQ(code_of(ask({"CAS A", {"ZOE"}, "F", "1975-12-31", ""})), "INSI_UNAVAILABLE");
  EXPECT_EQ(next(), v1::INSI_AVAILABILITY_DEGRADED);
  EXPECT_EQ(told.state().insi_fault().code(), "insi_102");
  EXPECT_THAT(told.state().remedy(), HasSubstr("identité provisoire"));
  world_.stop_insi();
  EXPECT_EQ(code_of(ask(kAdrun)), "INSI_UNREACHABLE");
  EXPECT_EQ(next(), v1::INSI_AVAILABILITY_DOWN);
  EXPECT_TRUE(told.state().has_last_answer_time());
  grpc::ClientContext once;
  v1::GetInsiStateResponse now;
  ASSERT_TRUE(client_->insi_->GetInsiState(&once, {}, &now).ok());
  EXPECT_EQ(now.state().SerializeAsString(), told.state().SerializeAsString());
  context.TryCancel();
}

class InsiClockTest : public InsiDesk {
 protected:
  InsiClockTest() : InsiDesk("date_shift_s = 600\n") {}
};

TEST_F(InsiClockTest, ADeskIsToldThatItsClockIsWrong) {
  grpc::ClientContext context;
  context.set_deadline(deadline());
  const auto stream = client_->insi_->WatchInsiState(&context, {});
  v1::WatchInsiStateResponse told;
  ASSERT_TRUE(stream->Read(&told));
  EXPECT_FALSE(told.state().has_clock_skew());
  EXPECT_THAT(expect_value(ask(kAdrun)).warnings(), Contains("CLOCK_SKEWED"));
  while (!told.state().has_clock_skew()) ASSERT_TRUE(stream->Read(&told));
  EXPECT_NEAR(static_cast<double>(told.state().clock_skew().seconds()), 600, 30);
  context.TryCancel();
  const auto state = world_.run({"insctl", "insi", "state"});
  EXPECT_EQ(state.status, 0) << state.err;
  EXPECT_THAT(state.out, HasSubstr("mettre ce poste à l'heure"));
}

}  // namespace
}  // namespace insd::test
