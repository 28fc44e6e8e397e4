// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <reader.h>

#include "drivers/pcsc/features.h"
#include "tests/unit/drivers/expect_error.h"
#include "tests/unit/drivers/scripted_pcsc.h"

namespace insd::pcsc {
namespace {

using test::code_of;

TEST(PcscFeatures, AReaderWithAPinPad) {
  const Features features =
      parse_features(from_hex("06 04 42330006  0A 04 4233000A  12 04 42330012  07 04 42330007"));
  EXPECT_EQ(features.verify_pin_direct, DWORD{0x42330006});
  EXPECT_EQ(features.modify_pin_direct, DWORD{0x42330007});
  EXPECT_EQ(features.pin_properties, DWORD{0x4233000A});
  EXPECT_EQ(features.tlv_properties, DWORD{0x42330012});
  EXPECT_TRUE(features.pin_pad());
}

TEST(PcscFeatures, TwoHalvesMakeAPinPadAndPropertiesDoNot) {
  EXPECT_TRUE(parse_features(from_hex("01 04 00000001  02 04 00000002")).pin_pad());
  EXPECT_FALSE(parse_features(from_hex("01 04 00000001")).pin_pad());
  EXPECT_FALSE(parse_features(from_hex("0A 04 4233000A  12 04 42330012  13 04 00000001")).pin_pad());
  EXPECT_FALSE(parse_features(from_hex("06 04 00000000")).pin_pad());
  EXPECT_EQ(parse_features({}), Features());
}

TEST(PcscFeatures, AListThatIsNotWellFormedIsNotBelieved) {
  for (const char* list : {"06", "0604", "06 04 423300", "06 04 42330006 07", "06 03 423306 00",
                           "06 05 4233000600", "06 00", "06 FF 42330006", "07 04 42330007 06 05 42330006"}) {
    EXPECT_EQ(parse_features(from_hex(list)), Features()) << list;
  }
  EXPECT_EQ(parse_features(Bytes(1'000'000, 0x06)), Features());
  Bytes long_list;
  const Bytes entry = from_hex("06 04 42330006");
  for (int i = 0; i < 257; ++i) long_list.insert(long_list.end(), entry.begin(), entry.end());
  EXPECT_EQ(parse_features(long_list), Features());
}

TEST(PcscFeatures, OfARepeatedTagTheFirstCounts) {
  EXPECT_EQ(parse_features(from_hex("06 04 00000001  06 04 00000002")).verify_pin_direct, DWORD{1});
}

PcscApi answering(const test::ScriptedPcsc& pcscd, LONG result, Bytes list, DWORD announced) {
  PcscApi api = pcscd.api();
  api.control = [result, list = std::move(list), announced](SCARDHANDLE, DWORD code, const unsigned char*,
                                                            DWORD, unsigned char* out, DWORD room,
                                                            DWORD* length) {
    EXPECT_EQ(code, DWORD{CM_IOCTL_GET_FEATURE_REQUEST});
    EXPECT_GE(room, list.size());
    std::copy(list.begin(), list.end(), out);
    *length = announced;
    return result;
  };
  return api;
}

TEST(PcscFeatures, TheDriverIsAskedAndItsLiesAreNotFollowed) {
  const test::ScriptedPcsc pcscd;
  const Bytes pin_pad = from_hex("06 04 42330006");
  EXPECT_TRUE(read_features(answering(pcscd, SCARD_S_SUCCESS, pin_pad, 6), 1)->pin_pad());
  EXPECT_FALSE(read_features(answering(pcscd, SCARD_S_SUCCESS, pin_pad, 0), 1)->pin_pad());
  EXPECT_FALSE(read_features(answering(pcscd, SCARD_S_SUCCESS, pin_pad, 1U << 30U), 1)->pin_pad());
  EXPECT_FALSE(read_features(answering(pcscd, SCARD_E_UNSUPPORTED_FEATURE, pin_pad, 6), 1)->pin_pad());
  EXPECT_FALSE(read_features(answering(pcscd, SCARD_E_NOT_TRANSACTED, pin_pad, 6), 1)->pin_pad());
  EXPECT_FALSE(read_features(answering(pcscd, SCARD_E_SHARING_VIOLATION, {}, 0), 1))
      << "another program keeps it from answering";
  const PcscApi lost = answering(pcscd, SCARD_F_COMM_ERROR, {}, 0);
  EXPECT_EQ(code_of([&] { read_features(lost, 1); }), Code::PCSC_LOST);
}

}  // namespace
}  // namespace insd::pcsc
