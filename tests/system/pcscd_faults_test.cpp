// SPDX-License-Identifier: Apache-2.0
// A daemon at work while its pcscd is killed, frozen or full.
#include <gtest/gtest.h>

#include "tests/system/pcscd_killer.h"

namespace insd::test {
namespace {

TEST(PcscdFaults, T_PCSC_01_PcscdKilledTwentyTimes) {
  PcscdKiller(seed_of_this_run()).run(20);
}

}  // namespace
}  // namespace insd::test
