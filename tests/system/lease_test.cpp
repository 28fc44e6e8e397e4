// SPDX-License-Identifier: Apache-2.0
// What the holder of a detached lease is told: its state, and why it ended.
#include <gmock/gmock.h>

#include "drivers/pcsc/card_session.h"
#include "tests/system/desk_client.h"
#include "tests/world/world.h"

namespace insd::test {
namespace {

using world::World;

/// An open WatchLease.
class LeaseWatch {
 public:
  LeaseWatch(DeskClient& client, const std::string& lease) {
    context_.set_deadline(deadline());
    v1::WatchLeaseRequest request;
    request.set_lease(lease);
    stream_ = client.professional_->WatchLease(&context_, request);
  }
  ~LeaseWatch() {
    context_.TryCancel();
    if (!finished_) stream_->Finish();
  }
  LeaseWatch(const LeaseWatch&) = delete;
  LeaseWatch& operator=(const LeaseWatch&) = delete;

  std::optional<v1::WatchLeaseResponse> next() {
    v1::WatchLeaseResponse event;
    if (!stream_->Read(&event)) return std::nullopt;
    return event;
  }
  Failure end() {
    v1::WatchLeaseResponse ignored;
    while (stream_->Read(&ignored)) {
    }
    finished_ = true;
    return decode(stream_->Finish());
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchLeaseResponse>> stream_;
  bool finished_ = false;
};

class LeaseTest : public ::testing::Test {
 protected:
  void start(const std::string& cps = "") {
    world_.start_pcscd();
    card_ = &world_.insert_card(0, "cps3", "cps-dr-exemple");
    std::string config = world_.insd_config();
    const std::string direct = "backend = \"direct\"\n";
    config.replace(config.find(direct), direct.size(), direct + cps);
    world_.start_insd(config);
    client_.emplace(world_.socket());
  }
  v1::Lease detached() {
    v1::LoginStart start;
    start.set_detached(true);
    auto login = client_->login(start);
    const auto lease = login->finish("1234");
    if (!lease) throw std::runtime_error(login->failure().detail.ShortDebugString());
    return *lease;
  }
  void expect_end(LeaseWatch& watch, v1::LeaseEndCause cause, const std::string& code) {
    const auto event = watch.next();
    ASSERT_TRUE(event && event->has_ended());
    EXPECT_EQ(event->ended().cause(), cause) << event->ShortDebugString();
    EXPECT_EQ(event->ended().code(), code);
    EXPECT_TRUE(watch.end().status.ok()) << "the stream ends with the lease";
  }
  void logout(const std::string& lease) {
    grpc::ClientContext context;
    context.set_deadline(deadline());
    v1::LogoutRequest request;
    request.set_lease(lease);
    v1::LogoutResponse response;
    EXPECT_TRUE(client_->professional_->Logout(&context, request, &response).ok());
  }

  World world_;
  world::Card* card_ = nullptr;
  std::optional<DeskClient> client_;
};

TEST_F(LeaseTest, ItsStateComesFirstAndWithoutTheToken) {
  start();
  const auto lease = detached();
  LeaseWatch watch(*client_, lease.lease());
  const auto event = watch.next();
  ASSERT_TRUE(event && event->has_lease());
  EXPECT_EQ(event->lease().lease(), "");
  EXPECT_EQ(event->lease().holder(), lease.holder());
  EXPECT_EQ(event->lease().generation(), lease.generation());
  EXPECT_TRUE(event->lease().detached());
  EXPECT_LE(std::abs(event->lease().expire_time().seconds() - lease.expire_time().seconds()), 1);
  LeaseWatch second(*client_, lease.lease());
  EXPECT_TRUE(second.next()) << "several may follow it";
  logout(lease.lease());
  expect_end(watch, v1::LEASE_END_CAUSE_LOGOUT, "LEASE_INVALID");
  expect_end(second, v1::LEASE_END_CAUSE_LOGOUT, "LEASE_INVALID");
}

TEST_F(LeaseTest, EachEndHasItsOwnCause) {
  start();
  {
    const auto lease = detached();
    LeaseWatch watch(*client_, lease.lease());
    ASSERT_TRUE(watch.next());
    {
      pcsc::Context context(pcsc::system_pcsc());
      pcsc::CardConnection connection(context, world_.reader_name(0), std::chrono::seconds(20), {});
      connection.at_end(pcsc::AtEnd::RESET);
    }
    // Nobody uses the card meanwhile: the daemon finds out by itself.
    expect_end(watch, v1::LEASE_END_CAUSE_CARD_RESET, "LEASE_LOST");
    EXPECT_EQ(LeaseWatch(*client_, lease.lease()).end().detail.code(), "LEASE_LOST") << "nor is it forgotten";
  }
  {
    LeaseWatch watch(*client_, detached().lease());
    ASSERT_TRUE(watch.next());
    card_->remove();
    expect_end(watch, v1::LEASE_END_CAUSE_CARD_REMOVED, "LEASE_LOST");
    card_->insert();
    world_.await_card(0, true);
    client_->await_cards(1);
  }
  {
    LeaseWatch watch(*client_, detached().lease());
    ASSERT_TRUE(watch.next());
    world_.stop_pcscd(SIGKILL);
    expect_end(watch, v1::LEASE_END_CAUSE_SERVICE_LOST, "LEASE_LOST");
  }
}

TEST_F(LeaseTest, TheIdleLimitIsToldAndWatchingDoesNotStopIt) {
  start("lease_idle = \"1s\"\n");
  LeaseWatch watch(*client_, detached().lease());
  ASSERT_TRUE(watch.next());
  expect_end(watch, v1::LEASE_END_CAUSE_IDLE, "LEASE_INVALID");
}

TEST_F(LeaseTest, TheDaemonsEndIsTold) {
  start();
  LeaseWatch watch(*client_, detached().lease());
  ASSERT_TRUE(watch.next());
  world_.insd().signal(SIGTERM);
  const auto event = watch.next();
  ASSERT_TRUE(event && event->has_ended());
  EXPECT_EQ(event->ended().cause(), v1::LEASE_END_CAUSE_SHUTDOWN);
}

TEST_F(LeaseTest, T_PIN_05_ItIsToldToItsOwnerOnly) {
  start();
  const auto lease = detached();
  EXPECT_EQ(LeaseWatch(*client_, "").end().detail.code(), "LEASE_REQUIRED");
  EXPECT_EQ(LeaseWatch(*client_, std::string(64, '0')).end().detail.code(), "LEASE_INVALID");
  EXPECT_EQ(LeaseWatch(*client_, std::string(2000, '0')).end().detail.code(), "INVALID_ARGUMENT");
}

}  // namespace
}  // namespace insd::test
