// SPDX-License-Identifier: Apache-2.0
// What the simulator answers instead of the truth, when, and by which clock.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/simulators/insi/test/harness.h"

namespace sim_test {
namespace {

using testing::HasSubstr;
using testing::Not;

RequestParts adrun() {
  return traits_parts("ADRUN", "ZOE", "F", "1975-12-31");
}

HttpAnswer ask(const Simulator& simulator, const std::string& body) {
  return Client(simulator.port()).exchange(http_post(body));
}

std::string code_of(const HttpAnswer& answer) {
  const auto at = answer.body.find("CodeCR>");
  return at == std::string::npos ? "none" : answer.body.substr(at + 7, 2);
}

TEST(SimInsiSteps, play_in_their_order_as_often_as_they_say) {
  Simulator simulator(R"(
[[step]]
times = 1
fault = "insi_102"
[[step]]
times = 2
given_name = "ZOE"
code = "01"
[[step]]
operation = "card"
person = "ecetinsi-nia"
[[step]]
birth_place = ""
given_name = "DOMINIQUE"
soap_fault = "insi_777"
subcode = "siram_41"
severity = "grave"
role = "Receiver"
label = "Autre & inconnu"
)");
  const auto ask_of = [&](const RequestParts& parts) { return ask(simulator, signed_request(parts)); };
  EXPECT_THAT(ask_of(adrun()).body, HasSubstr("code=\"insi_102\""));
  EXPECT_EQ(code_of(ask_of(adrun())), "01");
  EXPECT_THAT(ask_of(traits_parts("ADRTROIS", "DOMINIQUE", "F", "1997-02-26")).body,
              HasSubstr("siram_41</soap:Value></soap:Subcode></soap:Code>"));
  EXPECT_EQ(code_of(ask_of(traits_parts("ADRTROIS", "DOMINIQUE", "F", "1997-02-26", "2A020"))), "00");
  EXPECT_EQ(code_of(ask_of(adrun())), "01");
  EXPECT_EQ(code_of(ask_of(adrun())), "00") << "the step was used up";
  EXPECT_THAT(ask_of(card_parts("1090763220834", "2009-07-14")).body, HasSubstr("1.2.250.1.213.1.4.9"));
  EXPECT_THAT(simulator.output_until("#7 answer"), HasSubstr("answer: fault insi_777 (fault insi_777)"));
}

TEST(SimInsiSteps, an_injected_answer_is_sent_byte_for_byte_but_not_to_a_wrong_request) {
  Simulator simulator("[[step]]\nanswer = '<x>&quot; </x>'\nstatus = 503\ncontent_type = \"text/xml\"\n");
  const auto answer = ask(simulator, signed_request(adrun()));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body, "<x>&quot; </x>");
  EXPECT_THAT(answer.head, HasSubstr("Content-Type: text/xml\r\n"));
  EXPECT_THAT(ask(simulator, replaced(signed_request(adrun()), ">991130972<", ">991130973<")).body,
              HasSubstr("sim_refused"));
}

TEST(SimInsiSteps, that_make_no_sense_are_errors) {
  const Directory directory;
  const std::string head = "certificate = \"" INSD_BUILD_DIR
                           "/pki/server/good.cert.pem\"\nkey = \"" INSD_BUILD_DIR
                           "/pki/server/good.key.pem\"\n" +
                           own_trust() + "[[step]]\n";
  const auto check = [&](const std::string& step) {
    const auto file = directory.write("insi.toml", head + step + "\n");
    run({INSD_BIN_DIR "/insd-sim-insi", "--check-config", "--config", file.string()});
  };
  EXPECT_NO_THROW(check("fault = \"html\""));
  for (const std::string step :
       {"fault = \"html\"\ncode = \"01\"", "fault = \"cut_before_read\"\nsex = \"F\"", "fautl = \"html\"",
        "person = \"nobody\"", "operation = \"both\"", "answer_file = \"absent\"", "fault = \"insi_777\""}) {
    EXPECT_THROW(check(step), std::runtime_error) << step;
  }
}

TEST(SimInsiSteps, its_clock_is_what_it_is_told) {
  Simulator ahead("clock_shift_s = 7200\n");
  const auto answer = ask(ahead, signed_request(adrun()));
  EXPECT_EQ(answer.status, 500);
  EXPECT_THAT(ahead.output_until("#1 answer"),
              HasSubstr("ContexteBAM REFUSED: Temps is more than 20 minutes old"));
  // Its Date is what its clock says: "Date: Mon, 23 Nov 2026 23:13:40 GMT".
  const auto hour = std::stoi(answer.head.substr(answer.head.find("Date: ") + 23, 2));
  const auto now = std::stoi(now_plus(2h).substr(11, 2));
  EXPECT_TRUE(hour == now || (hour + 1) % 24 == now) << answer.head;

  const Simulator lying("date_shift_s = -86400\n");
  const auto yesterday = ask(lying, signed_request(adrun()));
  EXPECT_EQ(code_of(yesterday), "00");
  const auto day = now_plus(-24h).substr(8, 2);
  const auto day_before = now_plus(-24h - 20s).substr(8, 2);
  EXPECT_THAT(yesterday.head.substr(yesterday.head.find("Date: ") + 11, 2), testing::AnyOf(day, day_before));
  const Simulator silent("date_header = false\n");
  EXPECT_THAT(ask(silent, signed_request(adrun())).head, Not(HasSubstr("Date: ")));
}

TEST(SimInsiSteps, answers_that_are_too_much) {
  const auto request = http_post(signed_request(adrun()));
  const auto first_bytes = [&](const std::string& fault, std::size_t enough) {
    const Simulator simulator("fault = \"" + fault + "\"\n");
    return Client(simulator.port()).exchange(request, enough);
  };
  EXPECT_EQ(first_bytes("huge_headers", 200'000).status, 0) << "the head goes on";
  EXPECT_THAT(first_bytes("chunk_extensions", 200'000).head, HasSubstr("Transfer-Encoding: chunked"));
  const auto bomb = first_bytes("gzip_bomb", 4 << 20);
  EXPECT_THAT(bomb.head, HasSubstr("Content-Encoding: gzip"));
  EXPECT_LT(bomb.body.size(), 2U << 20U);
  // It is gzip: what it unpacks to is blanks and far more than an answer.
  const Directory directory;
  const auto file = directory.write("bomb.gz", bomb.body).string();
  EXPECT_EQ(run({"sh", "-c", "gzip -dc " + file + " 2>&1 | head -c 1000000 | tr -d ' ' | wc -c"}), "0\n");
  EXPECT_EQ(run({"sh", "-c", "gzip -dc " + file + " 2>/dev/null | head -c 1000000 | wc -c"}), "1000000\n");
}

}  // namespace
}  // namespace sim_test
