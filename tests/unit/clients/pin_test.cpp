// SPDX-License-Identifier: Apache-2.0
// The PIN prompt on a real (pseudo) terminal: nothing is echoed, and the echo is back on every way out.
#include "clients/cli/pin.h"

#include <array>
#include <csignal>
#include <string>

#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

namespace insd::cli {
namespace {

constexpr int kDeadlineMs = 10'000;
constexpr const char* kPin = "73917391";

// A child process that asks for a PIN on a terminal of its own; it exits with 0 when it read kPin, 10 +
// PinRead otherwise.
class Prompt {
 public:
  Prompt() {
    child_ = ::forkpty(&master_, nullptr, nullptr, nullptr);
    if (child_ != 0) return;
    PinBuffer pin;
    const PinRead read = ask_pin_on_terminal(STDIN_FILENO, "PIN: ", pin);
    ::_exit(read == PinRead::OK && pin.view() == kPin ? 0 : 10 + static_cast<int>(read));
  }
  ~Prompt() {
    if (!ended_) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
    ::close(master_);
  }
  Prompt(const Prompt&) = delete;
  Prompt& operator=(const Prompt&) = delete;

  // Reads what the terminal shows until `text` is there or nothing more comes.
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
  pid_t child_ = -1;
  int master_ = -1;
  bool ended_ = false;
  std::string shown_;
};

TEST(PinPrompt, ThePinIsReadAndNotEchoed) {
  Prompt prompt;
  ASSERT_TRUE(prompt.shows("PIN: "));
  EXPECT_FALSE(prompt.echo());
  prompt.type(std::string(kPin) + "\n");
  const int status = prompt.wait();
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(prompt.echo());
  prompt.shows("never shown");
  EXPECT_EQ(prompt.shown().find(kPin), std::string::npos);
}

TEST(PinPrompt, TheEchoComesBackWhenASignalEndsTheProgram) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    Prompt prompt;
    ASSERT_TRUE(prompt.shows("PIN: "));
    ASSERT_FALSE(prompt.echo());
    prompt.signal(number);
    const int status = prompt.wait();
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), number);
    EXPECT_TRUE(prompt.echo());
  }
}

TEST(PinPrompt, AnEmptyLineOrEndOfInputIsACancel) {
  for (const char* keys : {"\n", "\x04"}) {
    Prompt prompt;
    ASSERT_TRUE(prompt.shows("PIN: "));
    prompt.type(keys);
    EXPECT_EQ(WEXITSTATUS(prompt.wait()), 10 + static_cast<int>(PinRead::CANCELLED));
  }
}

}  // namespace
}  // namespace insd::cli
