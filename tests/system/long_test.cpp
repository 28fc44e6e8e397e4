// SPDX-License-Identifier: Apache-2.0
// What takes too long for every run: ctest --preset dev-long.
#include <csignal>
#include <future>

#include <gtest/gtest.h>

#include "tests/system/pcscd_killer.h"

namespace insd::test {
namespace {

TEST(Long, T_PCSC_01_PcscdKilledAThousandTimes) {
  PcscdKiller(seed_of_this_run()).run(1000);
}

// As after a suspend: everything stood still for longer than any card may.
TEST(Long, T_PCSC_04_PcscdFrozenForLongerThanAWorkerMayBeSilent) {
  world::World world;
  world.start_pcscd();
  world.insert_card(1, "vitale2", "vitale-demo");
  world.start_insd(world.insd_config());
  DeskClient client(world.socket());
  DeskWatch watch(*client.reader_);
  const auto there = watch.wait_for(card_is(world.reader_name(1), v1::CARD_KIND_VITALE_2));
  ASSERT_TRUE(there);
  ASSERT_EQ(code_of(client.vitale()), "OK");
  world.pcscd().signal(SIGSTOP);
  v1::ReadVitaleResponse response;
  grpc::ClientContext patient;
  patient.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(2));
  const Failure stuck = decode(client.vitale_->ReadVitale(&patient, {}, &response));
  EXPECT_EQ(stuck.detail.code(), "READER_STUCK");
  EXPECT_FALSE(stuck.detail.remedy().empty());
  world.pcscd().signal(SIGCONT);
  // The reader heals by itself: nobody has to take the card out.
  const auto generation = there->readers.at(world.reader_name(1)).generation();
  ASSERT_TRUE(watch.wait_for(card_is(world.reader_name(1), v1::CARD_KIND_VITALE_2, generation)));
  EXPECT_EQ(code_of(client.vitale()), "OK");
}

}  // namespace
}  // namespace insd::test
