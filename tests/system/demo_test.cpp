// SPDX-License-Identifier: Apache-2.0
// insd-demo-world, as ./dev demo runs it.
#include <gmock/gmock.h>

#include "tests/world/world.h"

namespace insd::world {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::vector<std::string> environment() {
  return environment_with({}, INSD_BIN_DIR);
}

Outcome demo(const std::vector<std::string>& command, const std::string& input = "") {
  std::vector<std::string> argv = {"insd-demo-world", "--"};
  argv.insert(argv.end(), command.begin(), command.end());
  return run_to_end(argv, environment(), input, milliseconds(50'000));
}

TEST(DemoTest, an_identity_from_two_cards) {
  const auto outcome = demo({"insctl", "--json", "identify", "--beneficiary", "1", "--pin-stdin"}, "1234\n");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("1090763220834"), HasSubstr("ECETINSI")));
  EXPECT_THAT(outcome.err, HasSubstr("cleaning up"));
}

TEST(DemoTest, the_exit_status_is_that_of_the_program) {
  EXPECT_EQ(demo({"sh", "-c", "test -S \"$INSD_SOCKET\" && exit 1"}).status, 1);
}

TEST(DemoTest, an_interrupt_leaves_nothing_behind) {
  const auto log = std::filesystem::temp_directory_path() / ("insd-demo-" + std::to_string(getpid()));
  std::string socket;
  {
    Process process({"insd-demo-world", "--", "sh", "-c", "echo $INSD_SOCKET; exec sleep 100"}, environment(),
                    log);
    socket = process.wait_for_line("/");
    EXPECT_TRUE(std::filesystem::exists(socket));
    process.signal(SIGINT);
    EXPECT_EQ(process.wait(), 128 + SIGINT);
  }
  std::filesystem::remove(log);
  EXPECT_FALSE(std::filesystem::exists(std::filesystem::path(socket).parent_path()));
  EXPECT_FALSE(std::filesystem::exists("/run/pcscd/pcscd.comm"));
}

TEST(DemoTest, a_kept_world_obeys_and_ends_with_quit) {
  const auto log = std::filesystem::temp_directory_path() / ("insd-demo-" + std::to_string(getpid()));
  Process process({"insd-demo-world", "--keep", "--", "sh", "-c", "echo $INSD_SOCKET"}, environment(), log);
  const auto socket = process.wait_for_line("/");
  process.write_line("vitale remove");
  process.write_line("quit");
  EXPECT_EQ(process.wait(), 0);
  EXPECT_FALSE(std::filesystem::exists(socket));
  std::filesystem::remove(log);
}

}  // namespace
}  // namespace insd::world
