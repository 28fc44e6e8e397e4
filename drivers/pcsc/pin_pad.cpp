// SPDX-License-Identifier: Apache-2.0
#include "drivers/pcsc/pin_pad.h"

#include "drivers/base/error.h"

namespace insd::pcsc {
namespace {

constexpr std::size_t kLongestPin = 255;

// bmFormatString: the PIN begins at byte 0 of the command's data (bit 7: counted in bytes), left justified,
// ASCII.
constexpr std::uint8_t kAsciiFromByteZero = 0x82;
constexpr std::uint8_t kMaxLengthReached = 0x01, kValidationKey = 0x02;
constexpr std::uint16_t kFrench = 0x040C;  // for what the pad shows
constexpr std::uint8_t kEmptyPlace = 0xFF;

std::uint8_t low(std::size_t value) {
  return static_cast<std::uint8_t>(value & 0xFFU);
}
std::uint8_t high(std::size_t value) {
  return low(value >> 8U);
}

}  // namespace

Bytes verify_block(const PadVerify& verify) {
  if (verify.min_length == 0 || verify.min_length > verify.max_length || verify.max_length > kLongestPin ||
      verify.patience.count() < 1 || verify.patience.count() > 255) {
    throw Error(Code::INTERNAL, "a pad is told lengths that no PIN has");
  }
  const bool one_length = verify.min_length == verify.max_length;
  const std::size_t place = one_length ? verify.max_length : 0;
  const std::size_t command = verify.header.size() + 1 + place;
  const auto patience = low(static_cast<std::size_t>(verify.patience.count()));
  Bytes block = {
      patience,  // bTimerOut
      patience,  // bTimerOut2, after the first key
      kAsciiFromByteZero,
      low(place),  // bmPINBlockString: no length in the data, the place's size
      0x00,        // bmPINLengthFormat: no length to be written
      low(verify.max_length),
      low(verify.min_length),  // wPINMaxExtraDigit: most, least
      // A PIN of one length is complete without a key; some pads wait for one all the same.
      static_cast<std::uint8_t>(one_length ? kMaxLengthReached | kValidationKey : kValidationKey),
      0x01,  // bNumberMessage: one, the invitation
      low(kFrench),
      high(kFrench),
      0x00,  // bMsgIndex
      0x00,
      0x00,
      0x00,  // bTeoPrologue: the driver's, with T=1
      low(command),
      high(command),
      0x00,
      0x00,
  };
  block.insert(block.end(), verify.header.begin(), verify.header.end());
  block.push_back(low(place));
  block.insert(block.end(), place, kEmptyPlace);
  return block;
}

std::uint16_t verify_on_pad(CardSession& session, DWORD control_code, const PadVerify& verify) {
  const Bytes answer = session.control(control_code, verify_block(verify));
  if (answer.size() != 2) throw Error(Code::CARD_PROTOCOL, "PIN pad: an answer that is no status word");
  return static_cast<std::uint16_t>(answer[0] << 8 | answer[1]);
}

}  // namespace insd::pcsc
