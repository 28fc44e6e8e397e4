// SPDX-License-Identifier: Apache-2.0
// What a reader offers beyond passing commands on: PC/SC part 10, a PIN pad above all.
#pragma once

#include <optional>

#include "drivers/base/bytes.h"
#include "drivers/pcsc/pcsc_api.h"

namespace insd::pcsc {

/// Control codes for SCardControl; 0 = not offered.
struct Features {
  DWORD verify_pin_start = 0, verify_pin_finish = 0, verify_pin_direct = 0;
  DWORD modify_pin_start = 0, modify_pin_finish = 0, modify_pin_direct = 0;
  DWORD pin_properties = 0;  ///< FEATURE_IFD_PIN_PROPERTIES
  DWORD tlv_properties = 0;  ///< FEATURE_GET_TLV_PROPERTIES

  /// The PIN can be verified without the computer seeing it. Properties alone say nothing: libccid offers
  /// them for every reader.
  [[nodiscard]] bool pin_pad() const {
    return verify_pin_direct != 0 || (verify_pin_start != 0 && verify_pin_finish != 0);
  }
  bool operator==(const Features&) const = default;
};

/// The answer to CM_IOCTL_GET_FEATURE_REQUEST: tag, length 4, control code in network order, and again. A
/// list that is not well formed is not believed at all: no features. Unknown tags are skipped, of a repeated
/// one the first counts.
Features parse_features(ByteView list);

/// Asks the driver, over any connection. A driver that refuses offers nothing. No answer while another
/// program has the reader or a transaction: ask again. Throws PCSC_* when pcscd has gone.
std::optional<Features> read_features(const PcscApi& api, SCARDHANDLE card);

}  // namespace insd::pcsc
