// SPDX-License-Identifier: Apache-2.0
// A pinentry program is asked as the Assuan protocol says, and believed in nothing: scripted ones that keep
// to the protocol and that do not, and the real pinentry-curses on a pseudo terminal.
#include "clients/cli/pinentry.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/clients/fake_daemon.h"
#include "tests/unit/clients/fake_pinentry.h"
#include "tests/unit/clients/pty_child.h"

namespace insd::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kPin = "73917391";

PinentryQuestion question() {
  PinentryQuestion made;
  made.title = "insd";
  made.lines = {"Carte 0012345678", "il reste 3 essais"};
  made.prompt = "Code porteur : ";
  made.ok = "Valider";
  made.cancel = "Annuler";
  made.patience = std::chrono::seconds(60);
  return made;
}

class PinentryTest : public ::testing::Test {
 protected:
  PinentryAnswer ask(const test::FakePinentry& program, const PinentryQuestion& asked = question()) {
    PinBuffer buffer;
    const PinentryAnswer answer = pinentry_pin(program.path(), {}, asked, buffer);
    pin = buffer.view();
    return answer;
  }

  std::string pin;
};

TEST_F(PinentryTest, IsToldWhatToShowAndGivesThePin) {
  const test::FakePinentry program({.getpin = "D 73917391\nOK"});
  EXPECT_EQ(ask(program), PinentryAnswer::OK);
  EXPECT_EQ(pin, kPin);
  EXPECT_THAT(
      program.heard(),
      ElementsAre("SETTIMEOUT 60", "SETTITLE insd", "SETDESC Carte 0012345678%0Ail reste 3 essais",
                  "SETOK Valider", "SETCANCEL Annuler", "SETPROMPT Code porteur : ", "GETPIN", "BYE"));
}

TEST_F(PinentryTest, IsToldTheTerminal) {
  const test::FakePinentry program({.getpin = "D 1234\nOK"});
  PinBuffer buffer;
  EXPECT_EQ(pinentry_pin(program.path(),
                         {.descriptor = -1, .name = "/dev/pts/7", .type = "xterm", .locale = "fr_FR.UTF-8"},
                         question(), buffer),
            PinentryAnswer::OK);
  const auto heard = program.heard();
  ASSERT_GE(heard.size(), 3U);
  EXPECT_EQ(heard[0], "OPTION ttyname=/dev/pts/7");
  EXPECT_EQ(heard[1], "OPTION ttytype=xterm");
  EXPECT_EQ(heard[2], "OPTION lc-ctype=fr_FR.UTF-8");
}

TEST_F(PinentryTest, AnAnswerIsUnescapedAndMayComeInPieces) {
  EXPECT_EQ(ask(test::FakePinentry({.getpin = "S PASSWORD_FROM_USER\nD 12%25\n# remark\nD 3%0a4\nOK"})),
            PinentryAnswer::OK);
  EXPECT_EQ(pin, "12%3\n4");
}

TEST_F(PinentryTest, ARefusalOfWhatIsOnlyDecorationIsNoFailure) {
  EXPECT_EQ(ask(test::FakePinentry({.getpin = "D 1234\nOK", .settitle = "ERR 83886360 not implemented"})),
            PinentryAnswer::OK);
  EXPECT_EQ(ask(test::FakePinentry({.getpin = "D 1234\nOK", .setdesc = "ERR 83886360 not implemented"})),
            PinentryAnswer::FAILED)
      << "nobody types a PIN for a card that is not named";
}

TEST_F(PinentryTest, ACancelATimeoutAndAnEmptyPinAreACancel) {
  for (const char* answer : {"ERR 83886179 Operation cancelled <Pinentry>", "ERR 83886278 fully cancelled",
                             "ERR 83886142 Timeout", "OK", "D \nOK"}) {
    EXPECT_EQ(ask(test::FakePinentry({.getpin = answer})), PinentryAnswer::CANCELLED) << answer;
  }
}

TEST_F(PinentryTest, AConsentIsOnlyAnOk) {
  const auto consent = [](const char* answer) {
    return pinentry_consent(test::FakePinentry({.confirm = answer}).path(), {}, question());
  };
  EXPECT_EQ(consent("OK"), PinentryAnswer::OK);
  EXPECT_EQ(consent("ERR 83886194 Not confirmed <Pinentry>"), PinentryAnswer::CANCELLED);
  EXPECT_EQ(consent("ERR 83886179 Operation cancelled <Pinentry>"), PinentryAnswer::CANCELLED);
  EXPECT_EQ(consent("ERR 83918950 no terminal"), PinentryAnswer::FAILED);
  EXPECT_EQ(consent("OKAY"), PinentryAnswer::FAILED);
  EXPECT_EQ(consent("D yes\nOK"), PinentryAnswer::FAILED) << "nobody asked for data";
}

TEST_F(PinentryTest, T_PIN_04_APinLongerThanOneIsUnreadable) {
  EXPECT_EQ(ask(test::FakePinentry({.getpin = "D " + std::string(64, '7') + "\nOK"})), PinentryAnswer::OK);
  EXPECT_EQ(pin.size(), 64U);
  EXPECT_EQ(ask(test::FakePinentry({.getpin = "D " + std::string(65, '7') + "\nOK"})),
            PinentryAnswer::UNREADABLE);
}

TEST_F(PinentryTest, WhatIsNotTheProtocolIsAFailure) {
  for (const std::string& answer :
       {std::string("D 12%"), std::string("D 12%2"), std::string("D 12%2x"), std::string("D 12%-1"),
        std::string("INQUIRE QUALITY 1234"), std::string("OKAY"), std::string("ERR"), std::string("ERR x"),
        std::string("ERR 99999999999999999999"), std::string("END"), std::string(""),
        "D " + std::string(1000, '1')}) {
    EXPECT_EQ(ask(test::FakePinentry({.getpin = answer + "\nOK"})), PinentryAnswer::FAILED) << answer;
  }
}

TEST_F(PinentryTest, AProgramThatEndsOrNeverStopsTalkingIsAFailure) {
  for (const char* script :
       {"exit 0\n", "echo 'ERR 1 go away'; cat >/dev/null\n", "printf 'OK without an end'\n",
        "echo OK; read line; kill -9 $$\n", "echo OK; exec >&-; cat >/dev/null\n",
        "echo OK; while :; do echo 'S still here'; done\n", "echo OK; while :; do printf x; done\n"}) {
    EXPECT_EQ(ask(test::FakePinentry({.script = script})), PinentryAnswer::FAILED) << script;
  }
}

TEST_F(PinentryTest, AQuestionThatNobodyAnswersIsTakenBack) {
  PinentryQuestion brief = question();
  brief.patience = std::chrono::seconds(0);
  const test::FakePinentry program({.getpin = "# thinking", .then = "exec sleep 600"});
  EXPECT_EQ(ask(program, brief), PinentryAnswer::FAILED);
  EXPECT_THAT(program.heard(), ::testing::Contains("SETTIMEOUT 0"));
}

TEST_F(PinentryTest, AProgramThatIsNotThereIsAFailure) {
  PinBuffer buffer;
  EXPECT_EQ(pinentry_pin("/nonexistent/pinentry", {}, question(), buffer), PinentryAnswer::FAILED);
}

TEST_F(PinentryTest, GetsNoDescriptorOfOurs) {
  constexpr int kOurs = 200;
  ASSERT_EQ(::dup2(STDERR_FILENO, kOurs), kOurs);  // not close-on-exec
  EXPECT_EQ(
      ask(test::FakePinentry({.getpin = "D $(test -e /proc/$$/fd/200 && echo open || echo closed)\nOK"})),
      PinentryAnswer::OK);
  ::close(kOurs);
  EXPECT_EQ(pin, "closed");
}

TEST(PinentryText, TextIsDataAndNothingElse) {
  EXPECT_EQ(pinentry_text({"a", "b"}), "a%0Ab");
  EXPECT_EQ(pinentry_text({"100 %0A"}), "100 %250A");
  EXPECT_EQ(pinentry_text({"a\nOK\r\n"}), "a?OK??") << "no second command, no second line";
  EXPECT_EQ(pinentry_text({"<b>Dr</b> &amp; Co"}), "?b?Dr?/b? ?amp; Co");
  EXPECT_EQ(pinentry_text({"Dr \u202EB\u2066"}), "Dr ?B?");
  EXPECT_EQ(pinentry_text({"Élève"}), "Élève");
}

TEST(PinentryText, FitsIntoALineOfTheProtocolWhole) {
  for (const std::string& piece : {std::string("%"), std::string("é"), std::string("a"), std::string("a%"),
                                   std::string("aa%"), std::string("\U0001F600")}) {
    std::string line;
    while (line.size() < 2000) line += piece;
    const std::string text = pinentry_text({line, line, line, line, line});
    EXPECT_LE(text.size() + sizeof "SETDESC \n", 1000U);
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '%') {
        plain += text[i];
        continue;
      }
      const std::string escape = text.substr(i, 3);
      ASSERT_TRUE(escape == "%25" || escape == "%0A") << escape;
      plain += escape == "%25" ? '%' : ' ';
      i += 2;
    }
    EXPECT_EQ(plain.find('?'), std::string::npos);
    EXPECT_EQ(pinentry_text({plain}).find('?'), std::string::npos) << "no character is cut in two";
  }
}

TEST(FindProgram, LooksOnlyInAbsoluteDirectoriesForWhatMayBeRun) {
  const test::FakePinentry program({.getpin = "OK"});
  const std::string folder = std::filesystem::path(program.path()).parent_path();
  const std::string name = std::filesystem::path(program.path()).filename();
  EXPECT_EQ(find_program(name, ("/nonexistent:" + folder + ":/usr/bin").c_str()), program.path());
  EXPECT_EQ(find_program(program.path(), nullptr), program.path());
  EXPECT_EQ(find_program(name, "/nonexistent"), "");
  EXPECT_EQ(find_program(name, nullptr), "");
  EXPECT_EQ(find_program(".", folder.c_str()), "") << "a directory";
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder);
  EXPECT_EQ(find_program(name, ":."), "") << "whatever lies in the working directory";
  std::filesystem::current_path(before);
  ASSERT_EQ(::chmod(program.path().c_str(), S_IRUSR), 0);
  EXPECT_EQ(find_program(name, folder.c_str()), "");
  EXPECT_EQ(find_program(program.path(), nullptr), "");
}

class RealPinentry : public ::testing::Test {
 protected:
  void SetUp() override {
    program_ = find_program("pinentry-curses", "/usr/bin:/bin");
    if (program_.empty() && std::getenv("CI") != nullptr) FAIL() << "pinentry-curses is not installed";
    if (program_.empty()) GTEST_SKIP() << "pinentry-curses is not installed";
  }

  // What the child on the terminal does: asks; exits with 0 for kPin, else 10 + the answer.
  [[nodiscard]] std::function<int()> asker() const {
    return [program = program_] {
      PinBuffer pin;
      const PinentryTerminal terminal{STDIN_FILENO, ::ttyname(STDIN_FILENO), "xterm", "fr_FR.UTF-8"};
      const PinentryAnswer answer = pinentry_pin(program, terminal, question(), pin);
      return answer == PinentryAnswer::OK && pin.view() == kPin ? 0 : 10 + static_cast<int>(answer);
    };
  }

  std::string program_;
};

TEST_F(RealPinentry, AsksOnTheTerminalAndShowsNoPin) {
  test::PtyChild child(asker());
  ASSERT_TRUE(child.shows("Carte 0012345678")) << child.shown();
  ASSERT_TRUE(child.shows("Annuler")) << child.shown();
  child.type(std::string(kPin) + "\r");
  const int status = child.wait();
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(child.echo());
  child.shows("never shown");
  EXPECT_THAT(child.shown(), HasSubstr("il reste 3 essais"));
  EXPECT_THAT(child.shown(), Not(HasSubstr("7391")));
}

TEST_F(RealPinentry, ItsButtonCancels) {
  test::PtyChild child(asker());
  ASSERT_TRUE(child.shows("Annuler")) << child.shown();
  child.type("\t\t\r");
  EXPECT_EQ(WEXITSTATUS(child.wait()), 10 + static_cast<int>(PinentryAnswer::CANCELLED));
  EXPECT_TRUE(child.echo());
}

TEST_F(RealPinentry, AnInterruptEndsTheQuestionAndTheTerminalIsAsBefore) {
  test::PtyChild child(asker());
  ASSERT_TRUE(child.shows("Annuler")) << child.shown();
  child.type("\x03");
  const int status = child.wait();
  ASSERT_TRUE(WIFEXITED(status)) << "the asking program lives on";
  EXPECT_NE(WEXITSTATUS(status), 0);
  EXPECT_TRUE(child.echo());
}

}  // namespace
}  // namespace insd::cli
