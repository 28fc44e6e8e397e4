// SPDX-License-Identifier: Apache-2.0
// What a reader with a PIN pad is sent, byte for byte (PC/SC part 10). No real pad has been met: this double
// proves the block and what is made of its answers, nothing more.
#include "drivers/pcsc/pin_pad.h"

#include <cstring>

#include <gtest/gtest.h>
#include <reader.h>

#include "tests/unit/drivers/expect_error.h"
#include "tests/unit/drivers/scripted_pcsc.h"

namespace insd::pcsc {
namespace {

using namespace std::chrono_literals;
using test::code_of;

constexpr DWORD kVerifyDirect = 0x42330006;
const Bytes kAtr = from_hex("3BAC00402A001225006480000310009000");

PadVerify verify(std::size_t least, std::size_t most) {
  return {.header = {0x00, 0x20, 0x00, 0x01}, .min_length = least, .max_length = most};
}

TEST(PinPadBlock, ThePinOfACpsHasItsPlaceInTheCommand) {
  EXPECT_EQ(verify_block(verify(4, 4)), from_hex("19 19 82 04 00 0404 03 01 0C04 00 000000 09000000"
                                                 "00200001 04 FFFFFFFF"));
}

TEST(PinPadBlock, APinOfSeveralLengthsIsAppendedByTheReader) {
  EXPECT_EQ(verify_block(verify(4, 8)), from_hex("19 19 82 00 00 0804 02 01 0C04 00 000000 05000000"
                                                 "00200001 00"));
}

TEST(PinPadBlock, IsTheStructureOfTheSystemsHeader) {
  const Bytes block = verify_block(verify(4, 4));
  PIN_VERIFY_STRUCTURE as_declared{};
  ASSERT_EQ(block.size(), sizeof as_declared + 9);
  std::memcpy(&as_declared, block.data(), sizeof as_declared);
  // A plus: a copy, as a packed member cannot be referred to.
  EXPECT_EQ(as_declared.bTimerOut, 25);
  EXPECT_EQ(as_declared.bTimerOut2, 25);
  EXPECT_EQ(as_declared.bmFormatString, 0x82);
  EXPECT_EQ(as_declared.bmPINBlockString, 4);
  EXPECT_EQ(+as_declared.wPINMaxExtraDigit, 0x0404);
  EXPECT_EQ(as_declared.bEntryValidationCondition, 0x03);
  EXPECT_EQ(+as_declared.wLangId, 0x040C);
  EXPECT_EQ(+as_declared.ulDataLength, 9U);
}

TEST(PinPadBlock, LengthsThatNoPinHasAreRefused) {
  for (const auto& [least, most] : {std::pair(0, 4), std::pair(5, 4), std::pair(4, 256), std::pair(0, 0)}) {
    EXPECT_EQ(code_of([&, least = least, most = most] {
                verify_block(verify(static_cast<std::size_t>(least), static_cast<std::size_t>(most)));
              }),
              Code::INTERNAL);
  }
  for (const auto patience : {0s, 256s, -1s}) {
    PadVerify asked = verify(4, 4);
    asked.patience = patience;
    EXPECT_EQ(code_of([&] { verify_block(asked); }), Code::INTERNAL);
  }
}

// A reader with a pad, which the test plays.
class PinPadReader : public testing::Test {
 protected:
  PinPadReader() {
    pcscd_.add_reader("Pad");
    pcscd_.insert("Pad", kAtr, [](ByteView) { return from_hex("9000"); });
    api_ = pcscd_.api();
    api_.control = [this](SCARDHANDLE, DWORD code, const unsigned char* in, DWORD length, unsigned char* out,
                          DWORD room, DWORD* written) -> LONG {
      sent_.emplace_back(code, Bytes(in, in + length));
      transactions_ = pcscd_.open_transactions();
      EXPECT_GE(room, 2U);
      std::copy_n(answer_.begin(), std::min<std::size_t>(answer_.size(), room), out);
      *written = announced_.value_or(answer_.size());
      return result_;
    };
  }

  std::uint16_t ask(CardSession& session) { return verify_on_pad(session, kVerifyDirect, verify(4, 4)); }

  template <class Work>
  auto in_session(Work&& work) {
    Context context(api_);
    CardConnection connection(context, "Pad", 0ms, {});
    CardSession session(connection, stop_.get_token());
    return work(session);
  }

  test::ScriptedPcsc pcscd_;
  PcscApi api_;
  std::stop_source stop_;
  Bytes answer_ = from_hex("9000");
  std::optional<DWORD> announced_;
  LONG result_ = SCARD_S_SUCCESS;
  std::vector<std::pair<DWORD, Bytes>> sent_;
  int transactions_ = 0;
};

TEST_F(PinPadReader, IsAskedOnceInsideTheTransaction) {
  EXPECT_EQ(in_session([&](CardSession& session) { return ask(session); }), 0x9000);
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_EQ(sent_[0].first, kVerifyDirect);
  EXPECT_EQ(sent_[0].second, verify_block(verify(4, 4)));
  EXPECT_EQ(transactions_, 1) << "no other program's command comes between serial and VERIFY";
  EXPECT_EQ(pcscd_.calls("Transmit"), 0);
}

TEST_F(PinPadReader, ItsStatusWordIsGivenAsItIs) {
  for (const char* word : {"63C2", "6983", "6400", "6401", "6403", "6B80"}) {
    answer_ = from_hex(word);
    EXPECT_EQ(in_session([&](CardSession& session) { return ask(session); }),
              static_cast<std::uint16_t>(answer_[0] << 8 | answer_[1]));
  }
}

TEST_F(PinPadReader, AnAnswerThatIsNoneIsAnError) {
  for (const char* answer : {"", "90", "900000", "63C29000"}) {
    answer_ = from_hex(answer);
    EXPECT_EQ(code_of([&] { in_session([&](CardSession& session) { return ask(session); }); }),
              Code::CARD_PROTOCOL)
        << answer;
  }
  answer_ = from_hex("9000");
  announced_ = 1'000'000;
  EXPECT_EQ(code_of([&] { in_session([&](CardSession& session) { return ask(session); }); }),
            Code::CARD_PROTOCOL);
}

TEST_F(PinPadReader, AFailureEndsTheSession) {
  for (const auto& [result, code] : {std::pair(SCARD_W_REMOVED_CARD, Code::CARD_REMOVED),
                                     std::pair(SCARD_W_RESET_CARD, Code::CARD_RESET)}) {
    result_ = result;
    in_session([&, code = code](CardSession& session) {
      EXPECT_EQ(code_of([&] { ask(session); }), code);
      EXPECT_TRUE(session.broken());
      EXPECT_EQ(code_of([&] { session.exchange(from_hex("00A40000023F00")); }), code);
      return 0;
    });
  }
}

TEST_F(PinPadReader, ACallerThatHasGoneIsNotAskedFor) {
  in_session([&](CardSession& session) {
    stop_.request_stop();
    EXPECT_EQ(code_of([&] { ask(session); }), Code::CANCELLED);
    return 0;
  });
  EXPECT_TRUE(sent_.empty());
}

}  // namespace
}  // namespace insd::pcsc
