// SPDX-License-Identifier: Apache-2.0
// The PIN prompt on a real (pseudo) terminal: nothing is echoed, and the echo is back on every way out.
#include "clients/cli/pin.h"

#include <csignal>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/clients/pty_child.h"

namespace insd::cli {
namespace {

constexpr const char* kPin = "73917391";

// A child process that asks for a PIN on a terminal of its own; it exits with 0 when it read kPin, 10 +
// PinRead otherwise.
class Prompt : public test::PtyChild {
 public:
  Prompt()
      : PtyChild([] {
          PinBuffer pin;
          const PinRead read = ask_pin_on_terminal(STDIN_FILENO, "PIN: ", pin);
          return read == PinRead::OK && pin.view() == kPin ? 0 : 10 + static_cast<int>(read);
        }) {}
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
