// SPDX-License-Identifier: Apache-2.0
// A child process with a pseudo terminal of its own, which the test watches and types on.
#pragma once

#include <array>
#include <csignal>
#include <functional>
#include <string>

#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

namespace insd::cli::test {

class PtyChild {
 public:
  /// Runs `program` in the child, which exits with what it returns.
  explicit PtyChild(const std::function<int()>& program) {
    winsize size{.ws_row = 40, .ws_col = 120, .ws_xpixel = 0, .ws_ypixel = 0};
    child_ = ::forkpty(&master_, nullptr, nullptr, &size);
    if (child_ == 0) ::_exit(program());
  }
  ~PtyChild() {
    if (!ended_) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
    ::close(master_);
  }
  PtyChild(const PtyChild&) = delete;
  PtyChild& operator=(const PtyChild&) = delete;

  /// Reads what the terminal shows until `text` is there or nothing more comes.
  bool shows(const std::string& text) {
    while (shown_.find(text) == std::string::npos) {
      pollfd ready{.fd = master_, .events = POLLIN, .revents = 0};
      std::array<char, 256> buffer{};
      if (::poll(&ready, 1, kDeadlineMs) != 1) return false;
      const auto got = ::read(master_, buffer.data(), buffer.size());
      if (got <= 0) return false;  // EIO: the child is gone and all is read
      shown_.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return true;
  }
  void type(const std::string& text) const {
    ASSERT_EQ(::write(master_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  [[nodiscard]] bool echo() const {
    termios state{};
    EXPECT_EQ(::tcgetattr(master_, &state), 0);
    return (state.c_lflag & ECHO) != 0;
  }
  void signal(int number) const { ::kill(child_, number); }
  int wait() {
    int status = 0;
    ::waitpid(child_, &status, 0);
    ended_ = true;
    return status;
  }
  [[nodiscard]] const std::string& shown() const { return shown_; }

 private:
  static constexpr int kDeadlineMs = 20'000;

  pid_t child_ = -1;
  int master_ = -1;
  bool ended_ = false;
  std::string shown_;
};

}  // namespace insd::cli::test
