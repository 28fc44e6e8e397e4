// SPDX-License-Identifier: Apache-2.0
// What is known in public of the CPS's data objects (specs: cps 2.2, SEEN in programs of others; the
// specification of their content is not public). Pure and total: a value of another form is nothing, never a
// guess. The objects are the same whichever way they were read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "drivers/base/bytes.h"

namespace insd::cps {

/// Free to read.
inline constexpr std::string_view kInfoLabel = "CPS_INFO_PS";
/// Of CPS_ACTIVITY_01_PS to CPS_ACTIVITY_16_PS; the PIN protects them. Numbers may have holes.
inline constexpr std::string_view kActivityPrefix = "CPS_ACTIVITY_";
inline constexpr unsigned kMostActivities = 16;

/// The speciality that ends CPS_INFO_PS: two capital letters and two digits, e.g. "SM26".
std::optional<std::string> speciality_code(ByteView info);

/// 3 for "CPS_ACTIVITY_03_PS"; nothing when it is no such label.
std::optional<unsigned> activity_number(std::string_view label);

/// Texts are printable UTF-8; empty when missing, or not of the known form.
struct Activity {
  unsigned number = 0;
  std::string structure_name;
  std::string structure_id;  ///< digits and capital letters
  std::string sector_code;   ///< "SAnn"
};

/// From EE { 84 name, 85 id, 86 sector }. Nothing when it is not that, or says none of the three.
std::optional<Activity> parse_activity(unsigned number, ByteView value);

}  // namespace insd::cps
