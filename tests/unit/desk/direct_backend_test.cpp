// SPDX-License-Identifier: Apache-2.0
// The direct way to the card: how a card is left when its answer to VERIFY or to a signature is lost.
#include "daemon/desk/direct_backend.h"

#include "tests/unit/desk/desk_fixture.h"
#include "tests/unit/drivers/card_double.h"
#include "tests/unit/insi/test_pki.h"

namespace insd::desk {
namespace {

class DirectBackendTest : public DeskTest {
 protected:
  DirectBackendTest() {
    const auto certificate =
        test::to_der(test::make_certificate({}, test::shared_key(), test::shared_key()).get());
    for (const char* file : {"3F000001C001", "3F000001C002"}) card_.files[file] = certificate;
    card_.real_signatures = false;
  }

  // From here on the card does what it is told and its answer to this instruction is lost.
  void lose_answer_to(std::uint8_t instruction) { lost_ = instruction; }

  void start(OnLeaseEnd on_lease_end) {
    config_.on_lease_end = on_lease_end;
    backend_.emplace(desk_, config_, "");
    desk_.start();
    pcsc_.insert("R", kCpsAtr, [this](ByteView command) {
      Bytes answer = card_.exchange(command);
      const bool carries_data = command.size() > 5;
      return lost_ == command[1] && carries_data ? Bytes() : answer;
    });
    wait_for([](const State& s) { return !s.readers.empty() && !s.readers[0].generation.empty(); });
    card_chosen_ = wait(backend_->choose({}, {}));
    who_ = wait(backend_->read(card_chosen_, {}));
  }

  template <class T>
  T wait(asio::awaitable<T> work) {
    return result(asio::co_spawn(io_, std::move(work), asio::use_future));
  }
  std::optional<Error> verify(const std::string& digits) {
    return error_of(backend_->verify(who_, std::make_shared<SecretString>(digits), LastTry::REFUSE, {}));
  }
  std::optional<Error> sign() {
    return error_of(
        backend_->sign(card_chosen_, KeyUse::SIGNATURE, std::make_shared<Bytes>(Bytes{1, 2, 3}), {}));
  }
  template <class T>
  std::optional<Error> error_of(asio::awaitable<T> work) {
    auto future = asio::co_spawn(io_, std::move(work), asio::use_future);
    if (future.wait_for(20s) != std::future_status::ready) throw std::runtime_error("it did not end");
    try {
      future.get();
      return std::nullopt;
    } catch (const Error& error) {
      return error;
    }
  }
  // How the card was left when the last connection to it ended.
  DWORD left() {
    EXPECT_TRUE(pcsc_.wait_for_calls("Disconnect", 1));
    wait_settled();
    EXPECT_EQ(pcsc_.open_cards(), 0U);
    return pcsc_.last_disposition();
  }
  void wait_settled() { asio::co_spawn(io_, backend_->settle(card_chosen_), asio::use_future).get(); }

  test::FakeCps card_;
  std::uint8_t lost_ = 0;
  CpsConfig config_;
  std::optional<DirectBackend> backend_;
  Chosen card_chosen_;
  Professional who_;
};

TEST_F(DirectBackendTest, T_PIN_05_AVerifyWhoseAnswerIsLostLeavesTheCardReset) {
  start(OnLeaseEnd::LEAVE);
  lose_answer_to(0x20);
  const auto error = verify("1234");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->try_spent(), TrySpent::UNKNOWN);
  EXPECT_TRUE(card_.verified) << "for nobody: there is no login";
  EXPECT_EQ(left(), DWORD{SCARD_RESET_CARD});
}

TEST_F(DirectBackendTest, AWrongPinIsNoReasonToResetTheCard) {
  start(OnLeaseEnd::LEAVE);
  const auto error = verify("9999");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Code::PIN_WRONG);
  EXPECT_EQ(left(), DWORD{SCARD_LEAVE_CARD}) << "other programs use this card as well";
}

TEST_F(DirectBackendTest, ASignatureWhoseAnswerIsLostLeavesTheCardReset) {
  start(OnLeaseEnd::LEAVE);
  const auto hold = backend_->hold(card_chosen_);
  ASSERT_FALSE(verify("1234"));
  ASSERT_TRUE(card_.verified);
  lose_answer_to(0x2A);
  ASSERT_TRUE(sign());
  EXPECT_EQ(left(), DWORD{SCARD_RESET_CARD});
}

TEST_F(DirectBackendTest, T_CARD_10_AfterAnotherProgramsResetTheCardIsItsOwn) {
  start(OnLeaseEnd::RESET);
  const auto hold = backend_->hold(card_chosen_);
  ASSERT_FALSE(verify("1234"));
  pcsc_.fault([](std::string_view call) -> std::optional<LONG> {
    return call == "Transmit" ? std::optional<LONG>(SCARD_W_RESET_CARD) : std::nullopt;
  });
  const auto error = sign();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Code::CARD_RESET);
  EXPECT_EQ(left(), DWORD{SCARD_LEAVE_CARD}) << "a second reset would end the other program's login";
}

}  // namespace
}  // namespace insd::desk
