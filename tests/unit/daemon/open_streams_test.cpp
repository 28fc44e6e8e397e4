// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/open_streams.h"

#include <vector>

#include <gtest/gtest.h>

#include "drivers/base/error.h"

namespace insd::api {
namespace {

TEST(OpenStreams, T_SOCK_01_OneUserHasABoundedNumber) {
  OpenStreams streams;
  std::vector<std::shared_ptr<void>> held;
  for (std::size_t i = 0; i < OpenStreams::kMaxOfOneUser; ++i) held.push_back(streams.take(1));
  try {
    held.push_back(streams.take(1));
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::BUSY);
  }
  EXPECT_NO_THROW(held.push_back(streams.take(2)));
  held.erase(held.begin());
  EXPECT_NO_THROW(held.push_back(streams.take(1)));
  EXPECT_THROW(held.push_back(streams.take(1)), Error);
}

TEST(OpenStreams, APlaceMayOutliveTheCount) {
  std::shared_ptr<void> place;
  {
    OpenStreams streams;
    place = streams.take(1);
  }
  place.reset();
}

}  // namespace
}  // namespace insd::api
