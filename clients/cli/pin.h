// SPDX-License-Identifier: Apache-2.0
// How the PIN enters: a terminal without echo, or one line of standard input. Never an argument, never the
// environment.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include <sys/mman.h>

namespace insd::cli {

/// Room for bytes that nobody else may see: locked in memory where the system allows, wiped when it ends,
/// never copied.
template <std::size_t Capacity>
class SecretBuffer {
 public:
  static constexpr std::size_t kCapacity = Capacity;

  SecretBuffer() { ::mlock(bytes_.data(), bytes_.size()); }
  ~SecretBuffer() {
    ::explicit_bzero(bytes_.data(), bytes_.size());
    ::munlock(bytes_.data(), bytes_.size());
  }
  SecretBuffer(const SecretBuffer&) = delete;
  SecretBuffer& operator=(const SecretBuffer&) = delete;

  [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }
  /// False when full.
  bool push(char byte) {
    if (size_ == Capacity) return false;
    bytes_[size_++] = byte;
    return true;
  }
  /// Where more can be written, to be counted by grow().
  [[nodiscard]] std::span<char> room() { return std::span(bytes_).subspan(size_); }
  void grow(std::size_t count) { size_ += count; }
  /// Takes the first bytes out.
  void drop(std::size_t count) {
    std::copy(bytes_.begin() + static_cast<std::ptrdiff_t>(count),
              bytes_.begin() + static_cast<std::ptrdiff_t>(size_), bytes_.begin());
    size_ -= count;
    ::explicit_bzero(bytes_.data() + size_, Capacity - size_);
  }

 private:
  std::array<char, Capacity> bytes_{};
  std::size_t size_ = 0;
};

/// Room for one PIN.
using PinBuffer = SecretBuffer<64>;

/// WITHDRAWN: nobody wants the answer any more.
enum class PinRead { OK, CANCELLED, UNREADABLE, WITHDRAWN };

/// Waits until `descriptor` can be read. False: `withdrawn` can be, too, or before; -1: there is none.
bool wait_for_input(int descriptor, int withdrawn);

/// Reads one line (without its end) byte by byte, so that no library buffer keeps it. UNREADABLE: nothing at
/// all, a read error or more than the capacity; CANCELLED: end of file right at the start on a terminal;
/// WITHDRAWN: `withdrawn` can be read, the buffer is empty.
PinRead read_pin_line(int descriptor, PinBuffer& pin, bool terminal, int withdrawn = -1);

/// Asks on the terminal `descriptor` with the echo off. Echo comes back on every way out, also when a signal
/// ends the program meanwhile. `prompt` and the closing line end are written to `descriptor`. What was typed
/// of a PIN that nobody wants any more is dropped with the question.
PinRead ask_pin_on_terminal(int descriptor, const std::string& prompt, PinBuffer& pin, int withdrawn = -1);

/// Overwrites the characters of a string in a way the compiler keeps.
void wipe(std::string& text);

}  // namespace insd::cli
