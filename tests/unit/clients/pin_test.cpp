// SPDX-License-Identifier: Apache-2.0
// The PIN prompt on a real (pseudo) terminal: nothing is echoed, and the echo is back on every way out.
#include "clients/cli/pin.h"

#include <array>
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

// A question that is taken back while somebody types.
TEST(PinPrompt, ACardThatIsTakenOutEndsTheQuestionAndWhatWasTypedIsGone) {
  int word[2];
  ASSERT_EQ(::pipe(word), 0);
  test::PtyChild child([&] {
    PinBuffer pin;
    const PinRead read = ask_pin_on_terminal(STDIN_FILENO, "PIN: ", pin, word[0]);
    if (read != PinRead::WITHDRAWN || !pin.view().empty()) return 1;
    // The shell that comes next must not find half a PIN: only what is typed from now on.
    if (::write(STDOUT_FILENO, "next: ", 6) != 6) return 2;
    std::array<char, 64> line{};
    const auto got = ::read(STDIN_FILENO, line.data(), line.size());
    return got == 3 && std::string_view(line.data(), 3) == "ls\n" ? 0 : 3;
  });
  ASSERT_TRUE(child.shows("PIN: "));
  child.type("7391");
  ASSERT_EQ(::write(word[1], "x", 1), 1);
  ASSERT_TRUE(child.shows("next: ")) << child.shown();
  EXPECT_TRUE(child.echo());
  child.type("ls\n");
  EXPECT_EQ(WEXITSTATUS(child.wait()), 0);
  EXPECT_EQ(child.shown().find("7391"), std::string::npos);
  ::close(word[0]);
  ::close(word[1]);
}

TEST(PinPrompt, AWordThatComesWithTheLineWins) {
  int word[2], line[2];
  ASSERT_EQ(::pipe(word), 0);
  ASSERT_EQ(::pipe(line), 0);
  ASSERT_EQ(::write(line[1], "1234\n1234\n", 10), 10);
  PinBuffer pin;
  EXPECT_EQ(read_pin_line(line[0], pin, false, word[0]), PinRead::OK);
  EXPECT_EQ(pin.view(), "1234");
  ASSERT_EQ(::write(word[1], "x", 1), 1);
  EXPECT_EQ(read_pin_line(line[0], pin, false, word[0]), PinRead::WITHDRAWN);
  EXPECT_TRUE(pin.view().empty());
  for (const int end : {word[0], word[1], line[0], line[1]}) ::close(end);
}

}  // namespace
}  // namespace insd::cli
