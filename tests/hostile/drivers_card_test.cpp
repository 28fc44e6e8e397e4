// SPDX-License-Identifier: Apache-2.0
// Cards that lie, below any driver: status words, lengths, files, TLV.
#include <chrono>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "drivers/iso7816/files.h"
#include "drivers/iso7816/tlv.h"
#include "drivers/pcsc/card_session.h"
#include "tests/unit/drivers/expect_error.h"
#include "tests/unit/drivers/monitor_run.h"
#include "tests/unit/drivers/scripted_channel.h"
#include "tests/unit/drivers/scripted_pcsc.h"

namespace insd {
namespace {

using namespace std::chrono_literals;
using iso7816::Command;
using iso7816::find_path;
using iso7816::parse_tlv;
using iso7816::read_binary;
using iso7816::transmit;
using test::code_of;
using test::FunctionChannel;
using test::ScriptedPcsc;

const std::string kReader = "Reader A";
const Command kSelect{.cla = 0x00, .ins = 0xA4, .p1 = 0x00, .p2 = 0x00, .data = {0x3F, 0x00}, .le = {}};
const Command kRead{.cla = 0x00, .ins = 0xB0, .p1 = 0x00, .p2 = 0x00, .data = {}, .le = 256};

Bytes with_status(Bytes data, std::uint8_t sw1, std::uint8_t sw2) {
  data.insert(data.end(), {sw1, sw2});
  return data;
}

// Reads kReader's ATR by both ways, after pcscd has announced `length` bytes for it.
struct AtrSeen {
  std::optional<Bytes> monitor, connection;
};
AtrSeen see_atr(const Bytes& atr, std::optional<DWORD> announced) {
  ScriptedPcsc pcscd;
  pcscd.add_reader(kReader);
  pcscd.insert(kReader, atr);
  if (announced) pcscd.announce_atr_length(kReader, *announced);
  AtrSeen seen;
  test::MonitorRun monitor(pcscd.api());
  const auto snapshot = monitor.wait_for(test::reader_is(kReader, pcsc::SlotState::PRESENT));
  if (snapshot) seen.monitor = snapshot->slots[0].atr;
  pcsc::Context context(pcscd.api());
  pcsc::CardConnection connection(context, kReader, 0ms, {});
  try {
    seen.connection = connection.atr();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::CARD_PROTOCOL);
  }
  return seen;
}

TEST(HostileCard, T_CARD_01_AtrOfAnyLengthIsTakenOrRefusedWhole) {
  for (const std::size_t length : {0U, 1U, 2U, 33U}) {
    const Bytes atr(length, 0x3B);
    const AtrSeen seen = see_atr(atr, {});
    EXPECT_EQ(seen.monitor, atr) << length;
    EXPECT_EQ(seen.connection, atr) << length;
  }
  for (const DWORD announced : {DWORD{34}, DWORD{255}, DWORD{0xFFFFFFFF}}) {
    const AtrSeen seen = see_atr(Bytes(33, 0x3B), announced);
    EXPECT_EQ(seen.monitor, Bytes()) << announced;
    EXPECT_EQ(seen.connection, std::nullopt) << announced;
  }
}

TEST(HostileCard, T_CARD_01_AtrThatChangesBetweenEventsIsSeen) {
  ScriptedPcsc pcscd;
  pcscd.add_reader(kReader);
  test::MonitorRun monitor(pcscd.api());
  for (std::uint8_t i = 1; i < 20; ++i) {
    const Bytes atr(i, i);
    pcscd.insert(kReader, atr);
    EXPECT_TRUE(monitor.wait_for(
        [&](const pcsc::Snapshot& now) { return !now.slots.empty() && now.slots[0].atr == atr; }));
  }
}

// A card in the scripted pcscd, and a session with it: the whole way that bytes come in.
class HostileSession : public testing::Test {
 protected:
  HostileSession() { pcscd_.add_reader(kReader); }
  ~HostileSession() override {
    session_.reset();
    connection_.reset();
    context_.reset();
    EXPECT_EQ(pcscd_.open_transactions(), 0);
    EXPECT_EQ(pcscd_.open_cards(), 0U);
    EXPECT_EQ(pcscd_.open_contexts(), 0U);
  }

  pcsc::CardSession& session(ScriptedPcsc::Card card) {
    session_.reset();
    connection_.reset();
    context_.reset();
    pcscd_.insert(kReader, from_hex("3B00"), std::move(card));
    context_.emplace(pcscd_.api());
    connection_.emplace(*context_, kReader, 0ms, std::stop_token());
    session_.emplace(*connection_, std::stop_token());
    return *session_;
  }

  ScriptedPcsc pcscd_;
  std::optional<pcsc::Context> context_;
  std::optional<pcsc::CardConnection> connection_;
  std::optional<pcsc::CardSession> session_;
};

TEST_F(HostileSession, T_CARD_02_AnswersOfEveryLength) {
  for (const Command& command : {kSelect, kRead}) {
    for (const std::size_t length : {0U, 1U, 2U, 3U, 256U, 257U, 258U, 259U, 65535U, 65538U, 65539U}) {
      const auto answer = [&](ByteView) { return Bytes(length, 0x90); };  // its status word reads 9090
      const auto code =
          code_of([&] { EXPECT_EQ(transmit(session(answer), command).data.size(), length - 2); });
      const bool possible = length >= 2 && length <= 258;
      EXPECT_EQ(code, possible ? std::nullopt : std::optional(Code::CARD_PROTOCOL)) << length;
    }
  }
}

TEST_F(HostileSession, T_CARD_02_AnAnswerWithoutAStatusWordIsRefusedOnEachFloor) {
  for (const std::size_t length : {0U, 1U}) {
    const auto answer = [&](ByteView) { return Bytes(length, 0x90); };
    FunctionChannel channel(answer);
    EXPECT_EQ(code_of([&] { transmit(channel, kRead); }), Code::CARD_PROTOCOL) << length;
    EXPECT_EQ(code_of([&] { session(answer).exchange(kRead.encode()); }), Code::CARD_PROTOCOL) << length;
  }
}

TEST_F(HostileSession, T_CARD_02_MoreThanWasAskedForIsRefused) {
  Command read = kRead;
  read.le = 4;
  const auto answer = [](ByteView) { return with_status(Bytes(5), 0x90, 0x00); };
  EXPECT_EQ(code_of([&] { transmit(session(answer), read); }), Code::CARD_PROTOCOL);
}

TEST_F(HostileSession, T_CARD_02_StatusWordsOfEveryValueEndInAnAnswerOrAnError) {
  for (unsigned sw = 0; sw <= 0xFFFF; sw += 7) {
    FunctionChannel card([&](ByteView) {
      return with_status({}, static_cast<std::uint8_t>(sw >> 8U), static_cast<std::uint8_t>(sw & 0xFFU));
    });
    const auto code = code_of([&] { EXPECT_EQ(transmit(card, kRead).sw, sw); });
    EXPECT_EQ(code, sw >> 8U == 0x61 ? std::optional(Code::CARD_PROTOCOL) : std::nullopt) << std::hex << sw;
  }
}

TEST_F(HostileSession, T_CARD_03_SuccessWithoutDataForEver) {
  auto& card = session([](ByteView) { return from_hex("9000"); });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(code_of([&] { read_binary(card); }), Code::CARD_PROTOCOL);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);  // a hang bound
  EXPECT_LE(card.exchanges(), 2U);
}

TEST_F(HostileSession, T_CARD_03_AFileWithoutEnd) {
  auto& card = session([](ByteView) { return with_status(Bytes(256, 0xAA), 0x90, 0x00); });
  EXPECT_EQ(read_binary(card).size(), 16384U);
  EXPECT_EQ(card.exchanges(), 64U);
}

TEST(HostileChain, T_CARD_04_AnnouncementsWithoutEnd) {
  for (const std::uint8_t announced : Bytes{0x00, 0x01, 0xFF}) {
    FunctionChannel empty([&](ByteView) { return with_status({}, 0x61, announced); });
    EXPECT_EQ(code_of([&] { transmit(empty, kSelect); }), Code::CARD_PROTOCOL);
    EXPECT_EQ(empty.exchanges, 40);
  }
}

TEST(HostileChain, T_CARD_04_BytesWithoutEnd) {
  FunctionChannel card([](ByteView) { return with_status(Bytes(256, 0xAA), 0x61, 0x00); });
  EXPECT_EQ(code_of([&] { transmit(card, kSelect, {.max_exchanges = 1000, .max_bytes = 1000}); }),
            Code::CARD_PROTOCOL);
  EXPECT_EQ(card.exchanges, 4);
}

TEST(HostileChain, T_CARD_04_WrongLengthsThatNeverSatisfy) {
  FunctionChannel always([](ByteView) { return from_hex("6C10"); });
  EXPECT_EQ(transmit(always, kRead).sw, 0x6C10);
  EXPECT_EQ(always.exchanges, 2);
  bool announce = false;
  FunctionChannel both([&](ByteView) { return from_hex((announce = !announce) ? "6110" : "6C10"); });
  EXPECT_EQ(code_of([&] { transmit(both, kRead); }), Code::CARD_PROTOCOL);
  EXPECT_EQ(both.exchanges, 40);
}

// A file of `real` bytes, on a card that says whatever it likes about the size.
Bytes read_with_size(std::size_t real, std::optional<std::size_t> announced, std::size_t max_bytes,
                     int* exchanges) {
  FunctionChannel card([&](ByteView command) {
    const std::size_t offset = static_cast<std::size_t>(command[2]) << 8U | command[3];
    const std::size_t le = command[4] == 0 ? 256 : command[4];
    EXPECT_LT(command[2], 0x80) << "the offset wrapped into the short-id bit";
    if (offset >= real) return from_hex("6B00");
    return with_status(Bytes(std::min(le, real - offset), 0xAA), 0x90, 0x00);
  });
  const Bytes content = read_binary(card, {.sfi = {}, .known_size = announced, .max_bytes = max_bytes});
  *exchanges = card.exchanges;
  return content;
}

TEST(HostileFile, T_CARD_05_SizesThatAreNotTrue) {
  constexpr std::size_t kMax = 16384;
  int exchanges = 0;
  EXPECT_EQ(read_with_size(100, 65535, kMax, &exchanges).size(), 100U);
  EXPECT_EQ(read_with_size(100, 16U << 20U, kMax, &exchanges).size(), 100U);
  EXPECT_EQ(read_with_size(512, 65535, kMax, &exchanges).size(), 512U);
  EXPECT_EQ(read_with_size(100, 0, kMax, &exchanges).size(), 0U);
  EXPECT_EQ(exchanges, 0);
  EXPECT_EQ(read_with_size(5000, 100, kMax, &exchanges).size(), 100U);
  EXPECT_EQ(exchanges, 1);
  EXPECT_EQ(read_with_size(5000, 16U << 20U, 300, &exchanges).size(), 300U);
}

TEST(HostileFile, T_CARD_05_OffsetsDoNotWrap) {
  int exchanges = 0;
  EXPECT_EQ(read_with_size(100000, {}, 100000, &exchanges).size(), 32768U);
  EXPECT_EQ(read_with_size(100000, 65535, 100000, &exchanges).size(), 32768U);
  EXPECT_EQ(exchanges, 128);
}

TEST(HostileFile, T_CARD_05_ACorrectedLengthDoesNotBringMoreThanWasAskedFor) {
  FunctionChannel card([](ByteView command) {
    return command[4] == 0xFF ? with_status(Bytes(255, 0xAA), 0x90, 0x00) : from_hex("6CFF");
  });
  EXPECT_EQ(read_binary(card, {.sfi = {}, .known_size = 10}).size(), 10U);
}

TEST(HostileTlv, T_CARD_06_MalformedLengthsAndTags) {
  for (const auto* bytes : {
           "65",
           "6580",
           "658100",
           "65810201",
           "6584000000010A",
           "65850000000001AA",
           "65FF",
           "6503AABB",
           "6583FFFFFF",
           "7F",
           "7F81",
           "7F81818101AA",
           "1F",
           "9FFFFFFF7F00",
           "9FFFFFFFFF7F00",
           "6582",
           "658201",
           "0001AA",
       }) {
    const auto code = code_of([&] { parse_tlv(from_hex(bytes)); });
    if (std::string_view(bytes) == "658100") {
      EXPECT_EQ(code, std::nullopt);  // a length in more bytes than it needs is BER
    } else {
      EXPECT_EQ(code, Code::CARD_DATA_INVALID) << bytes;
    }
  }
}

TEST(HostileTlv, T_CARD_06_LengthOfLengthOfEveryValue) {
  for (unsigned first = 0x80; first <= 0xFF; ++first) {
    Bytes bytes = {0x65, static_cast<std::uint8_t>(first)};
    bytes.resize(200, 0x00);
    const auto code = code_of([&] { parse_tlv(bytes); });
    const bool fine = first >= 0x81 && first <= 0x83;
    EXPECT_EQ(code, fine ? std::nullopt : std::optional(Code::CARD_DATA_INVALID)) << first;
  }
}

TEST(HostileTlv, T_CARD_06_NestedTenThousandDeep) {
  constexpr std::size_t kDepth = 10000;
  Bytes bytes;
  for (std::size_t level = 0; level < kDepth; ++level) {
    const std::size_t inside = (kDepth - level - 1) * 5;
    bytes.insert(bytes.end(),
                 {0x65, 0x83, static_cast<std::uint8_t>(inside >> 16U),
                  static_cast<std::uint8_t>(inside >> 8U), static_cast<std::uint8_t>(inside & 0xFFU)});
  }
  EXPECT_EQ(parse_tlv(bytes).size(), 1U);
  const auto deep = find_path(bytes, {0x65, 0x65, 0x65, 0x65, 0x65, 0x65, 0x65, 0x65});
  ASSERT_TRUE(deep);
  EXPECT_EQ(deep->size(), (kDepth - 8) * 5);
}

TEST(HostileTlv, T_CARD_06_EveryPrefixOfAGoodFileIsAnswered) {
  const Bytes good = from_hex("6F1A840CA000000063504B43532D3135A50A7F2107 5F3704AABBCCDD 8800");
  for (std::size_t size = 0; size <= good.size(); ++size) {
    const ByteView part = ByteView(good).first(size);
    const auto code = code_of([&] { parse_tlv(part); });
    EXPECT_TRUE(!code || code == Code::CARD_DATA_INVALID) << size;
  }
  EXPECT_EQ(code_of([&] { parse_tlv(good); }), std::nullopt);
}

TEST_F(HostileSession, T_CARD_09_RemovalAtEachExchangeOfAFlow) {
  constexpr int kExchanges = 5;  // SELECT, GET RESPONSE, two READ BINARY, the 6B00 after them
  for (int removed_at = 1; removed_at <= kExchanges + 1; ++removed_at) {
    int count = 0;
    auto& card = session([&](ByteView command) {
      if (++count == removed_at) pcscd_.eject(kReader);
      if (command[1] == 0xA4) return from_hex("6102");
      if (command[1] == 0xC0) return from_hex("6F00 9000");
      return count > 4 ? from_hex("6B00") : with_status(Bytes(256, 0xAA), 0x90, 0x00);
    });
    const auto code = code_of([&] {
      transmit_ok(card, kSelect, "SELECT");
      EXPECT_EQ(read_binary(card).size(), 512U);
    });
    EXPECT_EQ(code, removed_at < kExchanges ? std::optional(Code::CARD_REMOVED) : std::nullopt) << removed_at;
  }
}

}  // namespace
}  // namespace insd
