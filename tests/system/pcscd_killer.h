// SPDX-License-Identifier: Apache-2.0
// T-PCSC-01: pcscd killed at random moments under a daemon at work.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>

#include "tests/system/desk_watch.h"
#include "tests/world/world.h"

namespace insd::test {

/// The seed of this run: INSD_SEED, or a fresh one. Printed, so that a failure can be played again.
std::uint64_t seed_of_this_run();

/// A desk with both cards, a daemon and an application that watches and asks.
class PcscdKiller {
 public:
  explicit PcscdKiller(std::uint64_t seed);

  /// So many times: an application asks for something, pcscd is killed at a random moment and started again,
  /// the watcher hears of both cards again, and then both are read and right at once. Ends at the first
  /// failure.
  void run(unsigned times);

 private:
  void one_round();
  void ask(unsigned what);
  void expect_the_whole_desk();
  void take_stock();
  void print(unsigned times, std::chrono::steady_clock::duration took) const;
  std::chrono::microseconds random_moment();

  world::World world_;
  std::mt19937_64 random_;
  std::optional<DeskClient> client_;
  std::optional<DeskWatch> watch_;
  std::string vitale_generation_, cps_generation_;
  std::map<std::string, unsigned> answers_;    // to the questions during which pcscd died, by code
  std::size_t threads_ = 0, descriptors_ = 0;  // of the daemon after the first rounds
  std::chrono::milliseconds longest_recovery_{0};
};

}  // namespace insd::test
