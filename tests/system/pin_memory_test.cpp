// SPDX-License-Identifier: Apache-2.0
// Where a PIN must not be after twenty logins: in the memory of insd and of insd-token, in logs and journal.
#include <cctype>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "drivers/base/bytes.h"
#include "tests/system/backends_desk.h"
#include "tests/unit/pkcs11/token_test_support.h"

namespace insd::test {
namespace {

constexpr int kLogins = 20;

// Every form in which it might lie about.
std::vector<std::string> forms(const std::string& pin) {
  std::string wide, hex, spaced;
  for (const char digit : pin) {
    wide += std::string{digit, '\0'};
    hex += "3" + std::string(1, digit);
    spaced += (spaced.empty() ? "3" : " 3") + std::string(1, digit);
  }
  return {pin, std::string(pin.rbegin(), pin.rend()), wide, hex, spaced};
}

void expect_nowhere(const std::string& memory, const std::string& pin, const std::string& where) {
  for (const auto& form : forms(pin)) EXPECT_EQ(memory.find(form), std::string::npos) << where;
}

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> children;
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(parent) + "/task")) {
    std::ifstream file(task.path() / "children");
    for (pid_t child = 0; file >> child;) children.push_back(child);
  }
  return children;
}

class PinMemoryTest : public ::testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__)
    GTEST_SKIP() << "AddressSanitizer keeps what was freed, on purpose";
#elif defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "ThreadSanitizer's own memory is terabytes of addresses";
#endif
  }

  // A card whose AODF allows a PIN of eight digits, which no chance puts into memory.
  void start(const std::string& pin) {
    desk_.card_profile(
        "kind = \"cps3\"\nserial = \"009876509\"\nnumber = \"0098765052\"\n"
        "professional = \"cps/dr-exemple\"\n[pin]\nvalue = \"" +
        pin + "\"\nmin = 4\nmax = 8\ntries = 3\n");
    desk_.start();
  }

  Backends desk_{GetParam()};
};

TEST_P(PinMemoryTest, T_PIN_01_AnEightDigitPinIsInNoMemoryAfterTwentyLogins) {
  const std::string pin = "90817263", wrong = "36271809";
  start(pin);
  const pid_t insd = desk_.world().insd().pid();
  if (writable_memory(insd).empty()) GTEST_SKIP() << "this user may not read the memory of insd";
  std::vector<std::unique_ptr<Login>> held;
  for (int i = 0; i < kLogins; ++i) {
    auto login = desk_.client().login();
    const auto lease = login->finish(pin);
    ASSERT_TRUE(lease) << login->failure().detail.ShortDebugString();
    if (i % 2 == 0) {
      EXPECT_NO_THROW(desk_.logout(lease->lease()));
    } else {
      held.push_back(std::move(login));
    }
  }
  EXPECT_FALSE(desk_.client().login()->finish(wrong));
  const std::string memory = writable_memory(insd);
  EXPECT_NE(memory.find("0098765052"), std::string::npos) << "the search finds what is there";
  for (const auto& each : {pin, wrong}) expect_nowhere(memory, each, "insd");
  for (const pid_t child : children_of(insd)) {
    const std::string token = writable_memory(child);
    EXPECT_FALSE(token.empty());
    for (const auto& each : {pin, wrong}) expect_nowhere(token, each, "insd-token");
  }
  EXPECT_EQ(children_of(insd).empty(), GetParam() == Way::DIRECT);
}

// Not as a part of a longer number, which a time, an address or a digest may be.
bool stands_alone(const std::string& text, const std::string& digits) {
  const auto part = [&](std::size_t at) {
    return at < text.size() && std::isxdigit(static_cast<unsigned char>(text[at])) != 0;
  };
  for (auto at = text.find(digits); at != std::string::npos; at = text.find(digits, at + 1)) {
    if (!part(at - 1) && !part(at + digits.size())) return true;
  }
  return false;
}

// All that insd has written, its audit trail too.
std::string ended_and_written(world::World& world) {
  std::vector<std::filesystem::path> files = {world.insd().log()};
  world.stop_insd();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(world.directory() / "state")) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::string all;
  for (const auto& path : files) {
    std::ifstream file(path, std::ios::binary);
    all.append(std::istreambuf_iterator<char>(file), {});
  }
  return all;
}

TEST_P(PinMemoryTest, T_PIN_01_AFourDigitPinIsInNoLogAndNoJournal) {
  const std::string pin = "9974", wrong = "4799";
  start(pin);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(desk_.client().login()->finish(pin));
  EXPECT_FALSE(desk_.client().login()->finish(wrong));
  EXPECT_TRUE(desk_.client().login()->finish(pin));
  const std::string log = ended_and_written(desk_.world());
  EXPECT_NE(log.find("PIN_WRONG"), std::string::npos) << "the journal is in it";
  for (const auto& each : {pin, wrong}) {
    EXPECT_FALSE(stands_alone(log, each)) << each;
    const auto all = forms(each);
    for (std::size_t i = 2; i < all.size(); ++i) EXPECT_EQ(log.find(all[i]), std::string::npos) << each;
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, PinMemoryTest, ::testing::Values(Way::DIRECT, Way::OPENSC),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace insd::test
