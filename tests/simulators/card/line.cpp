// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/card/line.h"

#include <algorithm>

namespace insd::simcard {
namespace {

constexpr std::size_t header = 5, procedure_byte = 1, status_word = 2;
constexpr unsigned etu_per_character = 12;
constexpr unsigned nanoseconds_per_clock = 250;  // 4 MHz

}  // namespace

std::size_t line_characters(ByteView command, ByteView answer) {
  const std::size_t received = answer.size() > status_word ? answer.size() - status_word : 0;
  // A card that does not know class or instruction says so before it takes the data.
  const bool unknown = answer.size() == status_word && (answer[0] == 0x6E || answer[0] == 0x6D);
  std::size_t sent = 0;
  if (command.size() > header && !unknown) {
    // The byte after the data, if any, is an Le that T=0 has no place for.
    sent = std::min<std::size_t>(command.size() - header, command[header - 1]);
  }
  const bool data = sent + received > 0;
  return header + (data ? procedure_byte : 0) + sent + received + status_word;
}

std::chrono::nanoseconds line_time(std::size_t characters, unsigned clocks_per_etu) {
  return std::chrono::nanoseconds(characters * etu_per_character * clocks_per_etu * nanoseconds_per_clock);
}

}  // namespace insd::simcard
