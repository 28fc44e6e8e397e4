// SPDX-License-Identifier: Apache-2.0
// The demo world itself: what its tests rely on.
#include "tests/world/world.h"

#include <gmock/gmock.h>

namespace insd::world {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

// pkcs11-tool shows each slot with the card in it: a client of pcscd that is not ours.
std::string slots(const World& world) {
  return world.run({"pkcs11-tool", "--module", INSD_OPENSC_MODULE, "-L"}).out;
}

TEST(WorldTest, pcscd_shows_the_readers_asked_for) {
  World world;
  world.start_pcscd(2);
  EXPECT_THAT(slots(world), AllOf(HasSubstr(world.reader_name(0)), HasSubstr(world.reader_name(1))));
  EXPECT_EQ(world.reader_name(1), "Virtual PCD 00 01");
}

TEST(WorldTest, cards_in_devices_of_their_own_are_not_mixed) {
  World world;
  world.start_pcscd(2, true);
  world.insert_card(0, "cps3", "cps-dr-exemple");
  world.insert_card(1, "cps3", "cps-dr-second");
  EXPECT_EQ(world.reader_name(1), "Virtual PCD B 00 00");
  EXPECT_THAT(slots(world), AllOf(HasSubstr("CPS3v3-0098765052"), HasSubstr("CPS3v3-0765432109")));
}

TEST(WorldTest, a_card_survives_a_restart_of_pcscd) {
  World world;
  world.start_pcscd(2);
  auto& card = world.insert_card(0, "cps3", "cps-dr-exemple");
  world.stop_pcscd(SIGKILL);
  card.process().wait_for_line("LOST");
  world.start_pcscd(2);
  world.await_card(0, true);
  EXPECT_THAT(slots(world), HasSubstr("CPS3v3-0098765052"));
}

TEST(WorldTest, a_swapped_card_answers_as_another) {
  World world;
  world.start_pcscd(2);
  auto& card = world.insert_card(0, "cps3", "cps-dr-exemple");
  card.swap(World::profile("cps-dr-second"));
  // No event told pcscd: exchanges fail until it has powered the new card (platform: 12).
  std::string shown;
  for (int i = 0; i < 50 && shown.find("CPS3v3") == std::string::npos; ++i) shown = slots(world);
  EXPECT_THAT(shown, AllOf(HasSubstr("CPS3v3-0765432109"), Not(HasSubstr("CPS3v3-0098765052"))));
}

TEST(WorldTest, a_card_dies_after_the_answers_it_was_given) {
  World world;
  world.start_pcscd(2);
  auto& card = world.insert_card(0, "cps3", "cps-dr-exemple");
  card.send("die-after 3");
  slots(world);
  card.process().wait_for_line("REMOVED");
  world.await_card(0, false);
  EXPECT_EQ(card.exchanges().size(), 3U);
}

TEST(WorldTest, traces_mask_the_pin) {
  World world;
  world.start_pcscd(2);
  auto& card = world.insert_card(0, "cps3", "cps-dr-exemple");
  world.run({"pkcs11-tool", "--module", INSD_OPENSC_MODULE, "--login", "--pin", "1234", "-O"});
  EXPECT_THAT(card.exchanges(),
              AllOf(Contains("0020000104******** -> 9000"), Not(Contains(HasSubstr("0020000104313233")))));
}

TEST(WorldTest, a_card_refuses_what_it_does_not_know) {
  World world;
  world.start_pcscd(2);
  auto& card = world.insert_card(1, "vitale2", "vitale-demo");
  EXPECT_THROW(card.send("jump"), WorldError);
  EXPECT_THROW(world.insert_card(1, "vitale2", "vitale-demo"), WorldError);
  EXPECT_THROW(world.insert_card(0, "vitale2", "cps-dr-exemple"), WorldError);
}

TEST(WorldTest, outcomes_of_programs_are_reported_whole) {
  World world;
  const auto outcome = world.run({"sh", "-c", "cat; echo oops >&2; exit 7"}, "input");
  EXPECT_EQ(outcome.status, 7);
  EXPECT_EQ(outcome.out, "input");
  EXPECT_EQ(outcome.err, "oops\n");
  EXPECT_EQ(world.run({"sh", "-c", "kill -SEGV $$"}).status, 128 + SIGSEGV);
  const auto missing = world.run({"no-such-program"});
  EXPECT_EQ(missing.status, 127);
  EXPECT_THAT(missing.err, HasSubstr("no-such-program"));
  EXPECT_THROW(world.run({"sleep", "30"}, "", milliseconds(50)), WorldError);
}

TEST(WorldTest, nothing_is_left_behind) {
  std::filesystem::path directory;
  pid_t pcscd = 0, card = 0;
  {
    World world;
    world.start_pcscd(2);
    directory = world.directory();
    pcscd = world.pcscd().pid();
    card = world.insert_card(0, "vitale1", "").process().pid();
    EXPECT_EQ(kill(pcscd, 0), 0);
  }
  EXPECT_FALSE(std::filesystem::exists(directory));
  EXPECT_NE(kill(pcscd, 0), 0);
  EXPECT_NE(kill(card, 0), 0);
  EXPECT_FALSE(std::filesystem::exists("/run/pcscd/pcscd.comm"));
}

TEST(WorldTest, a_pcscd_that_is_not_ours_is_left_alone) {
  World first;
  first.start_pcscd(2);
  World second;
  EXPECT_THROW(second.start_pcscd(2), WorldError);
  EXPECT_TRUE(first.pcscd().running());
}

}  // namespace
}  // namespace insd::world
