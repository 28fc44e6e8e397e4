// SPDX-License-Identifier: Apache-2.0
// How the PIN enters: a terminal without echo, or one line of standard input. Never an argument, never the
// environment.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace insd::cli {

/// Room for one PIN: locked in memory where the system allows, wiped when it ends, never copied.
class PinBuffer {
 public:
  static constexpr std::size_t kCapacity = 64;

  PinBuffer();
  ~PinBuffer();
  PinBuffer(const PinBuffer&) = delete;
  PinBuffer& operator=(const PinBuffer&) = delete;

  [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }
  /// False when full.
  bool push(char byte);

 private:
  std::array<char, kCapacity> bytes_{};
  std::size_t size_ = 0;
};

enum class PinRead { OK, CANCELLED, UNREADABLE };

/// Reads one line (without its end) byte by byte, so that no library buffer keeps it. UNREADABLE: nothing at
/// all, a read error or more than the capacity; CANCELLED: end of file right at the start on a terminal.
PinRead read_pin_line(int descriptor, PinBuffer& pin, bool terminal);

/// Asks on the terminal `descriptor` with the echo off. Echo comes back on every way out, also when a signal
/// ends the program meanwhile. `prompt` and the closing line end are written to `descriptor`.
PinRead ask_pin_on_terminal(int descriptor, const std::string& prompt, PinBuffer& pin);

/// Overwrites the characters of a string in a way the compiler keeps.
void wipe(std::string& text);

}  // namespace insd::cli
