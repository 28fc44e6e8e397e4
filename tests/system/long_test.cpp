// SPDX-License-Identifier: Apache-2.0
// What takes too long for every run: ctest --preset dev-long.
#include <gtest/gtest.h>

#include "tests/system/pcscd_killer.h"

namespace insd::test {
namespace {

TEST(Long, T_PCSC_01_PcscdKilledAThousandTimes) {
  PcscdKiller(seed_of_this_run()).run(1000);
}

}  // namespace
}  // namespace insd::test
