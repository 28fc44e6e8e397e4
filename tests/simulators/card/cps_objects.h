// SPDX-License-Identifier: Apache-2.0
// The files of a simulated CPS3: PKCS#15 as OpenSC and the ANS module accept it (specs: cps 1.4, 1.5, 2.2).
#pragma once

#include "tests/simulators/card/files.h"
#include "tests/simulators/card/profile.h"

namespace insd::simcard {

/// The ids that PKCS#15 lets an issuer choose. Those of a real card are not public.
struct CpsLayout {
  std::uint16_t aodf = 0x7001, prkdf = 0x7002, cdf = 0x7004, dodf = 0x7005;
  std::uint16_t sign_certificate = 0xC001, authentication_certificate = 0xC002;
  std::uint16_t info = 0xD104, first_activity = 0xD110;
  std::uint8_t sign_key = 0x81, authentication_key = 0x82;
};

inline constexpr std::uint16_t cps_application_id = 0x0001;
inline constexpr std::uint8_t cps_pin_reference = 0x01;

/// Shuffled when the profile says so, the same for the same seed.
CpsLayout cps_layout(const CpsProfile& profile);

/// The content of the FCP of a file of this card.
Bytes describe_cps_file(const File& file);

void fill_cps_files(File& root, const CpsProfile& profile, const CpsLayout& layout);

}  // namespace insd::simcard
