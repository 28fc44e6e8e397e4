// SPDX-License-Identifier: Apache-2.0
#include "drivers/pcsc/errors.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include "drivers/base/bytes.h"

namespace insd::pcsc {
namespace {

struct Meaning {
  LONG result;
  std::string_view name;
  Code code;
};

#define INSD_SCARD(name, code) \
  { name, #name, Code::code }
constexpr auto kMeanings = std::to_array<Meaning>({
    INSD_SCARD(SCARD_F_COMM_ERROR, PCSC_LOST),
    INSD_SCARD(SCARD_E_SERVICE_STOPPED, PCSC_LOST),
    INSD_SCARD(SCARD_E_INVALID_HANDLE, PCSC_LOST),  // of a pcscd that ended
    INSD_SCARD(SCARD_E_NO_SERVICE, PCSC_LOST),
    INSD_SCARD(SCARD_W_SECURITY_VIOLATION, PCSC_REFUSED),
    INSD_SCARD(SCARD_E_NO_ACCESS, PCSC_LOST),  // no context was left, and now there is one
    INSD_SCARD(SCARD_E_NO_MEMORY, PCSC_OUT_OF_CONTEXTS),
    INSD_SCARD(SCARD_E_UNKNOWN_READER, READER_NOT_FOUND),
    INSD_SCARD(SCARD_E_READER_UNAVAILABLE, READER_NOT_FOUND),
    INSD_SCARD(SCARD_E_NO_READERS_AVAILABLE, READER_NOT_FOUND),
    INSD_SCARD(SCARD_E_SHARING_VIOLATION, READER_HELD),
    INSD_SCARD(SCARD_E_NO_SMARTCARD, CARD_ABSENT),
    INSD_SCARD(SCARD_W_REMOVED_CARD, CARD_REMOVED),
    // What a transmit says first when the card has just left (platform fact).
    INSD_SCARD(SCARD_E_NOT_TRANSACTED, CARD_REMOVED),
    INSD_SCARD(SCARD_W_RESET_CARD, CARD_RESET),
    INSD_SCARD(SCARD_W_UNRESPONSIVE_CARD, CARD_MUTE),
    INSD_SCARD(SCARD_W_UNPOWERED_CARD, CARD_MUTE),
    INSD_SCARD(SCARD_W_UNSUPPORTED_CARD, CARD_UNSUPPORTED),
    INSD_SCARD(SCARD_E_PROTO_MISMATCH, CARD_UNSUPPORTED),
    INSD_SCARD(SCARD_E_INSUFFICIENT_BUFFER, CARD_PROTOCOL),
    INSD_SCARD(SCARD_E_CANCELLED, CANCELLED),
    INSD_SCARD(SCARD_E_INVALID_PARAMETER, INTERNAL),
    INSD_SCARD(SCARD_E_INVALID_VALUE, INTERNAL),
});
#undef INSD_SCARD

std::string text(std::string_view call, std::string_view result) {
  return std::string(call) + ": " + std::string(result);
}

std::string hex(LONG result) {
  Bytes bytes;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    bytes.push_back(static_cast<std::uint8_t>(static_cast<unsigned long>(result) >> shift & 0xFFU));
  }
  return "0x" + to_hex(bytes);
}

// A pcscd that is away, one that refuses and one with no context left (200 in pcsc-lite 1.9) all give these,
// which of them by chance: the library only sees its connection closed.
bool ambiguous(LONG result) {
  return result == SCARD_E_NO_SERVICE || result == SCARD_E_NO_ACCESS || result == SCARD_W_SECURITY_VIOLATION;
}

}  // namespace

Error to_error(const PcscApi& api, LONG result, std::string_view call) {
  if (ambiguous(result)) {
    switch (api.probe_socket()) {
      case 0:
        break;  // it accepts and stays: the code is to be believed
      case EMFILE:
        return Error(Code::PCSC_OUT_OF_CONTEXTS, text(call, "pcscd hangs up at once"));
      case EACCES:
      case EPERM:
        return Error(Code::PCSC_REFUSED, text(call, "pcscd refuses this user"));
      default:
        return Error(Code::PCSC_ABSENT, text(call, "nobody listens on pcscd's socket"));
    }
  }
  const auto known = std::find_if(kMeanings.begin(), kMeanings.end(),
                                  [&](const Meaning& meaning) { return meaning.result == result; });
  if (known == kMeanings.end()) return Error(Code::READER_FAILED, text(call, hex(result)));
  return Error(known->code, text(call, known->name));
}

void check(const PcscApi& api, LONG result, std::string_view call) {
  if (result != SCARD_S_SUCCESS) throw to_error(api, result, call);
}

bool context_is_dead(LONG result) {
  return result == SCARD_E_NO_SERVICE || result == SCARD_E_SERVICE_STOPPED || result == SCARD_F_COMM_ERROR ||
         result == SCARD_E_INVALID_HANDLE;
}

}  // namespace insd::pcsc
