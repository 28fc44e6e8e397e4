// SPDX-License-Identifier: Apache-2.0
#include "drivers/iso7816/apdu.h"

#include <gtest/gtest.h>

#include "tests/unit/drivers/expect_error.h"
#include "tests/unit/drivers/scripted_channel.h"

namespace insd::iso7816 {
namespace {

using test::code_of;
using test::error_of;
using test::FunctionChannel;
using test::ScriptedChannel;

const Command kSelectMf{.cla = 0x00, .ins = 0xA4, .p1 = 0x00, .p2 = 0x00, .data = {0x3F, 0x00}, .le = {}};
const Command kRead256{.cla = 0x00, .ins = 0xB0, .p1 = 0x82, .p2 = 0x00, .data = {}, .le = 256};

TEST(Command, CaseOneCarriesAZeroP3) {
  const Command verify{.cla = 0x00, .ins = 0x20, .p1 = 0x00, .p2 = 0x01, .data = {}, .le = {}};
  EXPECT_EQ(to_hex(verify.encode()), "0020000100");
}

TEST(Command, CaseTwoCarriesLe) {
  Command read = kRead256;
  EXPECT_EQ(to_hex(read.encode()), "00B0820000");
  read.le = 12;
  EXPECT_EQ(to_hex(read.encode()), "00B082000C");
}

TEST(Command, CaseFourGoesWithoutLe) {
  Command select = kSelectMf;
  select.le = 256;
  EXPECT_EQ(to_hex(select.encode()), "00A40000023F00");
}

TEST(Command, RefusesWhatDoesNotFitAShortApdu) {
  Command command = kSelectMf;
  command.data.assign(255, 0xAA);
  EXPECT_EQ(command.encode().size(), 260U);
  command.data.push_back(0xAA);
  EXPECT_EQ(code_of([&] { return command.encode(); }), Code::INTERNAL);
  Command read = kRead256;
  for (const auto le : {std::uint16_t{0}, std::uint16_t{257}}) {
    read.le = le;
    EXPECT_EQ(code_of([&] { return read.encode(); }), Code::INTERNAL) << le;
  }
}

TEST(Transmit, GivesDataAndStatusWord) {
  ScriptedChannel card({{"00B0820000", "0102 6982"}});
  const Response response = transmit(card, kRead256);
  EXPECT_EQ(response.data, from_hex("0102"));
  EXPECT_EQ(response.sw, 0x6982);
  EXPECT_FALSE(response.ok());
}

TEST(Transmit, FetchesWhatTheCardAnnounces) {
  ScriptedChannel card({
      {"00A40000023F00", "6104"},        // four bytes are ready
      {"00C0000004", "6F02 8400 9000"},  // fetched
  });
  const Response response = transmit(card, kSelectMf);
  EXPECT_EQ(response.data, from_hex("6F028400"));
  EXPECT_TRUE(response.ok());
}

TEST(Transmit, AppendsSeveralAnswersAndReads6100As256) {
  const std::string full(512, 'A');
  const std::string first = full + "6103";
  ScriptedChannel card({
      {"00A40000023F00", "6100"},
      {"00C0000000", first},  // 256 bytes, three more are ready
      {"00C0000003", "010203 9000"},
  });
  const Response response = transmit(card, kSelectMf);
  EXPECT_EQ(response.data.size(), 259U);
  EXPECT_EQ(response.data.back(), 0x03);
}

TEST(Transmit, RepeatsOnceWithTheLengthOf6Cxx) {
  ScriptedChannel card({
      {"00B0820000", "6C02"},
      {"00B0820002", "0A0B 9000"},
  });
  EXPECT_EQ(transmit(card, kRead256).data, from_hex("0A0B"));
}

TEST(Transmit, RepeatsAGetResponseToo) {
  ScriptedChannel card({
      {"00A40000023F00", "6100"},
      {"00C0000000", "6C01"},
      {"00C0000001", "55 9000"},
  });
  EXPECT_EQ(transmit(card, kSelectMf).data, from_hex("55"));
}

TEST(Transmit, GivesASecond6CxxToTheCaller) {
  ScriptedChannel card({
      {"00B0820000", "6C02"},
      {"00B0820002", "6C03"},
  });
  EXPECT_EQ(transmit(card, kRead256).sw, 0x6C03);
}

TEST(Transmit, DoesNotRepeatACommandThatCarriesData) {
  ScriptedChannel card({{"00A40000023F00", "6C02"}});
  EXPECT_EQ(transmit(card, kSelectMf).sw, 0x6C02);
}

TEST(Transmit, StopsBetweenExchanges) {
  FunctionChannel card([&](ByteView) {
    card.stop_source.request_stop();
    return from_hex("6104");
  });
  EXPECT_EQ(code_of([&] { transmit(card, kSelectMf); }), Code::CANCELLED);
  EXPECT_EQ(card.exchanges, 1);
}

TEST(TransmitOk, NamesTheStepAndTheStatusWord) {
  const struct {
    std::string_view answer;
    Code code;
  } cases[] = {
      {"6982", Code::CARD_ACCESS_DENIED}, {"6985", Code::CARD_ACCESS_DENIED},
      {"6A82", Code::NOT_FOUND},          {"6A88", Code::NOT_FOUND},
      {"6D00", Code::CARD_UNSUPPORTED},   {"6E00", Code::CARD_UNSUPPORTED},
      {"6F00", Code::CARD_PROTOCOL},      {"6283", Code::CARD_PROTOCOL},
      {"0000", Code::CARD_PROTOCOL},
  };
  for (const auto& expected : cases) {
    ScriptedChannel card({{"00A40000023F00", expected.answer}});
    const auto error = error_of([&] { transmit_ok(card, kSelectMf, "SELECT MF"); });
    ASSERT_TRUE(error) << expected.answer;
    EXPECT_EQ(error->code(), expected.code) << expected.answer;
    EXPECT_EQ(error->detail(), "SELECT MF: status " + std::string(expected.answer));
  }
}

TEST(TransmitOk, GivesTheData) {
  ScriptedChannel card({{"00B0820000", "AA 9000"}});
  EXPECT_EQ(transmit_ok(card, kRead256, "READ"), from_hex("AA"));
}

}  // namespace
}  // namespace insd::iso7816
