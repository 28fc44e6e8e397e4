// SPDX-License-Identifier: Apache-2.0
// A SHA-256 begun here and finished by the card (specs: cps 1.8).
#pragma once

#include "drivers/base/bytes.h"

namespace insd::cps {

struct Sha256Midstate {
  /// The state after all complete 64-byte blocks (8 big-endian words), then the number of bits hashed so far
  /// (8 bytes, big-endian): 40 bytes; empty for a message shorter than one block.
  Bytes state;
  /// The bytes after the last complete block, 0..63; they live in the message.
  ByteView tail;
};

/// Hashes what can be hashed without finishing.
Sha256Midstate sha256_midstate(ByteView message);

}  // namespace insd::cps
