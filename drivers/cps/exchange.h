// SPDX-License-Identifier: Apache-2.0
// The three commands that every part of the CPS driver sends.
#pragma once

#include <string_view>
#include <utility>

#include "drivers/base/error.h"
#include "drivers/iso7816/apdu.h"

namespace insd::cps {

/// Selects by absolute path, no answer data wanted (specs: cps 1.8). NOT_FOUND for any refusal 6Axx.
void select_path(iso7816::Channel& channel, ByteView absolute_path, std::string_view what);

/// Selects and reads a whole transparent file of at most `max_bytes`.
Bytes read_file(iso7816::Channel& channel, ByteView absolute_path, std::size_t max_bytes,
                std::string_view what);

/// MANAGE SECURITY ENVIRONMENT, SET: `p2` names the template (A4, AA, B6), `data` is its content.
void manage_security(iso7816::Channel& channel, std::uint8_t p2, Bytes data, std::string_view what);

/// Runs a step on something that the card itself announced: a NOT_FOUND there is a card that contradicts
/// itself, CARD_DATA_INVALID.
template <typename Step>
auto on_announced(Step&& step) {
  try {
    return std::forward<Step>(step)();
  } catch (const Error& error) {
    if (error.code() == Code::NOT_FOUND) throw Error(Code::CARD_DATA_INVALID, error.detail());
    throw;
  }
}

}  // namespace insd::cps
