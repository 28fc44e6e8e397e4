// SPDX-License-Identifier: Apache-2.0
// The pointer file of a Vitale 2 (EF 2001 of VITALE): which files there are (specs: vitale 2.4). Pure.
#pragma once

#include <array>
#include <vector>

#include "drivers/base/bytes.h"

namespace insd::vitale {

/// A file by the application that holds it. `application` points into the decoded bytes.
struct PointedFile {
  ByteView application;              ///< its name (AID), 5 to 16 bytes
  std::array<std::uint8_t, 2> id{};  ///< file identifier
};

/// The files in the order of the pointer file, at most kMaxPointedFiles; those of an application that it does
/// not name are left out. Throws CARD_DATA_INVALID: not TLV, an entry too short or a name too long.
std::vector<PointedFile> decode_pointers(ByteView file);

}  // namespace insd::vitale
