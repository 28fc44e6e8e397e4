// SPDX-License-Identifier: Apache-2.0
// The contact line between a reader and a T=0 card: how many characters a command costs on it, and how long
// they take. vpcd passes whole commands in no time; a real line does not (specs: vitale 6).
#pragma once

#include <chrono>

#include "tests/simulators/card/bytes.h"

namespace insd::simcard {

/// Characters on the line for one command and its answer: header, procedure byte, data in one direction,
/// status word. A command that is refused without data going either way costs the header and the status word.
std::size_t line_characters(ByteView command, ByteView answer);

/// The time these characters take: 12 ETU each, at 4 MHz. 372 clocks per ETU after a reset, 93 for a card
/// that announces TA1 = 13 once the reader has agreed (PPS).
std::chrono::nanoseconds line_time(std::size_t characters, unsigned clocks_per_etu);

}  // namespace insd::simcard
