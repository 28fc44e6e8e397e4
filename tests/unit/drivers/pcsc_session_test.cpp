// SPDX-License-Identifier: Apache-2.0
#include <thread>

#include <gtest/gtest.h>

#include "drivers/pcsc/card_session.h"
#include "tests/unit/drivers/expect_error.h"
#include "tests/unit/drivers/scripted_pcsc.h"

namespace insd::pcsc {
namespace {

using namespace std::chrono_literals;
using test::code_of;
using test::ScriptedPcsc;

const std::string kReader = "Reader A";
const Bytes kAtr = from_hex("3B751300004509EA9000");
const Bytes kSelect = from_hex("00A40000023F00");

class PcscSession : public testing::Test {
 protected:
  PcscSession() {
    pcscd_.add_reader(kReader);
    pcscd_.insert(kReader, kAtr, [](ByteView) { return from_hex("AABB9000"); });
    context_.emplace(pcscd_.api());
  }
  ~PcscSession() override {
    context_.reset();
    EXPECT_EQ(pcscd_.open_transactions(), 0);
    EXPECT_EQ(pcscd_.open_cards(), 0U);
    EXPECT_EQ(pcscd_.open_contexts(), 0U);
  }

  void fail(std::string call, LONG result) {
    pcscd_.fault([call = std::move(call), result](std::string_view now) -> std::optional<LONG> {
      return now == call ? std::optional(result) : std::nullopt;
    });
  }

  ScriptedPcsc pcscd_;
  std::optional<Context> context_;
  std::stop_source stop_;
};

TEST_F(PcscSession, TalksToTheCardInsideATransaction) {
  CardConnection connection(*context_, kReader, 0ms, stop_.get_token());
  EXPECT_EQ(connection.atr(), kAtr);
  CardSession session(connection, stop_.get_token());
  EXPECT_EQ(pcscd_.open_transactions(), 1);
  EXPECT_EQ(session.exchange(kSelect), from_hex("AABB9000"));
  EXPECT_EQ(session.exchanges(), 1U);
  EXPECT_EQ(session.bytes(), kSelect.size() + 4);
  EXPECT_EQ(pcscd_.last_pci(), SCARD_PCI_T0);
}

TEST_F(PcscSession, UsesThePciOfTheProtocol) {
  PcscApi api = pcscd_.api();
  api.connect = [&](SCARDCONTEXT context, const char* reader, DWORD share, DWORD, SCARDHANDLE* card,
                    DWORD* protocol) {
    EXPECT_EQ(share, DWORD{SCARD_SHARE_SHARED});
    return pcscd_.api().connect(context, reader, share, SCARD_PROTOCOL_T1, card, protocol);
  };
  Context context(api);
  CardConnection connection(context, kReader, 0ms, stop_.get_token());
  CardSession session(connection, stop_.get_token());
  session.exchange(kSelect);
  EXPECT_EQ(pcscd_.last_pci(), SCARD_PCI_T1);
}

TEST_F(PcscSession, RefusesAProtocolItDidNotAskFor) {
  PcscApi api = pcscd_.api();
  api.connect = [&](SCARDCONTEXT context, const char* reader, DWORD share, DWORD protocols, SCARDHANDLE* card,
                    DWORD* protocol) {
    const LONG result = pcscd_.api().connect(context, reader, share, protocols, card, protocol);
    *protocol = SCARD_PROTOCOL_RAW;
    return result;
  };
  Context context(api);
  EXPECT_EQ(code_of([&] { CardConnection(context, kReader, 0ms, stop_.get_token()); }), Code::CARD_PROTOCOL);
}

TEST_F(PcscSession, LeavesTheCardUnlessToldToResetIt) {
  { const CardConnection connection(*context_, kReader, 0ms, {}); }
  EXPECT_EQ(pcscd_.last_disposition(), DWORD{SCARD_LEAVE_CARD});
  {
    CardConnection connection(*context_, kReader, 0ms, {});
    connection.at_end(AtEnd::RESET);
  }
  EXPECT_EQ(pcscd_.last_disposition(), DWORD{SCARD_RESET_CARD});
}

TEST_F(PcscSession, SaysWhyThereIsNoConnection) {
  const auto connect = [&](const std::string& reader) {
    return code_of([&] { CardConnection(*context_, reader, 0ms, stop_.get_token()); });
  };
  EXPECT_EQ(connect("Reader B"), Code::READER_NOT_FOUND);
  pcscd_.insert_mute(kReader);
  EXPECT_EQ(connect(kReader), Code::CARD_MUTE);
  pcscd_.eject(kReader);
  EXPECT_EQ(connect(kReader), Code::CARD_ABSENT);
  pcscd_.service(ScriptedPcsc::Service::ABSENT);
  EXPECT_EQ(connect(kReader), Code::PCSC_ABSENT);
}

TEST_F(PcscSession, ALostServiceIsSaidInEveryCall) {
  CardConnection connection(*context_, kReader, 0ms, {});
  CardSession session(connection, {});
  pcscd_.service(ScriptedPcsc::Service::ABSENT);
  EXPECT_EQ(code_of([&] { return connection.atr(); }), Code::PCSC_LOST);
  EXPECT_EQ(code_of([&] { session.exchange(kSelect); }), Code::PCSC_LOST);
}

TEST_F(PcscSession, AResetByAnotherProgramIsSaidAndNotRepaired) {
  CardConnection connection(*context_, kReader, 0ms, {});
  fail("BeginTransaction", SCARD_W_RESET_CARD);
  EXPECT_EQ(code_of([&] { CardSession(connection, {}); }), Code::CARD_RESET);
  pcscd_.fault({});
  CardSession session(connection, {});
  fail("Transmit", SCARD_W_RESET_CARD);
  EXPECT_EQ(code_of([&] { session.exchange(kSelect); }), Code::CARD_RESET);
  EXPECT_EQ(pcscd_.calls("Reconnect"), 0);
}

TEST_F(PcscSession, AFailedTransmitEndsTheSession) {
  const struct {
    LONG result;
    Code code;
  } cases[] = {{SCARD_E_NOT_TRANSACTED, Code::CARD_REMOVED},
               {SCARD_W_REMOVED_CARD, Code::CARD_REMOVED},
               {SCARD_W_RESET_CARD, Code::CARD_RESET},
               {SCARD_E_READER_UNAVAILABLE, Code::READER_NOT_FOUND},
               {SCARD_F_COMM_ERROR, Code::PCSC_LOST},
               {SCARD_E_INSUFFICIENT_BUFFER, Code::CARD_PROTOCOL},
               {0x12345678, Code::READER_FAILED}};
  for (const auto& expected : cases) {
    CardConnection connection(*context_, kReader, 0ms, {});
    CardSession session(connection, {});
    fail("Transmit", expected.result);
    EXPECT_EQ(code_of([&] { session.exchange(kSelect); }), expected.code);
    pcscd_.fault({});
    const int sent = pcscd_.calls("Transmit");
    EXPECT_EQ(code_of([&] { session.exchange(kSelect); }), expected.code);
    EXPECT_EQ(pcscd_.calls("Transmit"), sent) << "something was sent in a session that had ended";
  }
}

TEST_F(PcscSession, AStatusWordDoesNotEndTheSession) {
  CardConnection connection(*context_, kReader, 0ms, {});
  CardSession session(connection, {});
  pcscd_.insert(kReader, kAtr, [](ByteView) { return from_hex("6F00"); });
  EXPECT_EQ(session.exchange(kSelect), from_hex("6F00"));
  EXPECT_EQ(session.exchange(kSelect), from_hex("6F00"));
}

TEST_F(PcscSession, StopsBeforeAnythingIsSent) {
  CardConnection connection(*context_, kReader, 0ms, stop_.get_token());
  CardSession session(connection, stop_.get_token());
  stop_.request_stop();
  EXPECT_EQ(code_of([&] { session.exchange(kSelect); }), Code::CANCELLED);
  EXPECT_EQ(code_of([&] { CardSession(connection, stop_.get_token()); }), Code::CANCELLED);
  EXPECT_EQ(code_of([&] { CardConnection(*context_, kReader, 0ms, stop_.get_token()); }), Code::CANCELLED);
  EXPECT_EQ(pcscd_.calls("Transmit"), 0);
}

TEST_F(PcscSession, RefusesCommandsOfImpossibleLength) {
  CardConnection connection(*context_, kReader, 0ms, {});
  CardSession session(connection, {});
  EXPECT_EQ(code_of([&] { session.exchange(Bytes(3)); }), Code::INTERNAL);
  EXPECT_EQ(code_of([&] { session.exchange(Bytes(65545)); }), Code::INTERNAL);
  EXPECT_EQ(pcscd_.calls("Transmit"), 0);
}

TEST_F(PcscSession, TheReaderItselfWorksOnTheCardInTheSameTransaction) {
  Bytes asked;
  pcscd_.driver(kReader, [&](DWORD code, ByteView in) -> std::optional<Bytes> {
    EXPECT_EQ(code, DWORD{0x42330006});
    EXPECT_EQ(pcscd_.open_transactions(), 1);
    asked.assign(in.begin(), in.end());
    return from_hex("9000");
  });
  CardConnection connection(*context_, kReader, 0ms, {});
  CardSession session(connection, {});
  EXPECT_EQ(session.control(0x42330006, kSelect), from_hex("9000"));
  EXPECT_EQ(asked, kSelect);
  EXPECT_EQ(session.exchange(kSelect), from_hex("AABB9000"));
}

TEST_F(PcscSession, AFailedOrderToTheReaderEndsTheSession) {
  pcscd_.driver(kReader, [](DWORD code, ByteView) -> std::optional<Bytes> {
    return code == 1 ? std::optional(from_hex("90")) : std::nullopt;
  });
  for (const auto& [order, expected] :
       {std::pair<DWORD, Code>{1, Code::CARD_PROTOCOL}, std::pair<DWORD, Code>{2, Code::READER_FAILED}}) {
    CardConnection connection(*context_, kReader, 0ms, {});
    CardSession session(connection, {});
    EXPECT_EQ(code_of([&] { session.control(order, kSelect); }), expected);
    EXPECT_TRUE(session.broken());
    EXPECT_EQ(code_of([&] { session.exchange(kSelect); }), expected);
    EXPECT_EQ(code_of([&] { session.control(order, kSelect); }), expected);
  }
  EXPECT_EQ(pcscd_.calls("Transmit"), 0) << "something was sent in a session that had ended";
  EXPECT_EQ(pcscd_.calls("Control"), 2);
  CardConnection connection(*context_, kReader, 0ms, stop_.get_token());
  CardSession session(connection, stop_.get_token());
  stop_.request_stop();
  EXPECT_EQ(code_of([&] { session.control(1, kSelect); }), Code::CANCELLED);
  EXPECT_EQ(pcscd_.calls("Control"), 2);
}

TEST_F(PcscSession, WaitsForAnExclusiveProgramToLetGo) {
  pcscd_.hold(kReader, true);
  std::jthread holder([&] {
    EXPECT_TRUE(pcscd_.wait_for_calls("Connect", 3));
    pcscd_.hold(kReader, false);
  });
  const CardConnection connection(*context_, kReader, 30s, stop_.get_token());
  EXPECT_EQ(connection.atr(), kAtr);
}

TEST_F(PcscSession, CanBeStoppedWhileItWaitsForTheReader) {
  pcscd_.hold(kReader, true);
  std::jthread caller([&] {
    EXPECT_TRUE(pcscd_.wait_for_calls("Connect", 2));
    stop_.request_stop();
  });
  EXPECT_EQ(code_of([&] { CardConnection(*context_, kReader, 1h, stop_.get_token()); }), Code::CANCELLED);
}

}  // namespace
}  // namespace insd::pcsc
