// SPDX-License-Identifier: Apache-2.0
// At each step of each flow: the card is taken out, reset, swapped, lies for ever, or pcscd dies under it.
#include <memory>

#include <gtest/gtest.h>

#include "drivers/card_kind.h"
#include "drivers/pcsc/card_session.h"
#include "tests/hostile/card_flow.h"
#include "tests/unit/drivers/expect_error.h"

namespace insd::test {
namespace {

class HostileFlow : public testing::TestWithParam<CardFlow> {
 protected:
  HostileFlow() {
    FlowStage stage(GetParam());
    const FlowEnd whole = stage.play();
    EXPECT_EQ(whole.code(), std::nullopt) << "a card that does not lie";
    exchanges_ = whole.exchanges;
    pins_ = whole.pins_sent;
  }

  // The flow with `result` in place of the `number`th call of `call`, and `then` before it is given.
  template <class Then>
  FlowEnd with_fault(const std::string& call, int number, LONG result, Then then) {
    FlowStage stage(GetParam());
    int count = 0;
    stage.pcscd.fault([&](std::string_view now) -> std::optional<LONG> {
      if (now != call || ++count != number) return std::nullopt;
      then(stage);
      return result;
    });
    return stage.play();
  }
  FlowEnd with_fault(const std::string& call, int number, LONG result) {
    return with_fault(call, number, result, [](FlowStage&) {});
  }
  FlowEnd with_lie(std::function<std::optional<Bytes>(std::size_t, ByteView)> lie) {
    FlowStage stage(GetParam());
    stage.lie = std::move(lie);
    return stage.play();
  }

  // A PIN that may have reached the card may have cost a try; one that did not has not.
  static void expect_honest_about_the_try(const FlowEnd& end, bool pin_under_way, const std::string& where) {
    ASSERT_TRUE(end.error) << where;
    EXPECT_EQ(end.error->try_spent(), pin_under_way ? TrySpent::UNKNOWN : TrySpent::NO) << where;
  }

  std::size_t exchanges_ = 0;
  std::size_t pins_ = 0;
};

// Which exchange of the flow carries the PIN; 0: none.
std::size_t pin_exchange(const CardFlow& flow) {
  FlowStage stage(flow);
  std::size_t at = 0;
  stage.lie = [&](std::size_t number, ByteView command) -> std::optional<Bytes> {
    if (command.size() > 5 && command[1] == 0x20) at = number;
    return std::nullopt;
  };
  stage.play();
  return at;
}

TEST_P(HostileFlow, T_CARD_09_TakenOutAfterEachExchange) {
  for (std::size_t k = 0; k <= exchanges_; ++k) {
    FlowStage stage(GetParam());
    if (k == 0) stage.pcscd.eject(stage.reader);
    stage.lie = [&](std::size_t number, ByteView) -> std::optional<Bytes> {
      if (number == k) stage.pcscd.eject(stage.reader);
      return std::nullopt;
    };
    const FlowEnd end = stage.play();
    const auto expected = k == 0           ? std::optional(Code::CARD_ABSENT)
                          : k < exchanges_ ? std::optional(Code::CARD_REMOVED)
                                           : std::nullopt;
    EXPECT_EQ(end.code(), expected) << "after exchange " << k;
    EXPECT_EQ(end.exchanges, k) << "nothing is sent to a card that is gone";
  }
}

TEST_P(HostileFlow, T_CARD_09_TakenOutDuringEachExchange) {
  const std::size_t pin_at = pin_exchange(GetParam());
  const struct {
    LONG result;
    Code code;
  } ends[] = {{SCARD_E_NOT_TRANSACTED, Code::CARD_REMOVED},          // what a transmit says first
              {SCARD_W_REMOVED_CARD, Code::CARD_REMOVED},            // and later
              {SCARD_E_READER_UNAVAILABLE, Code::READER_NOT_FOUND},  // the reader went with it
              {SCARD_W_UNPOWERED_CARD, Code::CARD_MUTE},
              {SCARD_W_UNRESPONSIVE_CARD, Code::CARD_MUTE},
              {SCARD_F_UNKNOWN_ERROR, Code::READER_FAILED}};
  for (std::size_t k = 1; k <= exchanges_; ++k) {
    for (const auto& [result, code] : ends) {
      const auto where = "exchange " + std::to_string(k);
      const FlowEnd end = with_fault("Transmit", static_cast<int>(k), result);
      EXPECT_EQ(end.code(), code) << where;
      EXPECT_EQ(end.exchanges, k - 1) << where;
      expect_honest_about_the_try(end, k == pin_at, where);
    }
  }
}

TEST_P(HostileFlow, T_CARD_09_TakenOutBeforeTheFirstExchange) {
  for (const char* call : {"Connect", "Status", "BeginTransaction"}) {
    const FlowEnd end =
        with_fault(call, 1, SCARD_W_REMOVED_CARD, [](FlowStage& stage) { stage.pcscd.eject(stage.reader); });
    EXPECT_EQ(end.code(), Code::CARD_REMOVED) << call;
    EXPECT_EQ(end.exchanges, 0U) << call;
  }
}

TEST_P(HostileFlow, T_CARD_10_ResetByAnotherProgramAtEachStep) {
  const std::size_t pin_at = pin_exchange(GetParam());
  for (std::size_t k = 0; k <= exchanges_; ++k) {
    const FlowEnd end = k == 0 ? with_fault("BeginTransaction", 1, SCARD_W_RESET_CARD)
                               : with_fault("Transmit", static_cast<int>(k), SCARD_W_RESET_CARD);
    EXPECT_EQ(end.code(), Code::CARD_RESET) << k;
    EXPECT_EQ(end.exchanges, k == 0 ? 0 : k - 1) << "nothing follows by itself";
    EXPECT_EQ(end.pins_sent, pin_at != 0 && k > pin_at ? 1U : 0U) << "the PIN least of all";
    expect_honest_about_the_try(end, k == pin_at && k != 0, "exchange " + std::to_string(k));
  }
}

TEST_P(HostileFlow, T_CARD_11_AnotherCardInPlaceOfThisOneHearsNothing) {
  for (std::size_t k = 1; k <= exchanges_; ++k) {
    auto other = GetParam().card();
    const FlowEnd end =
        with_fault("Transmit", static_cast<int>(k), SCARD_E_NOT_TRANSACTED, [&](FlowStage& stage) {
          // The same kind of card, so that nothing but the failed call tells.
          stage.pcscd.insert(stage.reader, from_hex(GetParam().atr),
                             [&](ByteView command) { return other->exchange(command); });
        });
    EXPECT_EQ(end.code(), Code::CARD_REMOVED) << k;
    EXPECT_TRUE(other->log.empty()) << "what follows would mix two cards";
  }
}

TEST_P(HostileFlow, T_PCSC_01_PcscdDiesAtEachCall) {
  const auto dies = [](FlowStage& stage) { stage.pcscd.service(ScriptedPcsc::Service::ABSENT); };
  for (const char* call : {"EstablishContext", "Connect", "Status", "BeginTransaction"}) {
    const FlowEnd end = with_fault(call, 1, SCARD_E_NO_SERVICE, dies);
    EXPECT_EQ(end.code(), Code::PCSC_ABSENT) << call;
    EXPECT_EQ(end.exchanges, 0U) << call;
  }
  for (std::size_t k = 1; k <= exchanges_; ++k) {
    const FlowEnd end = with_fault("Transmit", static_cast<int>(k), SCARD_F_COMM_ERROR, dies);
    EXPECT_EQ(end.code(), Code::PCSC_LOST) << k;
    EXPECT_EQ(end.exchanges, k - 1) << k;
  }
}

TEST_P(HostileFlow, T_PCSC_01_PcscdDiesWhileTheCardIsLetGo) {
  for (const char* call : {"EndTransaction", "Disconnect", "ReleaseContext"}) {
    FlowStage stage(GetParam());
    stage.pcscd.fault([&](std::string_view now) -> std::optional<LONG> {
      if (now == call) stage.pcscd.service(ScriptedPcsc::Service::ABSENT);
      return std::nullopt;
    });
    EXPECT_EQ(stage.play().code(), std::nullopt) << call << ": the work was done";
  }
}

// Answers that a card may go on giving for ever.
std::vector<Bytes> endless_answers() {
  const auto filled = [](std::size_t size, std::uint8_t with, const char* status) {
    return Bytes(size, with) + from_hex(status);
  };
  std::vector<Bytes> answers = {{}, {0x90}, Bytes(65535, 0x90), Bytes(65538, 0x61)};
  for (const char* status : {"9000", "6100", "6101", "61FF", "6C00", "6C01", "6CFF", "6282", "6300",
                             "63C0", "6400", "6581", "6700", "6883", "6982", "6983", "6985", "6A80",
                             "6A82", "6A88", "6B00", "6D00", "6E00", "6F00", "0000", "FFFF"}) {
    for (const std::size_t size : {0U, 1U, 256U}) answers.push_back(filled(size, 0x30, status));
  }
  for (const std::uint8_t with : Bytes{0x00, 0x65, 0x80, 0xFF}) answers.push_back(filled(256, with, "9000"));
  return answers;
}

TEST_P(HostileFlow, T_CARD_03_T_CARD_04_TheSameAnswerForEverFromEachExchangeOn) {
  // Sixteen pieces of a file, each of a chain of forty: the most that any step asks for, in a dozen of steps.
  constexpr std::size_t kExchanges = 2000, kBytes = 1U << 20U;
  for (const Bytes& answer : endless_answers()) {
    for (std::size_t k = 1; k <= exchanges_; ++k) {
      const FlowEnd end = with_lie(
          [&](std::size_t number, ByteView) { return number >= k ? std::optional(answer) : std::nullopt; });
      const auto where =
          "from exchange " + std::to_string(k) + ": " + std::to_string(answer.size()) + " bytes";
      EXPECT_LT(end.exchanges, kExchanges) << where;
      EXPECT_LT(end.bytes, kBytes) << where;
      if (!end.error) continue;  // "9000" is what a card says to many a command
      const Layer layer = end.error->entry().layer;
      EXPECT_TRUE(layer == Layer::CARD || layer == Layer::PIN || layer == Layer::TOKEN)
          << where << ": " << end.error->what();
    }
  }
}

TEST_P(HostileFlow, T_CARD_03_SuccessWithoutDataIsAProtocolError) {
  // Where data is due at all: a flow of a whole card cannot be read from nothing.
  const FlowEnd end = with_lie([](std::size_t, ByteView) { return from_hex("9000"); });
  if (GetParam().name.starts_with("vitale") || GetParam().name == "cps layout" ||
      GetParam().name.ends_with("certificate")) {
    EXPECT_EQ(end.code(), Code::CARD_PROTOCOL);
    EXPECT_LT(end.exchanges, 10U);
  }
}

std::string test_name(const testing::TestParamInfo<CardFlow>& info) {
  std::string name;
  for (const char c : info.param.name) name.push_back(c == ' ' ? '_' : c);
  return name;
}
INSTANTIATE_TEST_SUITE_P(Every, HostileFlow, testing::ValuesIn(card_flows()), test_name);

// ---- recognising a card: its answer to reset, before anything is sent ----

const char* const kKnownAtrs[] = {
    "3B751300004509EA9000", "3F65250022096990 00", "3BAC00402A00122500648000031000 9000",
    "3B8F80010031B86404B0ECC1739401808290000E", "3B9B188001001225006480040100009044"};

TEST(HostileAtr, T_CARD_01_HistoricalBytesShorterThanAnnounced) {
  for (const char* known : kKnownAtrs) {
    const Bytes whole = from_hex(known);
    ASSERT_NE(classify_atr(whole), CardKind::UNKNOWN) << known;
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const ByteView cut = ByteView(whole).first(size);
      EXPECT_EQ(classify_atr(cut), CardKind::UNKNOWN) << known << " cut to " << size;
      // The whole way: taken as it is, and by no means as the card that it resembles.
      ScriptedPcsc pcscd;
      pcscd.add_reader("Reader A");
      pcscd.insert("Reader A", {cut.begin(), cut.end()});
      pcsc::Context context(pcscd.api());
      const pcsc::CardConnection connection(context, "Reader A", std::chrono::milliseconds(0), {});
      EXPECT_EQ(connection.atr(), Bytes(cut.begin(), cut.end()));
    }
    for (unsigned count = 0; count < 16; ++count) {
      Bytes lying = whole;
      lying[1] = static_cast<std::uint8_t>((lying[1] & 0xF0U) | count);
      EXPECT_EQ(classify_atr(lying) != CardKind::UNKNOWN, lying == whole) << known << " announces " << count;
    }
  }
}

TEST(HostileAtr, T_CARD_09_TakenOutWhileItIsRecognised) {
  ScriptedPcsc pcscd;
  pcscd.add_reader("Reader A");
  pcscd.insert("Reader A", from_hex(kKnownAtrs[0]));
  {
    pcsc::Context context(pcscd.api());
    const pcsc::CardConnection connection(context, "Reader A", std::chrono::milliseconds(0), {});
    pcscd.eject("Reader A");
    EXPECT_EQ(code_of([&] { return connection.atr(); }), Code::CARD_REMOVED);
    EXPECT_EQ(code_of([&] { pcsc::CardConnection(context, "Reader A", std::chrono::milliseconds(0), {}); }),
              Code::CARD_ABSENT);
  }
  EXPECT_EQ(pcscd.open_cards(), 0U);
}

}  // namespace
}  // namespace insd::test
