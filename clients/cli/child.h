// SPDX-License-Identifier: Apache-2.0
// A helper program with pipes to its standard input and output, and the terminal it may use meanwhile.
#pragma once

#include <array>
#include <csignal>
#include <string>
#include <string_view>

#include <sys/types.h>
#include <termios.h>

namespace insd::cli {

/// A program without arguments, in our environment, with no descriptor of ours but its two pipes; its
/// standard error goes nowhere.
class Child {
 public:
  explicit Child(const std::string& program);
  /// Closes the pipes and waits: one second, one more after SIGTERM, then it is killed.
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Asks it to end at once (SIGTERM): it waits for a person, not for us.
  void end() const;

  [[nodiscard]] bool started() const { return pid_ > 0; }
  [[nodiscard]] int output() const { return from_; }
  /// False when it does not take it any more.
  bool write(std::string_view text) const;

 private:
  pid_t pid_ = -1;
  int to_ = -1, from_ = -1;
};

/// While one lives, keys on the terminal end the helper and not us, and a helper that has gone is an error
/// and not a signal. Afterwards signals and terminal are as they were.
class TerminalGuard {
 public:
  /// -1: no terminal.
  explicit TerminalGuard(int descriptor);
  ~TerminalGuard();
  TerminalGuard(const TerminalGuard&) = delete;
  TerminalGuard& operator=(const TerminalGuard&) = delete;

 private:
  static constexpr std::array kSignals = {SIGINT, SIGQUIT, SIGPIPE};

  const int descriptor_;
  bool known_ = false;
  termios state_{};
  std::array<struct sigaction, kSignals.size()> former_{};
};

}  // namespace insd::cli
