// SPDX-License-Identifier: Apache-2.0
#include "drivers/iso7816/apdu.h"

#include "drivers/base/error.h"

namespace insd::iso7816 {
namespace {

constexpr std::size_t kMaxData = 255;
constexpr std::size_t kMaxAnswerData = 256;  // of a short command: SW2 and Le = 00 mean 256
constexpr std::size_t kHeader = 4;

Error protocol_error(std::string text) {
  return Error(Code::CARD_PROTOCOL, std::move(text));
}

Bytes get_response(std::uint8_t available) {
  return {0x00, 0xC0, 0x00, 0x00, available};
}

// How many data bytes the card may answer to `command`. A card on T=1 may answer a case-4 command at once.
std::size_t most_allowed(const Bytes& command) {
  const bool with_le = command.size() == kHeader + 1 && command[kHeader] != 0;
  return with_le ? command[kHeader] : kMaxAnswerData;
}

// One exchange, its status word split off.
Response exchange_once(Channel& channel, const Bytes& command) {
  if (channel.stop().stop_requested()) throw Error(Code::CANCELLED, "between two card commands");
  Response response;
  response.data = channel.exchange(command);
  const std::size_t size = response.data.size();
  if (size < 2) throw protocol_error("an answer without a status word");
  response.sw = static_cast<std::uint16_t>(response.data[size - 2] << 8U | response.data[size - 1]);
  response.data.resize(size - 2);
  if (response.data.size() > most_allowed(command)) throw protocol_error("more bytes than were asked for");
  return response;
}

}  // namespace

Bytes Command::encode() const {
  if (data.size() > kMaxData || (le && (*le == 0 || *le > kMaxAnswerData))) {
    throw Error(Code::INTERNAL, "a command that does not fit a short APDU");
  }
  Bytes bytes = {cla, ins, p1, p2};
  if (data.empty()) {
    // Without Le the fifth byte is 00 all the same: a T=0 command always has a P3.
    bytes.push_back(static_cast<std::uint8_t>(le.value_or(0) & 0xFFU));
    return bytes;
  }
  bytes.push_back(static_cast<std::uint8_t>(data.size()));
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

Response transmit(Channel& channel, const Command& command, const Limits& limits) {
  Bytes next = command.encode();
  Bytes collected;
  bool repeated = false;
  for (int count = 0; count < limits.max_exchanges; ++count) {
    Response answer = exchange_once(channel, next);
    const auto sw1 = static_cast<std::uint8_t>(answer.sw >> 8U);
    const auto sw2 = static_cast<std::uint8_t>(answer.sw & 0xFFU);
    const bool has_no_data = next.size() == kHeader + 1;
    if (sw1 == 0x6C && has_no_data && !repeated) {
      next[kHeader] = sw2;
      repeated = true;
      continue;
    }
    if (answer.data.size() > limits.max_bytes - collected.size()) {
      throw protocol_error("an answer longer than any this command may have");
    }
    collected.insert(collected.end(), answer.data.begin(), answer.data.end());
    if (sw1 != 0x61) return {std::move(collected), answer.sw};
    next = get_response(sw2);
    repeated = false;
  }
  throw protocol_error("a chain of answers without end");
}

Error sw_error(std::uint16_t sw, std::string_view what) {
  const auto code = [&] {
    switch (sw) {
      case 0x6982:
      case 0x6985:
        return Code::CARD_ACCESS_DENIED;
      case 0x6A82:
      case 0x6A88:
        return Code::NOT_FOUND;
      case 0x6D00:
      case 0x6E00:
        return Code::CARD_UNSUPPORTED;
      default:
        return Code::CARD_PROTOCOL;
    }
  }();
  return Error(code, std::string(what) + ": status " + sw_text(sw));
}

Bytes transmit_ok(Channel& channel, const Command& command, std::string_view what, const Limits& limits) {
  Response response = transmit(channel, command, limits);
  if (!response.ok()) throw sw_error(response.sw, what);
  return std::move(response.data);
}

std::string sw_text(std::uint16_t sw) {
  const std::uint8_t bytes[] = {static_cast<std::uint8_t>(sw >> 8U), static_cast<std::uint8_t>(sw & 0xFFU)};
  return to_hex(bytes);
}

}  // namespace insd::iso7816
