// SPDX-License-Identifier: Apache-2.0
#include "drivers/pcsc/features.h"

#include <reader.h>

#include "drivers/pcsc/errors.h"

namespace insd::pcsc {
namespace {

constexpr std::size_t kEntryBytes = 6;
// One entry for each tag there can be.
constexpr std::size_t kListBytes = 256 * kEntryBytes;

DWORD* field_of(Features& features, std::uint8_t tag) {
  switch (tag) {
    case FEATURE_VERIFY_PIN_START:
      return &features.verify_pin_start;
    case FEATURE_VERIFY_PIN_FINISH:
      return &features.verify_pin_finish;
    case FEATURE_VERIFY_PIN_DIRECT:
      return &features.verify_pin_direct;
    case FEATURE_MODIFY_PIN_START:
      return &features.modify_pin_start;
    case FEATURE_MODIFY_PIN_FINISH:
      return &features.modify_pin_finish;
    case FEATURE_MODIFY_PIN_DIRECT:
      return &features.modify_pin_direct;
    case FEATURE_IFD_PIN_PROPERTIES:
      return &features.pin_properties;
    case FEATURE_GET_TLV_PROPERTIES:
      return &features.tlv_properties;
    default:
      return nullptr;
  }
}

}  // namespace

Features parse_features(ByteView list) {
  if (list.size() % kEntryBytes != 0 || list.size() > kListBytes) return {};
  Features features;
  for (; !list.empty(); list = list.subspan(kEntryBytes)) {
    if (list[1] != 4) return {};
    DWORD code = 0;
    for (std::size_t i = 2; i < kEntryBytes; ++i) code = code << 8U | list[i];
    DWORD* const field = field_of(features, list[0]);
    if (field != nullptr && *field == 0) *field = code;
  }
  return features;
}

std::optional<Features> read_features(const PcscApi& api, SCARDHANDLE card) {
  Bytes answer(kListBytes);
  DWORD length = 0;
  const LONG result =
      api.control(card, CM_IOCTL_GET_FEATURE_REQUEST, nullptr, 0, answer.data(), answer.size(), &length);
  if (context_is_dead(result)) check(api, result, "SCardControl");
  if (result == SCARD_E_SHARING_VIOLATION) return std::nullopt;
  if (result != SCARD_S_SUCCESS || length > answer.size()) return Features();
  return parse_features(ByteView(answer).first(length));
}

}  // namespace insd::pcsc
