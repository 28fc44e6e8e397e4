// SPDX-License-Identifier: Apache-2.0
// Leases: whose they are, and everything that ends them.
#include "daemon/desk/leases.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "drivers/base/error.h"

namespace insd::desk {
namespace {

using namespace std::chrono_literals;

class LeasesTest : public ::testing::Test {
 protected:
  std::string add(std::uint32_t uid, const std::string& generation, std::optional<unsigned> signatures = {}) {
    Lease lease;
    lease.uid = uid;
    lease.professional.card.generation = generation;
    lease.signatures_left = signatures;
    return leases_.add(std::move(lease));
  }
  Code refusal(const std::string& token, std::uint32_t uid) {
    try {
      leases_.find(token, uid);
    } catch (const Error& error) {
      return error.code();
    }
    return Code::INTERNAL;
  }

  boost::asio::io_context io_;
  Clock clock_;
  Leases leases_{io_.get_executor(), 3600s, 7200s, clock_};
};

TEST_F(LeasesTest, ATokenHas256Bits) {
  const auto token = add(1000, "g-1");
  EXPECT_EQ(token.size(), 64U);
  EXPECT_NE(token, add(1000, "g-1"));
}

TEST_F(LeasesTest, T_PIN_05_AnotherUsersLeaseIsAsUnknownAsNone) {
  const auto token = add(1000, "g-1");
  EXPECT_EQ(leases_.find(token, 1000).uid, 1000U);
  EXPECT_EQ(refusal(token, 1001), Code::LEASE_INVALID);
  EXPECT_EQ(refusal("0000", 1000), Code::LEASE_INVALID);
  EXPECT_EQ(refusal("", 1000), Code::LEASE_REQUIRED);
}

TEST_F(LeasesTest, OnlyTheLastLeaseOfACardIsTheLast) {
  const auto first = add(1000, "g-1"), second = add(1001, "g-1"), elsewhere = add(1000, "g-2");
  EXPECT_FALSE(leases_.end(first, LeaseEnd::LOGOUT));
  EXPECT_TRUE(leases_.end(second, LeaseEnd::LOGOUT));
  EXPECT_FALSE(leases_.end(second, LeaseEnd::LOGOUT)) << "it is gone";
  EXPECT_EQ(leases_.find(elsewhere, 1000).uid, 1000U);
}

TEST_F(LeasesTest, ARemovedCardEndsItsLeasesAndTheOwnerIsToldWhy) {
  const auto token = add(1000, "g-1");
  std::optional<LeaseEnd> heard;
  const auto watch = leases_.on_end(token, [&](LeaseEnd cause) { heard = cause; });
  leases_.end_generation("g-1", LeaseEnd::CARD_REMOVED);
  EXPECT_EQ(heard, LeaseEnd::CARD_REMOVED);
  EXPECT_EQ(refusal(token, 1000), Code::LEASE_LOST);
  EXPECT_EQ(refusal(token, 1001), Code::LEASE_INVALID) << "whose it was is not told";
}

TEST_F(LeasesTest, EveryLossOfTheCardIsALostLeaseAndEveryOtherEndIsNot) {
  for (const auto& [cause, code] :
       {std::pair(LeaseEnd::CARD_REMOVED, Code::LEASE_LOST),
        std::pair(LeaseEnd::CARD_RESET, Code::LEASE_LOST),
        std::pair(LeaseEnd::SERVICE_LOST, Code::LEASE_LOST),
        std::pair(LeaseEnd::READER_FAILED, Code::LEASE_LOST),
        std::pair(LeaseEnd::READER_RELEASED, Code::LEASE_LOST),
        std::pair(LeaseEnd::LOGOUT, Code::LEASE_INVALID), std::pair(LeaseEnd::IDLE, Code::LEASE_INVALID),
        std::pair(LeaseEnd::EXPIRED, Code::LEASE_INVALID),
        std::pair(LeaseEnd::SUSPENDED, Code::LEASE_INVALID)}) {
    const auto token = add(1000, "g-1");
    std::optional<LeaseEnd> heard;
    const auto watch = leases_.on_end(token, [&](LeaseEnd why) { heard = why; });
    leases_.end_generation("g-1", cause);
    EXPECT_EQ(heard, cause);
    EXPECT_EQ(refusal(token, 1000), code) << static_cast<int>(cause);
  }
}

TEST_F(LeasesTest, WhoNoLongerListensIsNotToldAndCostsNothing) {
  const auto token = add(1000, "g-1");
  int told = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto brief = leases_.on_end(token, [&](LeaseEnd) { ++told; });
  }
  const auto first = leases_.on_end(token, [&](LeaseEnd) { ++told; });
  const auto second = leases_.on_end(token, [&](LeaseEnd) { ++told; });
  leases_.end(token, LeaseEnd::LOGOUT);
  EXPECT_EQ(told, 2);
  EXPECT_EQ(leases_.on_end(token, [&](LeaseEnd) { ++told; }), nullptr);
  EXPECT_EQ(told, 3) << "of a lease that has ended at once";
}

TEST_F(LeasesTest, TheLastAllowedSignatureEndsTheLease) {
  const auto token = add(1000, "g-1", 2);
  std::optional<LeaseEnd> heard;
  const auto watch = leases_.on_end(token, [&](LeaseEnd cause) { heard = cause; });
  leases_.signature_begins(leases_.find(token, 1000));
  leases_.signature_ended(token, true);
  EXPECT_FALSE(heard);
  leases_.signature_begins(leases_.find(token, 1000));
  EXPECT_FALSE(heard) << "it is under way";
  leases_.signature_ended(token, true);
  EXPECT_EQ(heard, LeaseEnd::SIGNATURES_USED);
}

TEST_F(LeasesTest, TwoSignaturesAtOnceCannotShareTheLastOne) {
  const auto token = add(1000, "g-1", 1);
  leases_.signature_begins(leases_.find(token, 1000));
  EXPECT_THROW(leases_.signature_begins(leases_.find(token, 1000)), Error);
  leases_.signature_ended(token, false);
  EXPECT_NO_THROW(leases_.signature_begins(leases_.find(token, 1000))) << "the first was not made";
}

TEST_F(LeasesTest, AUserCannotHoardLeases) {
  for (int i = 0; i < 32; ++i) add(1000, "g-1");
  EXPECT_THROW(add(1000, "g-1"), Error);
  EXPECT_NO_THROW(add(1001, "g-1"));
}

// Time that the test moves; the timer itself only has to fire after the limit it was armed with.
class MovingClock : public Clock {
 public:
  [[nodiscard]] Steady steady() const override { return std::chrono::steady_clock::now() + ahead; }
  [[nodiscard]] std::chrono::nanoseconds asleep() const override { return slept; }
  std::chrono::hours ahead{0};
  std::chrono::nanoseconds slept = 26h;  ///< a laptop that was closed often before insd was started
};

TEST(LeaseLimitsTest, TheIdleLimitAndTheAbsoluteLimitEndALease) {
  for (const auto& [idle, absolute, cause] :
       {std::tuple(1s, 3600s, LeaseEnd::IDLE), std::tuple(1s, 1s, LeaseEnd::EXPIRED)}) {
    boost::asio::io_context io;
    MovingClock clock;
    std::optional<LeaseEnd> heard;
    Leases leases(io.get_executor(), idle, absolute, clock);
    const auto token = leases.add({});
    const auto watch = leases.on_end(token, [&](LeaseEnd why) { heard = why; });
    io.run_for(10s);
    EXPECT_EQ(heard, cause);
  }
}

class SleepTest : public ::testing::Test {
 protected:
  Code use(const std::string& token) {
    try {
      leases_.find(token, 0);
    } catch (const Error& error) {
      return error.code();
    }
    return Code::INTERNAL;
  }

  boost::asio::io_context io_;
  MovingClock clock_;
  Leases leases_{io_.get_executor(), 3600s, 7200s, clock_};
};

TEST_F(SleepTest, T_PIN_05_NoLeaseFromBeforeASleepIsFoundAfterIt) {
  const auto one = leases_.add({}), other = leases_.add({});
  std::vector<LeaseEnd> heard;
  const auto watches = {leases_.on_end(one, [&](LeaseEnd why) { heard.push_back(why); }),
                        leases_.on_end(other, [&](LeaseEnd why) { heard.push_back(why); })};
  clock_.slept += 10ms;  // two clocks, read one after the other
  EXPECT_EQ(use(one), Code::INTERNAL) << "nobody slept";
  clock_.slept += 2s;
  EXPECT_EQ(use(one), Code::LEASE_INVALID);
  EXPECT_EQ(heard, std::vector(2, LeaseEnd::SUSPENDED)) << "of every card, whoever asks first";
  EXPECT_EQ(use(leases_.add({})), Code::INTERNAL) << "a login after it is a login";
}

TEST_F(SleepTest, T_PIN_05_ASleepEndsALeaseThatNobodyUses) {
  std::optional<LeaseEnd> heard;
  const auto token = leases_.add({});
  const auto watch = leases_.on_end(token, [&](LeaseEnd why) {
    heard = why;
    io_.stop();
  });
  clock_.slept += 8h;
  io_.run_for(20s);
  EXPECT_EQ(heard, LeaseEnd::SUSPENDED);
}

TEST_F(SleepTest, T_PIN_05_APinGivenBeforeASleepIsNoLoginAfterIt) {
  Lease lease;
  lease.asleep = clock_.asleep();
  clock_.slept += 1s;
  EXPECT_EQ(use(leases_.add(std::move(lease))), Code::LEASE_INVALID);
}

TEST(ClockTest, AMachineThatStaysAwakeDoesNotSleep) {
  const Clock clock;
  const auto before = clock.asleep();
  for (int look = 0; look < 1000; ++look) EXPECT_LT(abs(clock.asleep() - before), 400ms);
}

}  // namespace
}  // namespace insd::desk
