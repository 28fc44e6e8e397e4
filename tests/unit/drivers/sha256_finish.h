// SPDX-License-Identifier: Apache-2.0
// What a card does with a hash that was begun elsewhere, written from FIPS 180-4 without OpenSSL.
#pragma once

#include "drivers/base/bytes.h"

namespace insd::test {

/// `state`: empty, or 32 bytes of state and 8 bytes of bit count; `tail`: at most 63 bytes. Empty when either
/// has another form.
Bytes finish_sha256(ByteView state, ByteView tail);

}  // namespace insd::test
